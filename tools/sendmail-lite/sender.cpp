#include "sendmail-lite/sender.h"

#include <array>
#include <cstdio>

#include "base/random.h"
#include "common/program.h"
#include "sendmail-lite/queue_choice.h"

namespace proto::sendmail {
namespace {

Time clock_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

// The line ends of a terminal, whichever the message came with or was composed with.
std::string with_lf(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (!crlf) out += text[i] == '\r' ? '\n' : text[i];
  }
  return out;
}

// Header and body in memory, where there is no queue to read them from.
class TwoParts final : public MessageSource {
 public:
  TwoParts(std::string_view header, std::string_view body) : parts_{header, body} {}
  std::uint64_t size() const override { return parts_[0].size() + parts_[1].size(); }
  std::size_t read_at(std::uint64_t offset, std::span<char> into) override {
    std::size_t done = 0;
    for (const auto part : parts_) {
      if (offset < part.size()) {
        done += part.copy(into.data() + done, into.size() - done, offset);
        offset = 0;
      } else {
        offset -= part.size();
      }
    }
    return done;
  }

 private:
  std::array<std::string_view, 2> parts_;
};

}  // namespace

DeliveryRules real_rules(const Options& options) {
  DeliveryRules rules;
  rules.fallback_after =
      std::chrono::seconds(static_cast<std::int64_t>(options.fallback.after_hours * 3600));
  rules.now = clock_now;
  rules.random = [] { return random_below(std::uint64_t{1} << 32); };
  return rules;
}

Sender::Sender(const Options& options, std::string config_error, RelayBook& book,
               const MailLog& log)
    : options_(options),
      book_(book),
      log_(log),
      preparation_(options, std::move(config_error), log) {}

Submitted Sender::submit(std::string_view message, const Request& request) {
  const Submission submission = preparation_.prepare(message, request);
  Submitted result;
  std::optional<Queue> queue;
  std::optional<Entry> entry;
  std::optional<QueueError> trouble;
  if (!options_.no_queue) {
    try {
      queue.emplace(open_queue(options_, log_));
      const std::array<std::string_view, 2> parts{submission.header, submission.body};
      entry.emplace(queue->add(submission.envelope, parts, clock_now()));
    } catch (const QueueError& e) {
      trouble = e;
    }
  }
  if (const std::string& fault = preparation_.fault(); !fault.empty()) {
    result.status = tools::kConfiguration;
    result.text = fault + (entry ? "; the message is kept in the queue" : "");
    result.queued = entry.has_value();
    if (entry) result.id = entry->id();
  } else if (entry && options_.queue_only) {
    result.queued = true;
    result.id = entry->id();
    log_.queued(entry->id(), entry->envelope(), "as asked for");
  } else if (entry) {
    result = attempt(*entry);
  } else {
    // A disk that takes no mail is no reason not to send it.
    result = send_without_queue(submission);
    if (trouble && result.status == tools::kTryLater) result.status = status_of(*trouble);
  }
  if (trouble) {
    // One line says both.
    if (result.status == tools::kDone) log_.loud(trouble->what());
    if (result.status != tools::kDone)
      result.text = std::string(trouble->what()) + "; " + result.text;
  }
  if (!submission.rejected.empty()) {
    for (const auto& text : submission.rejected) log_.loud(text);
    if (result.status == tools::kDone)
      result.status = request.from_header ? tools::kBadData : tools::kUsage;
  }
  return result;
}

Submitted Sender::attempt(Entry& entry) {
  const Route route = book_.route(options_);
  const Delivery delivery = deliver(entry, *route.relay, route.fallback, real_rules(options_));
  if (!delivery.warning.empty()) log_.loud(delivery.warning);
  return result_of(entry.id(), entry.envelope(), delivery);
}

Submitted Sender::send_without_queue(const Submission& submission) {
  const Route route = book_.route(options_);
  TwoParts source(submission.header, submission.body);
  Delivery delivery;
  delivery.recipients = submission.envelope.to;
  delivery.relay = route.relay->name();
  const auto attempt = [&] {
    delivery.attempt = route.relay->send({submission.envelope, delivery.recipients, source, [] {},
                                          [](std::size_t, const Outcome&) {}});
  };
  attempt();
  while (delivery.attempt.lacked_room) {  // each one leaves fewer
    const Delivery first = delivery;
    delivery.recipients.clear();
    for (std::size_t i = 0; i < first.recipients.size(); ++i)
      if (first.attempt.outcomes[i].fate == Fate::waiting)
        delivery.recipients.push_back(first.recipients[i]);
    attempt();
    add_settled(first, delivery);
  }
  delivery.end = delivery.attempt.any(Fate::waiting)   ? Delivery::End::waiting
                 : delivery.attempt.any(Fate::refused) ? Delivery::End::failed
                                                       : Delivery::End::delivered;
  return result_of({}, submission.envelope, delivery);
}

Submitted Sender::result_of(const std::string& id, const QueuedEnvelope& envelope,
                            const Delivery& delivery) {
  const Attempt& attempt = delivery.attempt;
  const bool queued = !id.empty() && delivery.end == Delivery::End::waiting;
  Submitted result{attempt.status, id, queued, {}};
  const bool loud = attempt.trouble == Trouble::relay || attempt.trouble == Trouble::resolver ||
                    attempt.status == tools::kProtocol;
  if (attempt.any(Fate::refused)) {
    result.text = delivery.relay + ": refused: " + outcomes_text(delivery, Fate::refused);
  } else if (delivery.end == Delivery::End::waiting) {
    result.text = attempt.reason + (queued ? "; kept in the queue as " + id : "");
    if (queued && passes(attempt.trouble, attempt.status)) result.status = tools::kDone;
    if (result.status == tools::kDone && !loud) result.text.clear();
  }
  log_.message(id, envelope, delivery, result.status);
  return result;
}

Submitted Sender::print(std::string_view message, const Request& request) const {
  const Submission submission = preparation_.prepare(message, request);
  const std::string& fault = preparation_.fault();
  if (!fault.empty()) return {tools::kConfiguration, {}, false, fault};
  std::string text = "MAIL FROM:<" + submission.envelope.from + ">\n";
  for (const auto& to : submission.envelope.to) text += "RCPT TO:<" + to + ">\n";
  text += "DATA\n";
  text += submission.header;
  text += submission.body;
  text = with_lf(text);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!tools::flush_stdout()) return {tools::kInputOutput, {}, false, "cannot write to stdout"};
  return {};
}

}  // namespace proto::sendmail
