#include "sendmail-lite/queue_format.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "base/integers.h"

namespace proto::sendmail {
namespace {

constexpr std::string_view kMagic = "sendmail-lite queue 1\n";
constexpr std::size_t kMaxReasonBytes = 1000;

std::int64_t number_of(Time time) {
  return std::max<std::int64_t>(0, time.time_since_epoch().count());
}

void add_line(std::string& out, std::string_view key, std::string_view value) {
  if (std::any_of(value.begin(), value.end(), is_control))
    throw std::invalid_argument(std::string(key) + ": control character in " + quoted(value));
  out.append(key).append(" ").append(value).append("\n");
}

void add_optional(std::string& out, std::string_view key, std::string_view value) {
  if (!value.empty()) add_line(out, key, value);
}

// Splits off what stands before `separator`; all of it where there is none.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t at = std::min(text.find(separator), text.size());
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return head;
}

// A number of seconds that no sum of a few overflows.
std::optional<std::chrono::seconds> take_seconds(std::string_view& text) {
  const auto value = parse_decimal(take_until(text, ' '), std::uint64_t{1} << 40);
  if (!value) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(*value));
}

bool set_field(ParsedHeader& into, std::string_view key, std::string_view value) {
  QueuedEnvelope& e = into.envelope;
  const std::array<std::pair<std::string_view, std::string*>, 6> texts{
      {{"from", &e.from},
       {"message-id", &e.message_id},
       {"body", &e.body},
       {"notify", &e.notify},
       {"ret", &e.ret},
       {"envid", &e.envid}}};
  for (const auto& [name, field] : texts) {
    if (key == name) {
      *field = value;
      return true;
    }
  }
  if (key == "to") {
    e.to.emplace_back(value);
  } else if (key == "option") {
    e.options.emplace_back(value);
  } else if (key == "unprepared") {
    e.unprepared = true;
  } else if (key == "created") {
    const auto seconds = take_seconds(value);
    if (!seconds) return false;
    e.created = Time(*seconds);
  } else if (key == "size") {
    const auto size = parse_decimal(value);
    if (!size) return false;
    into.message_bytes = *size;
  } else {
    return false;
  }
  return true;
}

std::string record(std::string text) {
  return "\n" + std::move(text) + " .\n";
}

std::string one_line(std::string_view text) {
  return escaped(text.substr(0, kMaxReasonBytes));
}

void apply_verdict(Journal& journal, std::string_view word, std::string_view rest) {
  const auto recipient = parse_decimal(take_until(rest, ' '), journal.verdicts.size());
  const auto code = parse_decimal(take_until(rest, ' '), 999);
  if (!recipient || !code || *recipient >= journal.verdicts.size()) return;
  journal.verdicts[*recipient] = {word == "taken" ? Fate::taken : Fate::refused,
                                  static_cast<int>(*code), std::string(rest), false};
}

void apply_later(Journal& journal, std::string_view rest) {
  const auto when = take_seconds(rest);
  const auto age = take_seconds(rest);
  const auto delay = take_seconds(rest);
  if (!when || !age || !delay) return;
  ++journal.attempts;
  journal.last = Time(*when);
  journal.age = *age;
  journal.delay = *delay;
  journal.reason = rest;
}

}  // namespace

std::string format_header(const QueuedEnvelope& envelope, std::size_t message_bytes) {
  std::string out(kMagic);
  add_line(out, "created", std::to_string(number_of(envelope.created)));
  add_line(out, "from", envelope.from);
  for (const auto& to : envelope.to) add_line(out, "to", to);
  add_optional(out, "message-id", envelope.message_id);
  add_optional(out, "body", envelope.body);
  add_optional(out, "notify", envelope.notify);
  add_optional(out, "ret", envelope.ret);
  add_optional(out, "envid", envelope.envid);
  for (const auto& option : envelope.options) add_line(out, "option", option);
  if (envelope.unprepared) add_line(out, "unprepared", "yes");
  add_line(out, "size", std::to_string(message_bytes));
  out += '\n';
  return out;
}

std::optional<ParsedHeader> parse_header(std::string_view text) {
  if (!text.starts_with(kMagic)) return std::nullopt;
  const std::size_t end = text.find("\n\n");
  if (end == std::string_view::npos) return std::nullopt;
  ParsedHeader parsed;
  parsed.header_bytes = end + 2;
  std::string_view lines = text.substr(kMagic.size(), end + 1 - kMagic.size());
  bool sized = false;
  while (!lines.empty()) {
    std::string_view value = take_until(lines, '\n');
    const std::string_view key = take_until(value, ' ');
    if (!set_field(parsed, key, value)) return std::nullopt;
    sized = sized || key == "size";
  }
  if (!sized || parsed.envelope.to.empty()) return std::nullopt;
  return parsed;
}

bool Journal::anyone_waiting() const noexcept {
  return std::any_of(verdicts.begin(), verdicts.end(),
                     [](const Outcome& v) { return v.fate == Fate::waiting; });
}

bool Journal::anyone_refused() const noexcept {
  return std::any_of(verdicts.begin(), verdicts.end(),
                     [](const Outcome& v) { return v.fate == Fate::refused; });
}

Journal parse_journal(std::string_view text, std::size_t recipients) {
  Journal journal;
  journal.verdicts.resize(recipients);
  const std::size_t last = text.find_last_not_of('\n');
  journal.end = last == std::string_view::npos ? 0 : std::min(last + 2, text.size());
  text = text.substr(0, journal.end);
  bool open = false;  // a "sending" that nothing followed
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    if (!line.ends_with(" .")) continue;
    line.remove_suffix(2);
    const std::string_view word = take_until(line, ' ');
    if (open && (word == "sending" || word == "unknown")) ++journal.uncertain;
    open = word == "sending";
    if (word == "taken" || word == "refused") apply_verdict(journal, word, line);
    if (word == "later") apply_later(journal, line);
  }
  if (open) ++journal.uncertain;
  return journal;
}

std::string sending_record(Time now) {
  return record("sending " + std::to_string(number_of(now)));
}

std::string outcome_record(std::size_t recipient, const Outcome& verdict) {
  return record((verdict.fate == Fate::taken ? "taken " : "refused ") + std::to_string(recipient) +
                " " + std::to_string(verdict.code) + " " + one_line(verdict.text));
}

std::string later_record(Time now, std::chrono::seconds age, std::chrono::seconds delay,
                         std::string_view reason) {
  return record("later " + std::to_string(number_of(now)) + " " + std::to_string(age.count()) +
                " " + std::to_string(delay.count()) + " " + one_line(reason));
}

std::string unknown_record(Time now) {
  return record("unknown " + std::to_string(number_of(now)));
}

std::size_t journal_room(std::size_t recipients) noexcept {
  return std::min<std::size_t>(512 + 96 * recipients, 64 * 1024);
}

}  // namespace proto::sendmail
