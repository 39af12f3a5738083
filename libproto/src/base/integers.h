// The one strict integer parser: digits only, with a maximum.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace proto {

// 1*DIGIT and nothing else, at most `max`; no sign, no blanks, no overflow.
constexpr std::optional<std::uint64_t> parse_decimal(
    std::string_view text, std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) noexcept {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > max / 10 || digit > max - value * 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

namespace detail {
constexpr std::array<signed char, 256> make_hex_table() {
  std::array<signed char, 256> table{};
  table.fill(-1);
  for (int value = 0; value < 16; ++value) {
    const auto at = static_cast<std::size_t>(value);
    table[static_cast<unsigned char>("0123456789abcdef"[at])] = static_cast<signed char>(value);
    table[static_cast<unsigned char>("0123456789ABCDEF"[at])] = static_cast<signed char>(value);
  }
  return table;
}
inline constexpr auto kHexTable = make_hex_table();
}  // namespace detail

// The value of a hexadecimal digit, or -1.
constexpr int hex_digit(char c) noexcept {
  return detail::kHexTable[static_cast<unsigned char>(c)];
}

// The byte's two digits in upper case, as mail and URLs write them.
inline void append_hex(char byte, std::string& out) {
  const auto value = static_cast<unsigned char>(byte);
  const char digits[] = {"0123456789ABCDEF"[value >> 4], "0123456789ABCDEF"[value & 15U]};
  out.append(digits, sizeof digits);
}

}  // namespace proto
