#include "sendmail-lite/sender.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/characters.h"
#include "base/random.h"
#include "common/program.h"
#include "proto/message_edit.h"

namespace proto::sendmail {
namespace {

Time clock_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
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

// What -N, -R and -V may say (RFC 3461). A wrong one costs the notice, not the mail.
bool is_notify(std::string_view text) {
  if (text == "NEVER") return true;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view word = text.substr(0, comma);
    if (word != "SUCCESS" && word != "FAILURE" && word != "DELAY") return false;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

bool is_envid(std::string_view text) {
  return text.size() <= 100 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

DeliveryRules real_rules(const Options& options) {
  DeliveryRules rules;
  rules.fallback_after =
      std::chrono::seconds(static_cast<std::int64_t>(options.fallback.after_hours * 3600));
  rules.now = clock_now;
  rules.random = [] { return random_below(std::uint64_t{1} << 32); };
  return rules;
}

Queue open_queue(const Options& options, const MailLog& log) {
  if (options.queue_dir.empty()) return Queue(real_file_system(), default_queue_folder());
  try {
    return Queue(real_file_system(), options.queue_dir);
  } catch (const QueueError& e) {
    if (e.code() != EACCES && e.code() != EPERM) throw;
    log.loud(std::string(e.what()) + "; the user's own queue is used");
  }
  return Queue(real_file_system(), default_queue_folder());
}

int status_of(const QueueError& error) {
  return error.code() == EIO || error.code() == EBADMSG ? tools::kInputOutput
                                                        : tools::kCannotCreate;
}

Sender::Sender(const Options& options, std::string config_error, RelayBook& book,
               const MailLog& log)
    : options_(options), config_error_(std::move(config_error)), book_(book), log_(log) {
  rules_.identity = Identity::ours();
  rules_.from = options.from;
  rules_.full_name = options.full_name;
  rules_.domain = options.domain;
  if (!options.domain.empty()) rules_.identity.domain = options.domain;
  if (options.aliases_file.empty() || options.no_aliases) return;
  try {
    std::ifstream file(options.aliases_file, std::ios::binary);
    if (!file) throw std::invalid_argument("cannot be read");
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    std::vector<std::string> warnings;
    aliases_ = Aliases::parse(text, warnings);
    for (const auto& warning : warnings) log_.loud(options.aliases_file + ": " + warning);
    rules_.aliases = &aliases_;
  } catch (const std::invalid_argument& e) {
    if (config_error_.empty()) config_error_ = options.aliases_file + ": " + e.what();
  }
}

Submission Sender::prepare_submission(std::string_view message, const Request& request) const {
  Submission submission = prepare(message, request, rules_, clock_now());
  QueuedEnvelope& envelope = submission.envelope;
  envelope.options = options_.relay_words;
  const auto keep = [this](std::string& into, const std::string& value, bool valid,
                           const char* option) {
    if (valid) into = value;
    if (!valid) log_.loud(option + (": " + quoted(value)) + " is ignored");
  };
  const std::string body = upper(options_.body_type), notify = upper(options_.notify);
  const std::string ret = upper(options_.ret);
  keep(envelope.body, body, body.empty() || body == "7BIT" || body == "8BITMIME", "-B");
  keep(envelope.notify, notify, is_notify(notify), "-N");
  keep(envelope.ret, ret, ret.empty() || ret == "FULL" || ret == "HDRS", "-R");
  keep(envelope.envid, options_.envid, is_envid(options_.envid), "-V");
  return submission;
}

Submitted Sender::submit(std::string_view message, const Request& request) {
  const Submission submission = prepare_submission(message, request);
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
      log_.loud(e.what());
    }
  }
  if (!config_error_.empty()) {
    result.status = tools::kConfiguration;
    result.text = config_error_ + (entry ? "; the message is kept in the queue" : "");
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
  delivery.attempt = route.relay->send({submission.envelope, delivery.recipients, source, [] {},
                                        [](std::size_t, const Outcome&) {}});
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
  const Submission submission = prepare_submission(message, request);
  std::string text = "MAIL FROM:<" + submission.envelope.from + ">\n";
  for (const auto& to : submission.envelope.to) text += "RCPT TO:<" + to + ">\n";
  text += "DATA\n";
  text += submission.header;
  text += submission.body;
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!tools::flush_stdout()) return {tools::kInputOutput, {}, false, "cannot write to stdout"};
  return {};
}

}  // namespace proto::sendmail
