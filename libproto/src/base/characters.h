// Bytes as the protocols class them: ASCII only, no locale.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace proto {

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool is_alpha(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_alnum(char c) noexcept {
  return is_digit(c) || is_alpha(c);
}
constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}
constexpr bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr char to_upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

namespace detail {
constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c)
    table[static_cast<std::size_t>(c)] = c < 128 && is_alnum(static_cast<char>(c));
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}
inline constexpr auto kTokenTable = make_token_table();
}  // namespace detail

// RFC 9110 §5.6.2: tchar.
constexpr bool is_token_char(char c) noexcept {
  return detail::kTokenTable[static_cast<unsigned char>(c)];
}
bool is_token(std::string_view text) noexcept;  // not empty, all of it tchar

namespace detail {
bool same_ignoring_case(const char* a, const char* b, std::size_t size) noexcept;
}
// Most comparisons end at the sizes: header fields are found by it.
inline bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && detail::same_ignoring_case(a.data(), b.data(), a.size());
}
// In any case.
bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) noexcept;
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept;
std::string lower(std::string_view text);
std::string upper(std::string_view text);
// Without blanks (SP, HTAB) at both ends. A view into `text`.
std::string_view trim(std::string_view text) noexcept;

bool is_ascii(std::string_view text) noexcept;
bool is_valid_utf8(std::string_view text) noexcept;  // RFC 3629: no surrogates, no overlong forms

// True where text holds CR, LF or NUL: what must never come from a caller onto a line of a
// protocol.
bool has_line_break_or_nul(std::string_view text) noexcept;

// For diagnostics: what came, in double quotes, cut at `max_bytes`, one line. See escaped().
std::string quoted(std::string_view text, std::size_t max_bytes = 64);
// The one way from the peer's bytes to a terminal or a log: printable UTF-8 stays; control
// characters (C0, DEL, C1), bidirectional controls and bytes that are no UTF-8 become \xHH or
// \u{HHHH}; line ends become \r and \n.
std::string escaped(std::string_view text);

}  // namespace proto
