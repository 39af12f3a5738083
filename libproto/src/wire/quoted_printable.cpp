#include "wire/quoted_printable.h"

#include <algorithm>
#include <array>

#include "base/characters.h"
#include "base/integers.h"

namespace proto {

namespace {

constexpr std::size_t kLine = 76;

// What stands for itself in quoted-printable; a blank does within a line.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (std::size_t c = ' '; c < 0x7f; ++c) plain[c] = c != '=';
  return plain;
}
constexpr auto kIsPlain = make_plain();

constexpr bool is_droppable(char c) noexcept {
  return is_blank(c) || c == '\r' || c == '\n';
}

}  // namespace

void QuotedPrintableEncoder::put(char c, bool as_hex, std::string& out) {
  const std::size_t size = as_hex ? 3 : 1;
  if (column_ + size >= kLine) {
    out += "=\r\n";
    column_ = 0;
  }
  if (as_hex) {
    out += '=';
    append_hex(c, out);
  } else {
    out += c;
  }
  column_ += size;
}

void QuotedPrintableEncoder::put_held_blank(bool as_hex, std::string& out) {
  if (held_blank_ != 0) put(held_blank_, as_hex, out);
  held_blank_ = 0;
}

void QuotedPrintableEncoder::end_line(std::string& out) {
  put_held_blank(true, out);
  out += "\r\n";
  column_ = 0;
}

void QuotedPrintableEncoder::put_run(std::string_view run, std::string& out) {
  while (!run.empty()) {
    if (column_ + 1 >= kLine) {
      out += "=\r\n";
      column_ = 0;
    }
    const std::size_t now = std::min(run.size(), kLine - 1 - column_);
    out += run.substr(0, now);
    column_ += now;
    run.remove_prefix(now);
  }
}

void QuotedPrintableEncoder::feed(std::string_view bytes, std::string& out) {
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t end = at;
    while (end < bytes.size() && kIsPlain[static_cast<unsigned char>(bytes[end])]) ++end;
    if (end > at) {
      after_cr_ = false;
      put_held_blank(false, out);
      // The run may end in a blank, which may end the line.
      const bool ends_in_blank = bytes[end - 1] == ' ';
      put_run(bytes.substr(at, end - at - (ends_in_blank ? 1 : 0)), out);
      if (ends_in_blank) held_blank_ = ' ';
      at = end;
      continue;
    }
    put_other(bytes[at++], out);
  }
}

// What does not stand for itself everywhere.
void QuotedPrintableEncoder::put_other(char c, std::string& out) {
  if (mode_ == Mode::text && (c == '\r' || c == '\n')) {
    if (!(c == '\n' && after_cr_)) end_line(out);
    after_cr_ = c == '\r';
    return;
  }
  after_cr_ = false;
  put_held_blank(false, out);
  if (c == '\t') {
    held_blank_ = c;
  } else {
    put(c, true, out);
  }
}

void QuotedPrintableEncoder::finish(std::string& out) {
  put_held_blank(true, out);
  // A soft line end: the text itself has none here.
  if (column_ > 0) out += "=\r\n";
  column_ = 0;
}

void QuotedPrintableDecoder::put(char c, std::string& out) {
  if (!held_.empty() && held_.front() != '=') {
    if (is_blank(c)) {
      held_ += c;
      return;
    }
    // Blanks at a line's end were added on the way (RFC 2045 §6.7 (3)).
    if (c != '\n' && c != '\r') out += held_;
    held_.clear();
  }
  if (held_.empty()) {
    if (c == '=' || is_blank(c)) {
      held_ += c;
    } else {
      out += c;
    }
    return;
  }
  // After "=".
  held_ += c;
  if (c == '\n') {
    if (held_.find_first_not_of(" \t\r", 1) == held_.size() - 1) held_.clear();
  } else if (held_.size() == 3 && hex_digit(held_[1]) >= 0 && hex_digit(c) >= 0) {
    out += static_cast<char>(hex_digit(held_[1]) * 16 + hex_digit(c));
    held_.clear();
    return;
  } else if (is_blank(c) || c == '\r' || (held_.size() == 2 && hex_digit(c) >= 0)) {
    return;
  }
  if (held_.empty()) return;
  // No escape and no soft line end: it stays, from the "=" on.
  damaged_ = true;
  const std::string text = std::move(held_);
  held_.clear();
  out += '=';
  for (const char again : std::string_view(text).substr(1)) put(again, out);
}

void QuotedPrintableDecoder::feed(std::string_view text, std::string& out) {
  std::size_t line = 0;  // where the line ends that `at` stands in
  for (std::size_t at = 0; at < text.size();) {
    if (!held_.empty()) {
      put(text[at++], out);
      continue;
    }
    if (at >= line) line = std::min(text.find('\n', at), text.size() - 1) + 1;
    // All but "=" stands for itself, and blanks at a line's end for nothing.
    const std::size_t escape = std::min(text.substr(0, line).find('=', at), line);
    std::size_t end = escape;
    while (end > at && is_droppable(text[end - 1])) --end;
    out += text.substr(at, end - at);
    for (at = end; at < escape; ++at) put(text[at], out);
    if (at < line) put(text[at++], out);
  }
}

void QuotedPrintableDecoder::finish(std::string& out) {
  // "=" and blanks at the very end are a soft line end without its line end.
  if (held_.size() > 1 && held_.front() == '=' && hex_digit(held_[1]) >= 0) {
    damaged_ = true;
    out += held_;
  }
  held_.clear();
}

std::string quoted_printable(std::string_view text, QuotedPrintableEncoder::Mode mode) {
  std::string out;
  out.reserve(text.size() + text.size() / 8 + 16);
  QuotedPrintableEncoder encoder(mode);
  encoder.feed(text, out);
  encoder.finish(out);
  return out;
}

std::string quoted_printable_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  QuotedPrintableDecoder decoder;
  decoder.feed(text, out);
  decoder.finish(out);
  return out;
}

}  // namespace proto
