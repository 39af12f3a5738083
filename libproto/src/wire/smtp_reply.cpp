#include "wire/smtp_reply.h"

#include <algorithm>

#include "base/characters.h"
#include "proto/error.h"

namespace proto {
namespace {

[[noreturn]] void refuse(std::string_view want, std::string_view got) {
  throw ProtocolError("want " + std::string(want) + ", got " + quoted(got));
}

// Whether `line`, of which more may come, begins like a line of a reply.
bool begins_well(std::string_view line) noexcept {
  const std::size_t size = line.size();
  return (size < 1 || (line[0] >= '2' && line[0] <= '5')) && (size < 2 || is_digit(line[1])) &&
         (size < 3 || is_digit(line[2])) &&
         (size < 4 || line[3] == ' ' || line[3] == '-' || line[3] == '\r');
}

}  // namespace

std::string_view enhanced_code_of(std::string_view text, int code) noexcept {
  if (text.size() < 5 || text[0] != static_cast<char>('0' + code / 100) || text[1] != '.')
    return {};
  if (text[0] != '2' && text[0] != '4' && text[0] != '5') return {};
  std::size_t at = 2;
  for (int part = 0; part < 2; ++part) {
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == begin || at - begin > 3) return {};
    if (part == 0 && (at == text.size() || text[at++] != '.')) return {};
  }
  if (at < text.size() && text[at] != ' ') return {};
  return text.substr(0, at);
}

std::size_t SMTPReplyParser::feed(std::string_view data) {
  if (done_) begin();
  std::size_t used = 0;
  while (!done_ && used < data.size()) {
    const std::string_view rest = data.substr(used);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      keep_partial(rest);
      return data.size();
    }
    used += end + 1;
    if (partial_.empty()) {
      take_line(rest.substr(0, end));
    } else {
      keep_partial(rest.substr(0, end));
      take_line(partial_);
      partial_.clear();
    }
  }
  return used;
}

void SMTPReplyParser::finish() const {
  if (done_) return;
  throw ClosedError(started() ? "the connection ended inside a reply"
                              : "the connection ended where a reply was due",
                    0, Phase::receive);
}

void SMTPReplyParser::begin() {
  done_ = false;
  lines_ = 0;
  clear(reply_);
}

// What can be no reply is refused before its line ends: an HTTP server may wait for us to speak.
void SMTPReplyParser::keep_partial(std::string_view piece) {
  const std::size_t room = max_line_bytes_ + 1 - std::min(partial_.size(), max_line_bytes_ + 1);
  partial_.append(piece.substr(0, room + 1));
  if (!begins_well(partial_)) refuse("a reply code", partial_);
  if (partial_.size() > max_line_bytes_ + 1) {
    throw LimitError("a line of a reply is longer than " + std::to_string(max_line_bytes_) +
                     " bytes");
  }
}

void SMTPReplyParser::take_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  // In the order in which keep_partial() would see it, were the line cut.
  if (line.size() < 3 || !begins_well(line)) refuse("a reply code", line);
  if (line.size() > max_line_bytes_) {
    throw LimitError("a line of a reply is longer than " + std::to_string(max_line_bytes_) +
                     " bytes");
  }
  if (has_line_break_or_nul(line)) {
    refuse("a reply without CR and NUL in it", line);
  }
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (lines_ > 0 && code != reply_.code) {
    refuse("code " + std::to_string(reply_.code) + " on every line of the reply", line);
  }
  if (++lines_ > max_lines_) {
    throw LimitError("a reply has more than " + std::to_string(max_lines_) + " lines");
  }
  reply_.code = code;
  done_ = line.size() == 3 || line[3] == ' ';
  std::string_view text = line.substr(std::min<std::size_t>(line.size(), 4));
  const std::string_view enhanced = enhanced_code_of(text, code);
  if (lines_ == 1 && !enhanced.empty()) reply_.enhanced = enhanced;
  if (!enhanced.empty() && enhanced == reply_.enhanced) {
    text.remove_prefix(std::min(text.size(), enhanced.size() + 1));
  }
  if (lines_ > 1) reply_.text += '\n';
  reply_.text += text;
}

}  // namespace proto
