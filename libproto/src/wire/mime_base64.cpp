#include "wire/mime_base64.h"

#include <algorithm>

namespace proto {

namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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

// What each digit stands for at each of the four places of a group, so that a group is what these
// make together; negative where it is no digit.
using Place = std::array<std::int32_t, 256>;
constexpr std::array<Place, 4> make_places() {
  std::array<Place, 4> places{};
  for (std::size_t i = 0; i < places.size(); ++i) {
    for (std::size_t c = 0; c < kDigits.size(); ++c)
      places[i][c] = kDigits[c] < 0 ? -1 : kDigits[c] << (18 - 6 * i);
  }
  return places;
}
constexpr auto kPlaces = make_places();

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

// Whole groups of four digits at the front of `text`, as long as there is nothing else but an end.
// Returns how many characters it took.
std::size_t Base64Decoder::feed_groups(std::string_view text, std::string& out) {
  constexpr std::size_t kGroups = 64;
  std::array<char, 3 * kGroups> buffer;
  char* to = buffer.data();
  const auto* from = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = from + text.size();
  const auto* const last = from + 4 * std::min(text.size() / 4, kGroups);
  for (; from != last; from += 4, to += 3) {
    const std::int32_t word =
        kPlaces[0][from[0]] | kPlaces[1][from[1]] | kPlaces[2][from[2]] | kPlaces[3][from[3]];
    if (word < 0) break;
    to[0] = static_cast<char>(word >> 16);
    to[1] = static_cast<char>(word >> 8);
    to[2] = static_cast<char>(word);
  }
  // Mostly that of the end: three digits that stand for two bytes.
  if (from != last && from[3] == '=') {
    const std::int32_t word = kPlaces[0][from[0]] | kPlaces[1][from[1]] | kPlaces[2][from[2]];
    if (word >= 0) {
      *to++ = static_cast<char>(word >> 16);
      *to++ = static_cast<char>(word >> 8);
      from += 4;
    }
  }
  out.append(buffer.data(), to);
  return text.size() - static_cast<std::size_t>(end - from);
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

}  // namespace proto
