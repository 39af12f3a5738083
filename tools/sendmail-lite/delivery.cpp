#include "sendmail-lite/delivery.h"

#include <algorithm>
#include <utility>

namespace proto::sendmail {
namespace {

using Outcomes = std::vector<std::pair<std::size_t, Outcome>>;

class EntrySource final : public MessageSource {
 public:
  explicit EntrySource(const Entry& entry) : entry_(entry) {}
  std::uint64_t size() const override { return entry_.message_bytes(); }
  std::size_t read_at(std::uint64_t offset, std::span<char> into) override {
    return entry_.read_at(offset, into);
  }

 private:
  const Entry& entry_;
};

std::vector<std::size_t> who_waits(const Entry& entry) {
  std::vector<std::size_t> waiting;
  const auto& verdicts = entry.journal().verdicts;
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    if (verdicts[i].fate == Fate::waiting) waiting.push_back(i);
  return waiting;
}

// For a human: who was refused, with which words, and what was said on the wire.
std::string report_of(const Entry& entry, std::string_view transcript) {
  std::string text =
      "from: " + entry.envelope().from + "\nmessage-id: " + entry.envelope().message_id + "\n";
  const auto& verdicts = entry.journal().verdicts;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const Outcome& outcome = verdicts[i];
    text += entry.envelope().to[i] + ": ";
    text += outcome.fate == Fate::taken ? "delivered: " : "refused: ";
    if (outcome.code != 0) text += std::to_string(outcome.code) + " ";
    text += outcome.text + "\n";
  }
  if (!transcript.empty()) text.append("\n").append(transcript);
  return text;
}

// A verdict that is not recorded is a message sent twice: one failure is not taken for an answer.
void record_surely(Entry& entry, const Outcomes& outcomes) {
  try {
    entry.record(outcomes);
  } catch (const QueueError&) {
    entry.record(outcomes);
  }
}

// Sends to those who wait, and makes what came of it durable. Throws QueueError behind the attempt.
void attempt_by(Entry& entry, Relay& relay, const DeliveryRules& rules, Delivery& delivery) {
  const auto waiting = who_waits(entry);
  delivery.relay = relay.name();
  delivery.recipients.clear();
  for (const auto i : waiting) delivery.recipients.push_back(entry.envelope().to[i]);
  EntrySource source(entry);
  std::vector<bool> recorded(waiting.size(), false);
  const auto record_early = [&](std::size_t i, const Outcome& outcome) {
    if (outcome.fate == Fate::waiting) return;
    try {
      entry.record({{waiting[i], outcome}});
      recorded[i] = true;
    } catch (const QueueError&) {
      // Tried again below; the other verdicts must be heard first.
    }
  };
  const Attempt& attempt = delivery.attempt =
      relay.send({entry.envelope(), delivery.recipients, source,
                  [&] { entry.mark_sending(rules.now()); }, record_early});
  if (attempt.trouble == Trouble::unknown) entry.note_unknown(rules.now());
  Outcomes settled;
  for (std::size_t i = 0; i < waiting.size(); ++i)
    if (attempt.outcomes[i].fate != Fate::waiting && !recorded[i])
      settled.emplace_back(waiting[i], attempt.outcomes[i]);
  // Where everybody has it, unlinking the entry says so, and says it sooner.
  const bool ends_now = settled.size() == entry.envelope().to.size() && !attempt.any(Fate::refused);
  if (!settled.empty() && !ends_now) record_surely(entry, settled);
}

// Whether the second relay is asked after such an attempt at the first. Not where the first may
// have taken the message: that would send it twice.
bool is_for_second(Trouble trouble) {
  return is_down(trouble) || trouble == Trouble::message;
}

// To those whom the attempt before, by this relay or by the first, left waiting.
void attempt_the_rest(Entry& entry, Relay& relay, const DeliveryRules& rules, Delivery& delivery) {
  const Delivery first = delivery;
  attempt_by(entry, relay, rules, delivery);
  add_settled(first, delivery);
}

// Where the entry cannot be removed, its journal must say so.
void remove_delivered(Entry& entry, const Attempt& attempt) {
  try {
    entry.remove();
  } catch (const QueueError&) {
    Outcomes taken;
    for (const auto i : who_waits(entry)) taken.emplace_back(i, attempt.outcomes[taken.size()]);
    record_surely(entry, taken);
    throw;
  }
}

void postpone_or_give_up(Entry& entry, Delivery& delivery, const DeliveryRules& rules,
                         std::string_view transcript) {
  const Attempt& attempt = delivery.attempt;
  const Journal& journal = entry.journal();
  const Time now = rules.now();
  const auto age = ages(attempt.trouble)
                       ? rules.schedule.age_at(journal, entry.envelope().created, now)
                       : journal.age;
  if (ages(attempt.trouble) && age >= rules.schedule.give_up) {
    Outcomes given_up;
    for (const auto i : who_waits(entry))
      given_up.push_back({i, {Fate::refused, 0, "given up: " + attempt.reason, false}});
    entry.record(given_up);
    delivery.end = finish(entry, transcript);
    return;
  }
  entry.postpone(now, age, rules.schedule.delay_after(journal.attempts + 1, rules.random()),
                 attempt.reason);
}

}  // namespace

void add_settled(const Delivery& first, Delivery& delivery) {
  Attempt& attempt = delivery.attempt;
  for (std::size_t i = 0; i < first.recipients.size(); ++i) {
    if (first.attempt.outcomes[i].fate == Fate::waiting) continue;
    delivery.recipients.push_back(first.recipients[i]);
    attempt.outcomes.push_back(first.attempt.outcomes[i]);
  }
  if (const int refused = status_of_refusals(attempt.outcomes); refused != tools::kDone)
    attempt.status = refused;
  if (ages(attempt.trouble) && !ages(first.attempt.trouble))
    attempt.trouble = first.attempt.trouble;
}

Delivery::End finish(Entry& entry, std::string_view transcript) {
  if (!entry.journal().anyone_refused()) {
    entry.remove();
    return Delivery::End::delivered;
  }
  entry.fail(report_of(entry, transcript));
  return Delivery::End::failed;
}

Delivery deliver(Entry& entry, Relay& relay, Relay* fallback, const DeliveryRules& rules) {
  Delivery delivery;
  const Attempt& attempt = delivery.attempt;
  try {
    Relay* used = &relay;
    attempt_by(entry, relay, rules, delivery);
    // Each one leaves fewer.
    while (attempt.lacked_room) attempt_the_rest(entry, relay, rules, delivery);
    const auto waited = rules.now() - entry.envelope().created;
    if (fallback != nullptr && is_for_second(attempt.trouble) && waited >= rules.fallback_after) {
      used = fallback;
      attempt_the_rest(entry, *fallback, rules, delivery);
    }
    if (attempt.any(Fate::waiting)) {
      postpone_or_give_up(entry, delivery, rules, used->transcript());
    } else if (entry.journal().anyone_refused()) {
      delivery.end = finish(entry, used->transcript());
    } else {
      delivery.end = Delivery::End::delivered;
      remove_delivered(entry, attempt);
    }
  } catch (const QueueError& e) {
    // The server has said what it said; only our own record of it is in doubt.
    delivery.warning = e.what();
    if (!attempt.any(Fate::waiting))
      delivery.end = attempt.any(Fate::refused) ? Delivery::End::failed : Delivery::End::delivered;
  }
  return delivery;
}

}  // namespace proto::sendmail
