#include "wire/mime_codec.h"

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

}  // namespace

void Base64Encoder::put(const unsigned char* three, std::string& out) {
  if (column_ == kLine) {
    out += "\r\n";
    column_ = 0;
  }
  const char four[4] = {
      kAlphabet[three[0] >> 2], kAlphabet[((three[0] & 3U) << 4) | (three[1] >> 4)],
      kAlphabet[((three[1] & 15U) << 2) | (three[2] >> 6)], kAlphabet[three[2] & 63U]};
  out.append(four, 4);
  column_ += 4;
}

void Base64Encoder::feed(std::string_view bytes, std::string& out) {
  std::size_t at = 0;
  while (held_size_ > 0 && held_size_ < 3 && at < bytes.size()) {
    held_[held_size_++] = static_cast<unsigned char>(bytes[at++]);
  }
  if (held_size_ == 3) {
    put(held_.data(), out);
    held_size_ = 0;
  }
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  for (; bytes.size() - at >= 3; at += 3) put(data + at, out);
  while (at < bytes.size()) held_[held_size_++] = data[at++];
}

void Base64Encoder::finish(std::string& out) {
  if (held_size_ > 0) {
    const std::size_t missing = 3 - held_size_;
    for (std::size_t i = held_size_; i < 3; ++i) held_[i] = 0;
    put(held_.data(), out);
    out.replace(out.size() - missing, missing, missing, '=');
    held_size_ = 0;
  }
  if (column_ > 0) out += "\r\n";
  column_ = 0;
}

void Base64Decoder::feed(std::string_view text, std::string& out) {
  for (const char c : text) {
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

void QuotedPrintableEncoder::feed(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    if (mode_ == Mode::text && (c == '\r' || c == '\n')) {
      if (!(c == '\n' && after_cr_)) end_line(out);
      after_cr_ = c == '\r';
      continue;
    }
    after_cr_ = false;
    put_held_blank(false, out);
    if (is_blank(c)) {
      held_blank_ = c;
    } else {
      put(c, is_control(c) || c == '=' || static_cast<unsigned char>(c) >= 0x80, out);
    }
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
  for (const char c : text) {
    if (held_.empty() && c != '=' && !is_blank(c)) {
      out += c;
    } else {
      put(c, out);
    }
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
