#include "wire/mime_codec.h"

#include <algorithm>

#include "base/characters.h"
#include "base/integers.h"

namespace proto {

namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kHexDigits[] = "0123456789ABCDEF";
constexpr std::size_t kLine = 76;
constexpr std::int8_t kNoDigit = -1;
constexpr std::int8_t kBlank = -2;

constexpr std::array<std::int8_t, 256> make_digits() {
  std::array<std::int8_t, 256> digits{};
  for (auto& d : digits) d = kNoDigit;
  for (std::size_t i = 0; i < 64; ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  }
  for (const char c : {' ', '\t', '\r', '\n'}) digits[static_cast<unsigned char>(c)] = kBlank;
  return digits;
}
constexpr auto kDigits = make_digits();

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

// Three bytes as four characters.
void Base64Encoder::put(const unsigned char* three, char* four) noexcept {
  four[0] = kAlphabet[three[0] >> 2];
  four[1] = kAlphabet[((three[0] & 3U) << 4) | (three[1] >> 4)];
  four[2] = kAlphabet[((three[1] & 15U) << 2) | (three[2] >> 6)];
  four[3] = kAlphabet[three[2] & 63U];
}

void Base64Encoder::put_groups(const unsigned char* data, std::size_t groups, std::string& out) {
  std::array<char, kLine> line;
  while (groups > 0) {
    if (column_ == kLine) {
      out += "\r\n";
      column_ = 0;
    }
    const std::size_t now = std::min(groups, (kLine - column_) / 4);
    for (std::size_t i = 0; i < now; ++i) put(data + 3 * i, line.data() + 4 * i);
    out.append(line.data(), 4 * now);
    column_ += 4 * now;
    data += 3 * now;
    groups -= now;
  }
}

void Base64Encoder::feed(std::string_view bytes, std::string& out) {
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t at = 0;
  while (held_size_ > 0 && held_size_ < 3 && at < bytes.size()) held_[held_size_++] = data[at++];
  if (held_size_ == 3) {
    put_groups(held_.data(), 1, out);
    held_size_ = 0;
  }
  const std::size_t groups = (bytes.size() - at) / 3;
  put_groups(data + at, groups, out);
  for (at += 3 * groups; at < bytes.size(); ++at) held_[held_size_++] = data[at];
}

void Base64Encoder::finish(std::string& out) {
  if (held_size_ > 0) {
    const std::size_t missing = 3 - held_size_;
    for (std::size_t i = held_size_; i < 3; ++i) held_[i] = 0;
    put_groups(held_.data(), 1, out);
    out.replace(out.size() - missing, missing, missing, '=');
    held_size_ = 0;
  }
  if (column_ > 0) out += "\r\n";
  column_ = 0;
}

// Whole groups of four digits at the front of `text`, as long as there is nothing else. Returns how
// many characters it took.
std::size_t Base64Decoder::feed_groups(std::string_view text, std::string& out) {
  std::array<char, 192> buffer;
  const auto digit = [&](std::size_t i) -> int {
    return kDigits[static_cast<unsigned char>(text[i])];
  };
  std::size_t at = 0;
  std::size_t used = 0;
  for (; text.size() - at >= 4 && used + 3 <= buffer.size(); at += 4, used += 3) {
    const int a = digit(at), b = digit(at + 1), c = digit(at + 2), d = digit(at + 3);
    if ((a | b | c | d) < 0) break;
    const int word = (a << 18) | (b << 12) | (c << 6) | d;
    buffer[used] = static_cast<char>(word >> 16);
    buffer[used + 1] = static_cast<char>(word >> 8);
    buffer[used + 2] = static_cast<char>(word);
  }
  out.append(buffer.data(), used);
  return at;
}

void Base64Decoder::feed(std::string_view text, std::string& out) {
  while (!text.empty()) {
    if (bits_ == 0) {
      text.remove_prefix(feed_groups(text, out));
      if (text.empty()) return;
    }
    put(text.front(), out);
    text.remove_prefix(1);
  }
}

void Base64Decoder::put(char c, std::string& out) {
  const std::int8_t digit = kDigits[static_cast<unsigned char>(c)];
  if (digit >= 0) {
    word_ = (word_ << 6) | static_cast<std::uint32_t>(digit);
    bits_ += 6;
    if (bits_ >= 8) {
      bits_ -= 8;
      out += static_cast<char>((word_ >> bits_) & 0xffU);
    }
  } else if (c == '=') {
    // An end. More may follow: some writers join what they encoded in pieces.
    damaged_ = damaged_ || bits_ == 6;
    bits_ = 0;
  } else if (digit == kNoDigit) {
    damaged_ = true;
  }
}

void QuotedPrintableEncoder::put(char c, bool as_hex, std::string& out) {
  const std::size_t size = as_hex ? 3 : 1;
  if (column_ + size >= kLine) {
    out += "=\r\n";
    column_ = 0;
  }
  if (as_hex) {
    const auto byte = static_cast<unsigned char>(c);
    const char three[3] = {'=', kHexDigits[byte >> 4], kHexDigits[byte & 15U]};
    out.append(three, 3);
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

std::string base64_lines(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4 + bytes.size() / 57 * 2 + 4);
  Base64Encoder encoder;
  encoder.feed(bytes, out);
  encoder.finish(out);
  return out;
}

std::string base64_decode_leniently(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  Base64Decoder().feed(text, out);
  return out;
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
