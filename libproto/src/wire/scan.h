// Finding the end of a line, a field name or a value, many bytes at a time. No read goes past
// `end`.
#pragma once

#include <bit>
#include <cstddef>
#include <string_view>

#include "base/characters.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace proto {

// RFC 9110 §5.5: HTAB, SP, visible ASCII and obs-text.
constexpr bool is_value_char(char c) noexcept {
  return !is_control(c) || c == '\t';
}

#if defined(__SSE2__)
namespace detail {
inline __m128i load16(const char* p) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
// 0xff where low <= byte <= high.
inline __m128i in_range(__m128i bytes, char low, char high) noexcept {
  const __m128i from_low = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
  const __m128i width = _mm_set1_epi8(static_cast<char>(high - low));
  return _mm_cmpeq_epi8(_mm_min_epu8(from_low, width), from_low);
}
inline unsigned mask_of(__m128i bytes) noexcept {
  return static_cast<unsigned>(_mm_movemask_epi8(bytes));
}
// Which of 16 bytes are CR or below: line ends, and rarely a tab.
inline unsigned low_bytes(__m128i bytes) noexcept {
  return mask_of(_mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8('\r')), bytes));
}
}  // namespace detail
#endif

// The first byte in [p, end) that is not tchar, or `end`.
inline const char* skip_token(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  // Nearly every name is letters, digits and hyphens; whatever stops this is looked at again below.
  while (end - p >= 16) {
    const __m128i bytes = detail::load16(p);
    const __m128i letters = detail::in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
    const __m128i rest =
        _mm_or_si128(detail::in_range(bytes, '0', '9'), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
    const unsigned others = detail::mask_of(_mm_or_si128(letters, rest)) ^ 0xffffU;
    if (others == 0) {
      p += 16;
      continue;
    }
    p += std::countr_zero(others);
    if (!is_token_char(*p)) return p;
    ++p;
  }
#endif
  while (p != end && is_token_char(*p)) ++p;
  return p;
}

// The first byte in [p, end) that cannot stand in a field value (a line's end among them), or
// `end`.
inline const char* skip_value(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  while (end - p >= 16) {
    const __m128i bytes = detail::load16(p);
    const __m128i low = detail::in_range(bytes, 0, 0x1f);
    const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    const unsigned found = detail::mask_of(_mm_or_si128(_mm_andnot_si128(tab, low), del));
    if (found != 0) return p + std::countr_zero(found);
    p += 16;
  }
#endif
  while (p != end && is_value_char(*p)) ++p;
  return p;
}

// RFC 5322 §3.6.8: printable ASCII but ":" makes the name of a mail's field.
constexpr bool is_mail_name_char(char c) noexcept {
  return c > ' ' && c < 0x7f && c != ':';
}

// The first byte in [p, end) that cannot stand in the name of a mail's field, or `end`.
inline const char* skip_mail_name(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  while (end - p >= 16) {
    const __m128i bytes = detail::load16(p);
    const __m128i visible = detail::in_range(bytes, '!', '~');
    const __m128i colon = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(':'));
    const unsigned others = detail::mask_of(_mm_andnot_si128(colon, visible)) ^ 0xffffU;
    if (others != 0) return p + std::countr_zero(others);
    p += 16;
  }
#endif
  while (p != end && is_mail_name_char(*p)) ++p;
  return p;
}

// The first CR or LF in [p, end), or `end`.
inline const char* find_cr_or_lf(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  while (end - p >= 16) {
    const __m128i bytes = detail::load16(p);
    const unsigned found = detail::mask_of(_mm_or_si128(
        _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r'))));
    if (found != 0) return p + std::countr_zero(found);
    p += 16;
  }
#endif
  while (p != end && *p != '\n' && *p != '\r') ++p;
  return p;
}

}  // namespace proto
