#include "wire/http_head.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/characters.h"
#include "proto/error.h"
#include "wire/field_line.h"
#include "wire/scan.h"
#include "wire/wire_fields.h"

namespace proto {

namespace {

// A first line that cannot be one is quoted as far as this; so much is waited for.
constexpr std::size_t kQuotedBytes = 64;

std::string_view without_line_end(std::string_view line) noexcept {
  line.remove_suffix(1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// "HTTP/1.x" to 10 or 11; 0 for anything else.
int parse_version(std::string_view text) noexcept {
  if (text.size() != 8 || !text.starts_with("HTTP/1.") || !is_digit(text[7])) return 0;
  return text[7] == '0' ? 10 : 11;
}

[[noreturn]] void refuse_start(std::string_view what, std::string_view wanted,
                               std::string_view line) {
  std::string message(what);
  if (!line.empty() && (line[0] == 0x15 || line[0] == 0x16)) {
    message += ": got " + quoted(line.substr(0, 1)) + ", is this TLS?";
  } else {
    message.append(": want ").append(wanted).append(", got ") += quoted(line, kQuotedBytes);
  }
  throw ProtocolError(message);
}

// A peer that does not talk HTTP is told apart before a whole line is there: at the first byte of
// a TLS record, else as soon as there is enough to quote.
void check_incomplete_start(std::string_view what, std::string_view wanted, bool plausible,
                            std::string_view buffered, bool at_end) {
  if (plausible || buffered.empty()) return;
  if (at_end || buffered.size() >= kQuotedBytes + 2 || buffered[0] == 0x15 || buffered[0] == 0x16)
    refuse_start(what, wanted, buffered);
}

constexpr std::string_view kStatusLine = "\"HTTP/1.x STATUS REASON\"";
constexpr std::string_view kRequestLine = "\"METHOD TARGET HTTP/1.x\"";

}  // namespace

HeadParser::HeadParser(const HeadLimits& limits) : limits_(limits) {
  // Fields count in 32 bits.
  constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
  constexpr std::size_t least = kQuotedBytes + 2;
  limits_.max_head_bytes = std::clamp(limits_.max_head_bytes, least, most);
  limits_.max_line_bytes = std::max(limits_.max_line_bytes, least);
}

void HeadParser::reset() noexcept {
  line_ = scanned_ = 0;
  in_fields_ = false;
  version_ = 0;
  deviations_ = Deviations();
  fields_.clear();
  reset_start_line();
}

// The limit that was passed first.
void HeadParser::refuse_size() const {
  const bool head = limits_.max_head_bytes - line_ <= limits_.max_line_bytes;
  throw LimitError(
      std::string(what()) + (head ? ": the head" : ": a line of the head") + " is longer than " +
      std::to_string(head ? limits_.max_head_bytes : limits_.max_line_bytes) + " bytes");
}

void HeadParser::refuse_count() const {
  throw LimitError(std::string(what()) + ": more than " + std::to_string(limits_.max_fields) +
                   " header fields");
}

// The end of the line at line_, its LF included; 0 where it is not complete.
std::size_t HeadParser::find_line_end(std::string_view buffered) {
  const std::size_t lf = buffered.find('\n', std::max(line_, scanned_));
  const bool complete = lf != std::string_view::npos;
  const std::size_t end = complete ? lf + 1 : buffered.size();
  // Before the limits: byte by byte, a peer that does not talk HTTP is told apart before them, too.
  if (!in_fields_) check_start(buffered.substr(line_, end - line_), false);
  check_limits(end);
  if (!complete) scanned_ = end;
  return complete ? end : 0;
}

bool HeadParser::take_start_line(std::string_view buffered) {
  while (!in_fields_) {
    const std::size_t end = find_line_end(buffered);
    if (end == 0) return false;
    const std::string_view raw = buffered.substr(line_, end - line_);
    const std::string_view line = without_line_end(raw);
    in_fields_ = parse_start_line(line);
    if (raw.size() - line.size() == 1) deviations_.add(Deviation::lf_only_line);
    line_ = end;
  }
  return true;
}

// Where the quick way below did not get to a line's end: it is not there yet, or the line is
// folded, or wrong. False: more is needed.
bool HeadParser::take_unusual_line(std::string_view buffered) {
  const std::size_t end = find_line_end(buffered);
  if (end == 0) return false;
  const std::string_view raw = buffered.substr(line_, end - line_);
  const std::string_view line = without_line_end(raw);
  const bool folds = is_blank(line.front()) && !fields_.empty();
  const char* const line_end = line.data() + line.size();
  if (!folds || skip_value(line.data(), line_end) != line_end) {
    throw ProtocolError(std::string(what()) + ": the field line " + field_line_fault(line) + ": " +
                        quoted(line));
  }
  WireFields::extend_last(fields_, line_ + line.size());
  deviations_.add(Deviation::folded_field);
  if (raw.size() - line.size() == 1) deviations_.add(Deviation::lf_only_line);
  line_ = end;
  return true;
}

// Where the line at line_ is the empty one that ends the head: the head's size; else 0.
std::size_t HeadParser::take_empty_line(std::string_view buffered) {
  const std::string_view rest = buffered.substr(line_);
  const std::size_t size = rest.starts_with("\r\n") ? 2 : rest.starts_with('\n') ? 1 : 0;
  if (size == 0) return 0;
  check_limits(line_ + size);
  if (size == 1) deviations_.add(Deviation::lf_only_line);
  return complete(buffered.substr(0, line_ + size));
}

std::size_t HeadParser::feed(std::string_view buffered) {
  if (!take_start_line(buffered)) return 0;
  // A line that was not complete before is not parsed again until it is.
  if (scanned_ > line_ && find_line_end(buffered) == 0) return 0;
  const char* const head = buffered.data();
  const char* const end = head + buffered.size();
  for (;;) {
    // The quick way: "name: value CRLF". Whatever it does not get to the end of goes another.
    const char* const line = head + line_;
    const char* const name_end = skip_token(line, end);
    if (name_end == line) {
      if (const std::size_t size = take_empty_line(buffered)) return size;
    }
    if (name_end == line || name_end == end || *name_end != ':') {
      if (take_unusual_line(buffered)) continue;
      return 0;
    }
    const char* value = name_end + 1;
    while (value != end && is_blank(*value)) ++value;
    const char* value_end = skip_value(value, end);
    const char* const lf = value_end + (value_end != end && *value_end == '\r' ? 1 : 0);
    if (lf >= end || *lf != '\n') {
      if (take_unusual_line(buffered)) continue;
      return 0;
    }
    const auto line_end = static_cast<std::size_t>(lf + 1 - head);
    check_limits(line_end);
    if (lf == value_end) [[unlikely]]
      deviations_.add(Deviation::lf_only_line);
    if (fields_.size() >= limits_.max_fields) refuse_count();
    while (value_end != value && is_blank(value_end[-1])) --value_end;
    WireFields::push(fields_, line_, static_cast<std::size_t>(name_end - line),
                     static_cast<std::size_t>(value - head),
                     static_cast<std::size_t>(value_end - value));
    line_ = line_end;
  }
}

std::size_t HeadParser::complete(std::string_view head) {
  WireFields::assign_block(fields_, head);
  if (deviations_.has(Deviation::folded_field)) WireFields::unfold(fields_);
  return head.size();
}

void HeadParser::finish(std::string_view buffered) const {
  std::string message(what());
  if (buffered.empty()) {
    message += ": the connection was closed before a byte of it came";
  } else {
    if (!in_fields_) check_start(buffered.substr(line_), true);
    message += ": the connection was closed in the middle of the head, after " +
               std::to_string(buffered.size()) + " bytes: " + quoted(buffered.substr(line_));
  }
  throw ClosedError(message, 0, Phase::receive);
}

bool ResponseHeadParser::parse_start_line(std::string_view line) {
  version_ = parse_version(line.substr(0, 8));
  const bool complete = version_ != 0 && line.size() >= 12 && line[8] == ' ' && is_digit(line[9]) &&
                        is_digit(line[10]) && is_digit(line[11]) && line[9] != '0' &&
                        (line.size() == 12 || line[12] == ' ');
  // Other controls are taken, and escaped where the reason is shown.
  const std::string_view reason = complete ? line.substr(12) : std::string_view();
  const bool clean =
      std::none_of(reason.begin(), reason.end(), [](char c) { return c == '\r' || c == 0; });
  if (!complete || !clean) refuse_start(what(), kStatusLine, line);
  status_ = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (line.size() > 13) reason_.assign(line.substr(13));
  return true;
}

void ResponseHeadParser::check_start(std::string_view buffered, bool at_end) const {
  constexpr std::string_view start = "HTTP/1.";
  const std::size_t size = std::min(buffered.size(), start.size());
  check_incomplete_start(what(), kStatusLine, buffered.substr(0, size) == start.substr(0, size),
                         buffered, at_end);
}

void ResponseHeadParser::reset_start_line() noexcept {
  status_ = 0;
  reason_.clear();
}

bool RequestHeadParser::parse_start_line(std::string_view line) {
  // RFC 9112 §2.2: old clients send an empty line behind the body of the request before.
  if (line.empty() && !skipped_empty_line_) {
    skipped_empty_line_ = true;
    return false;
  }
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) refuse_start(what(), kRequestLine, line);
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  version_ = parse_version(line.substr(last + 1));
  const bool visible = !target.empty() && std::all_of(target.begin(), target.end(),
                                                      [](char c) { return c > 0x20 && c < 0x7f; });
  if (version_ == 0 || !visible || !is_token(method)) refuse_start(what(), kRequestLine, line);
  method_.assign(method);
  target_.assign(target);
  return true;
}

void RequestHeadParser::check_start(std::string_view buffered, bool at_end) const {
  const bool plausible = is_token_char(buffered.empty() ? 'G' : buffered[0]) || buffered == "\r";
  check_incomplete_start(what(), kRequestLine, plausible, buffered, at_end);
}

void RequestHeadParser::reset_start_line() noexcept {
  skipped_empty_line_ = false;
  method_.clear();
  target_.clear();
}

}  // namespace proto
