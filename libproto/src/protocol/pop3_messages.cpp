#include <algorithm>
#include <charconv>
#include <utility>

#include "base/characters.h"
#include "protocol/pop3_state.h"

namespace proto {

namespace {

std::string numbered(std::string_view verb, std::uint32_t number) {
  if (number == 0)
    throw std::invalid_argument("POP3 " + std::string(verb) + ": messages are numbered from 1");
  return std::string(verb) + ' ' + std::to_string(number);
}

// Each message at most once, and none that STAT did not count (hostile servers' lists would make
// callers index where nothing is).
template <typename Entry>
class Listing {
 public:
  Listing(const char* verb, std::optional<std::uint32_t> count) : verb_(verb), count_(count) {}

  void add(Entry entry) {
    if (entry.number == 0 || entry.number > count_.value_or(UINT32_MAX))
      refuse("a number out of range", entry.number);
    if (!entries_.empty() && entry.number <= entries_.back().number) ascending_ = false;
    entries_.push_back(std::move(entry));
  }

  std::vector<Entry> take() {
    if (!ascending_) {
      std::vector<std::uint32_t> numbers;
      for (const Entry& e : entries_) numbers.push_back(e.number);
      std::sort(numbers.begin(), numbers.end());
      const auto twice = std::adjacent_find(numbers.begin(), numbers.end());
      if (twice != numbers.end()) refuse("a number twice", *twice);
    }
    return std::move(entries_);
  }

 private:
  [[noreturn]] void refuse(const char* what, std::uint32_t number) const {
    throw ProtocolError("POP3 " + std::string(verb_) + ": want each message once, got " + what +
                        ": " + std::to_string(number));
  }

  const char* verb_;
  std::optional<std::uint32_t> count_;
  bool ascending_ = true;
  std::vector<Entry> entries_;
};

// One command for many messages: "TOP 1 0", "TOP 2 0", ...
class NumberedCommand {
 public:
  NumberedCommand(std::string_view verb, std::string_view suffix)
      : text_(std::string(verb) + ' '), digits_(text_.size()), suffix_(suffix) {
    text_.resize(digits_ + kMaxDigits + suffix.size());
  }

  // The view dies at the next call.
  std::string_view with(std::uint32_t number) noexcept {
    char* const begin = text_.data();
    char* const end = std::to_chars(begin + digits_, begin + digits_ + kMaxDigits, number).ptr;
    // It stays where it is while the numbers have as many digits.
    if (end != std::exchange(digits_end_, end)) std::copy(suffix_.begin(), suffix_.end(), end);
    return {begin, static_cast<std::size_t>(end - begin) + suffix_.size()};
  }

