#include "wire/ip_literal.h"

#include <algorithm>
#include <cstddef>

#include "base/integers.h"

namespace proto {

namespace {

// At most four hexadecimal digits.
std::optional<std::uint16_t> parse_group(std::string_view text) noexcept {
  if (text.empty() || text.size() > 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    const int digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<unsigned>(digit);
  }
  return static_cast<std::uint16_t>(value);
}

// Groups parted by colons into `out`; the last one may be an IPv4 address where `ends_address`.
// How many bytes there are; nothing for anything else.
std::optional<std::size_t> parse_groups(std::string_view text, bool ends_address,
                                        std::array<std::uint8_t, 16>& out) noexcept {
  std::size_t size = 0;
  if (text.empty()) return size;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && ends_address && group.find('.') != std::string_view::npos) {
      const auto ipv4 = parse_ipv4(group);
      if (!ipv4 || size > 12) return std::nullopt;
      std::copy(ipv4->begin(), ipv4->end(), out.begin() + static_cast<std::ptrdiff_t>(size));
      return size + 4;
    }
    const auto value = parse_group(group);
    if (!value || size > 14) return std::nullopt;
    out[size++] = static_cast<std::uint8_t>(*value >> 8);
    out[size++] = static_cast<std::uint8_t>(*value & 255);
    if (last) return size;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) noexcept {
  std::array<std::uint8_t, 4> address{};
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const std::string_view number = text.substr(0, dot);
    const auto value = parse_decimal(number, 255);
    if (!value || (number.size() > 1 && number[0] == '0')) return std::nullopt;
    address[i] = static_cast<std::uint8_t>(*value);
    text.remove_prefix(i < 3 ? dot + 1 : dot);
  }
  return address;
}

std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text) noexcept {
  std::array<std::uint8_t, 16> front{};
  const std::size_t gap = text.find("::");
  const auto front_size = parse_groups(text.substr(0, gap), gap == std::string_view::npos, front);
  if (!front_size) return std::nullopt;
  if (gap == std::string_view::npos) {
    if (*front_size != 16) return std::nullopt;
    return front;
  }
  std::array<std::uint8_t, 16> back{};
  const auto back_size = parse_groups(text.substr(gap + 2), true, back);
  // The gap stands for one group of zeros at least.
  if (!back_size || *front_size + *back_size > 14) return std::nullopt;
  std::copy_n(back.begin(), *back_size, front.end() - static_cast<std::ptrdiff_t>(*back_size));
  return front;
}

std::string format_ipv6(const std::array<std::uint8_t, 16>& address) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i)
    groups[i] = static_cast<unsigned>(address[2 * i] << 8 | address[2 * i + 1]);
  // The first of the longest runs of two zeros or more is left out.
  std::size_t gap = 8;
  std::size_t gap_size = 1;
  for (std::size_t i = 0; i < 8;) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > gap_size) {
      gap = i;
      gap_size = end - i;
    }
    i = std::max(end, i + 1);
  }
  const auto hex = [](unsigned value) {
    std::string digits;
    do digits.insert(digits.begin(), "0123456789abcdef"[value & 15]);
    while ((value >>= 4) != 0);
    return digits;
  };
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == gap) {
      text += "::";
      i += gap_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    // RFC 5952 §5: what maps IPv4 is written so.
    if (i == 6 && gap == 0 && gap_size == 5 && groups[5] == 0xffff) {
      for (std::size_t byte = 12; byte < 16; ++byte)
        text.append(byte > 12 ? "." : "").append(std::to_string(address[byte]));
      break;
    }
    text += hex(groups[i]);
  }
  return text;
}

}  // namespace proto
