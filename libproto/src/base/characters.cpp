#include "base/characters.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace proto {

namespace {

constexpr char kHex[] = "0123456789abcdef";

// The code point at the front of `text`; `size` is how many bytes it takes, 0 where they are no
// UTF-8.
char32_t decode_utf8(std::string_view text, std::size_t& size) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  size = 0;
  std::size_t length = 0;
  char32_t point = 0;
  char32_t least = 0;
  if (first < 0x80) {
    size = 1;
    return first;
  }
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2, point = first & 0x1fU, least = 0x80;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3, point = first & 0x0fU, least = 0x800;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4, point = first & 0x07U, least = 0x10000;
  }
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
    point = (point << 6) | (byte(i) & 0x3fU);
  }
  if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return 0;
  size = length;
  return point;
}

// The first byte in [p, end) that is not ASCII, or `end`: eight at once.
const char* skip_ascii(const char* p, const char* end) noexcept {
  for (; end - p >= 8; p += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, p, sizeof eight);
    eight &= 0x8080808080808080U;
    if (eight == 0) continue;
    constexpr bool kLittle = std::endian::native == std::endian::little;
    return p + (kLittle ? std::countr_zero(eight) : std::countl_zero(eight)) / 8;
  }
  while (p != end && static_cast<unsigned char>(*p) < 0x80) ++p;
  return p;
}

// Code points that move or hide the text around them, or drive a terminal.
bool is_unsafe(char32_t point) noexcept {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c || point == 0x200e ||
         point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

// Most names come in the case that everybody writes.
bool detail::same_ignoring_case(const char* a, const char* b, std::size_t size) noexcept {
  return std::memcmp(a, b, size) == 0 ||
         std::equal(a, a + size, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) noexcept {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view n) { return equals_ignoring_case(n, name); });
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() &&
         equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), to_upper);
  return out;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_ascii(std::string_view text) noexcept {
  const char* p = text.data();
  const char* const end = p + text.size();
#if defined(__SSE2__)
  const auto load = [](const char* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  };
  for (; end - p >= 128; p += 128) {
    __m128i all = load(p);
    for (int i = 16; i < 128; i += 16) all = _mm_or_si128(all, load(p + i));
    if (_mm_movemask_epi8(all) != 0) return false;
  }
#endif
  const auto word = [](const char* at) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, at, sizeof eight);
    return eight;
  };
  std::uint64_t seen = 0;
  if (text.size() >= 8) {
    for (; end - p > 8; p += 8) seen |= word(p);
    seen |= word(end - 8);
  } else {
    for (; p != end; ++p) seen |= static_cast<unsigned char>(*p);
  }
  return (seen & 0x8080808080808080U) == 0;
}

bool is_valid_utf8(std::string_view text) noexcept {
  const char* p = text.data();
  const char* const end = p + text.size();
  for (p = skip_ascii(p, end); p != end; p = skip_ascii(p, end)) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(p[i]); };
    // Two bytes: all that most scripts of the West need.
    if (end - p >= 2 && byte(0) >= 0xc2 && byte(0) <= 0xdf && (byte(1) & 0xc0U) == 0x80) {
      p += 2;
      continue;
    }
    std::size_t size = 0;
    decode_utf8({p, static_cast<std::size_t>(end - p)}, size);
    if (size == 0) return false;
    p += size;
  }
  return true;
}

namespace {

// Whether any byte of the word at `p` may be CR, LF or NUL. Few others are.
template <typename Word>
bool has_low_byte(const char* p) noexcept {
  constexpr Word kOnes = static_cast<Word>(0x0101010101010101U);
  Word word = 0;
  std::memcpy(&word, p, sizeof word);
  return ((word - kOnes * 0x0e) & ~word & (kOnes << 7)) != 0;
}

#if defined(__SSE2__)
struct Sixteen {
  char bytes[16];
};
template <>
bool has_low_byte<Sixteen>(const char* p) noexcept {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8('\r')), bytes)) != 0;
}
using Longest = Sixteen;
#else
using Longest = std::uint64_t;
#endif

// A word at a time, the last of which overlaps the one before.
template <typename Word>
bool has_low_byte_in(std::string_view text) noexcept {
  const char* const last = text.data() + text.size() - sizeof(Word);
  bool low = has_low_byte<Word>(last);
  for (const char* p = text.data(); p < last; p += sizeof(Word)) low |= has_low_byte<Word>(p);
  return low;
}

}  // namespace

// Not find_first_of(): that is a call of memchr() for every byte of `text`.
bool has_line_break_or_nul(std::string_view text) noexcept {
  const std::size_t size = text.size();
  if (size >= sizeof(Longest) ? !has_low_byte_in<Longest>(text)
      : size >= 8             ? !has_low_byte_in<std::uint64_t>(text)
                              : size >= 4 && !has_low_byte_in<std::uint32_t>(text))
    return false;
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t size = 0;
    const char32_t point = decode_utf8(text, size);
    const char c = text.front();
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (size == 0 || (size == 1 && is_unsafe(point))) {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15U];
    } else if (is_unsafe(point)) {
      out += "\\u{";
      for (int shift = point > 0xffff ? 20 : 12; shift >= 0; shift -= 4)
        out += kHex[(point >> shift) & 15U];
      out += '}';
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::string quoted(std::string_view text, std::size_t max_bytes) {
  std::string out = "\"";
  out += escaped(text.substr(0, max_bytes));
  out += text.size() > max_bytes ? "\"..." : "\"";
  return out;
}

}  // namespace proto