 private:
  static constexpr std::size_t kMaxDigits = 10;
  std::string text_;
  std::size_t digits_;  // where they begin
  char* digits_end_ = nullptr;
  std::string_view suffix_;
};

// A reply about one message is about the one that was asked for.
void check_number(std::string_view verb, std::uint32_t wanted, std::uint32_t got) {
  if (wanted == got) return;
  throw ProtocolError("POP3 " + std::string(verb) + ": want message " + std::to_string(wanted) +
                      ", got " + std::to_string(got));
}

}  // namespace

std::uint64_t POP3Numbers::size() const noexcept {
  if (is_list_) return list_.size();
  if (first_ == 0 || last_ == 0) return 0;  // 1..count of an empty mailbox, either way round
  return std::uint64_t{std::max(first_, last_)} - std::min(first_, last_) + 1;
}

std::uint32_t POP3Numbers::operator[](std::uint64_t index) const noexcept {
  if (is_list_) return list_[index];
  const auto offset = static_cast<std::uint32_t>(index);
  return first_ <= last_ ? first_ + offset : first_ - offset;
}

POP3Stat POP3::stat() {
  State& s = *state_;
  s.begin("STAT", State::Step::transaction);
  return s.run([&] {
    const auto [count, octets] = parse_pop3_stat(s.simple("STAT"));
    if (!s.count) s.count = count;  // later ones leave out what DELE has marked
    return POP3Stat{count, octets};
  });
}

std::vector<POP3Size> POP3::list() {
  State& s = *state_;
  s.begin("LIST", State::Step::transaction);
  return s.run([&] {
    Listing<POP3Size> listing("LIST", s.count);
    s.start_text("LIST");
    s.read_lines(s.options.limits.listing, [&](std::string_view line) {
      const auto [number, octets] = parse_pop3_list(line);
      listing.add({number, octets});
    });
    s.pipeline.pop();
    return listing.take();
  });
}

std::uint64_t POP3::list(std::uint32_t number) {
  State& s = *state_;
  s.begin("LIST", State::Step::transaction);
  const std::string command = numbered("LIST", number);
  return s.run([&] {
    const auto [got, octets] = parse_pop3_list(s.simple(command, POP3Refusal::message));
    check_number("LIST", number, got);
    return octets;
  });
}

std::vector<POP3Uid> POP3::uidl() {
  State& s = *state_;
  s.begin("UIDL", State::Step::transaction);
  return s.run([&] {
    Listing<POP3Uid> listing("UIDL", s.count);
    s.start_text("UIDL");
    s.read_lines(s.options.limits.listing, [&](std::string_view line) {
      const auto [number, uid] = parse_pop3_uidl(line);
      listing.add({number, std::string(uid)});
    });
    s.pipeline.pop();
    return listing.take();
  });
}

std::string POP3::uidl(std::uint32_t number) {
  State& s = *state_;
  s.begin("UIDL", State::Step::transaction);
  const std::string command = numbered("UIDL", number);
  return s.run([&] {
    const std::string text = s.simple(command, POP3Refusal::message);
    const auto [got, uid] = parse_pop3_uidl(text);
    check_number("UIDL", number, got);
    return std::string(uid);
  });
}

POP3Message POP3::State::message(const std::string& command, std::uint64_t max_bytes) {
  POP3Message message;
  message.response = start_text(command, POP3Refusal::message);
  message.octets =
      read_lines(max_bytes, [&](std::string_view line) { message.lines.emplace_back(line); });
  pipeline.pop();
  return message;
}

POP3Message POP3::top(std::uint32_t number, std::uint64_t lines) {
  State& s = *state_;
  s.begin("TOP", State::Step::transaction);
  const std::string command = numbered("TOP", number) + ' ' + std::to_string(lines);
  return s.run([&] { return s.message(command, s.options.limits.top); });
}

POP3Message POP3::retr(std::uint32_t number) {
  State& s = *state_;
  s.begin("RETR", State::Step::transaction);
  const std::string command = numbered("RETR", number);
  return s.run([&] { return s.message(command, s.options.limits.message); });
}

std::uint64_t POP3::retr(std::uint32_t number, const std::function<void(std::string_view)>& sink) {
  State& s = *state_;
  s.begin("RETR", State::Step::transaction);
  const std::string command = numbered("RETR", number);
  return s.run([&] {
    s.start_text(command, POP3Refusal::message);
    const auto octets = s.read_text(s.options.limits.message, sink);
    s.pipeline.pop();
    return octets;
  });
}

std::string_view POP3::State::begin_text(std::uint64_t max_bytes) {
  DotDecoder dots(max_bytes);
  const auto [used, text] = dots.feed(stream.peek());
  if (dots.done()) {
    in_place = used;
    return text;
  }
  in_place = 0;
  scratch.assign(text);
  stream.consume(used);
  while (!dots.done()) {
    if (stream.peek().empty() && !stream.fill()) dots.finish();
    const auto more = dots.feed(stream.peek());
    scratch.append(more.text);
    stream.consume(more.used);
  }
  return scratch;
}

void POP3::State::end_text() {
  stream.consume(in_place);
  if (scratch.capacity() > Stream::kBufferBytes) std::string().swap(scratch);
}

void POP3::State::bulk(std::string_view verb, std::string_view suffix, std::uint64_t max_bytes,
                       POP3Numbers numbers, const std::function<void(const POP3Item&)>& each) {
  NumberedCommand command(verb, suffix);
  const std::uint64_t size = numbers.size();
  for (std::uint64_t next = 0, done = 0; done < size; ++done) {
    for (; next < size && pipeline.has_room(); ++next) pipeline.push(command.with(numbers[next]));
    const std::uint32_t number = numbers[done];
    const auto status = read_status(verb);
    if (status.ok) {
      each({number, begin_text(max_bytes), nullptr});
      end_text();
    } else {
      const POP3Error e = error_for(command.with(number), status);
      const POP3MessageError error(e.what(), e.enhanced(), e.text());
      each({number, {}, &error});
    }
    pipeline.pop();
  }
}

void POP3::top(POP3Numbers numbers, std::uint64_t lines,
               const std::function<void(const POP3Item&)>& each) {
  State& s = *state_;
  has_capability("PIPELINING");
  s.begin("TOP", State::Step::transaction);
  s.run([&] { s.bulk("TOP", ' ' + std::to_string(lines), s.options.limits.top, numbers, each); });
}

void POP3::retr(POP3Numbers numbers, const std::function<void(const POP3Item&)>& each) {
  State& s = *state_;
  has_capability("PIPELINING");
  s.begin("RETR", State::Step::transaction);
  s.run([&] { s.bulk("RETR", {}, s.options.limits.message, numbers, each); });
}

std::string POP3::dele(std::uint32_t number) {
  State& s = *state_;
  s.begin("DELE", State::Step::transaction);
  const std::string command = numbered("DELE", number);
  return s.run([&] {
    std::string text = s.simple(command, POP3Refusal::message);
    s.deletes = true;
    return text;
  });
}

}  // namespace proto
