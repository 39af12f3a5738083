#include "wire/line_scan.h"

#include <cstring>

#include "wire/avx2.h"
#include "wire/scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace proto {
namespace {

bool begins_line(const char* p) noexcept {
  return p[-1] == '\n' || (p[-1] == '\r' && *p != '\n');
}

constexpr char kCaseBit = 0x20;

bool is_wanted(char c, char letter) noexcept {
  return c == '\r' || c == '\n' || (c | kCaseBit) == letter;
}

// The first wanted one of the bytes of a block that begins a line, or null. Each bit of `found` is
// one that may.
const char* first_line(const char* block, unsigned found, char letter) noexcept {
  for (; found != 0; found &= found - 1) {
    const char* const p = block + std::countr_zero(found);
    if (is_wanted(*p, letter) && begins_line(p)) return p;
  }
  return nullptr;
}

}  // namespace

const char* detail::find_line_with_dot_baseline(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  const auto found_at = [](const char* at) {
    return _mm_and_si128(_mm_cmpeq_epi8(detail::load16(at), _mm_set1_epi8('\n')),
                         _mm_cmpeq_epi8(detail::load16(at + 1), _mm_set1_epi8('.')));
  };
  // Four blocks at a time up to the one that has it: few of a message's do.
  for (; end - p > 64; p += 64) {
    const __m128i first = _mm_or_si128(found_at(p), found_at(p + 16));
    const __m128i second = _mm_or_si128(found_at(p + 32), found_at(p + 48));
    if (detail::mask_of(_mm_or_si128(first, second)) != 0) break;
  }
  for (; end - p > 16; p += 16) {
    const unsigned found = detail::mask_of(found_at(p));
    if (found != 0) return p + std::countr_zero(found);
  }
#endif
  while (end - p >= 2) {
    const void* const lf = std::memchr(p, '\n', static_cast<std::size_t>(end - p - 1));
    if (lf == nullptr) break;
    p = static_cast<const char*>(lf);
    if (p[1] == '.') return p;
    ++p;
  }
  return end;
}

// Of a line's first byte and the one before it, most of which are above CR, the former is not less
// than the latter: LF LF, LF CR, CR CR, or a letter behind CR or LF. So one comparison, of the byte
// before with the lesser of CR and the byte itself, leaves those, and few others.
const char* detail::find_line_by_letter_baseline(const char* p, const char* end,
                                                 char letter) noexcept {
  letter |= kCaseBit;
#if defined(__SSE2__)
  for (; end - p >= 16; p += 16) {
    const __m128i bytes = detail::load16(p), before = detail::load16(p - 1);
    const __m128i capped = _mm_min_epu8(bytes, _mm_set1_epi8('\r'));
    const __m128i begins = _mm_cmpeq_epi8(_mm_min_epu8(before, capped), before);
    const __m128i wanted = _mm_or_si128(
        _mm_cmpeq_epi8(capped, bytes),
        _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(kCaseBit)), _mm_set1_epi8(letter)));
    const char* const found = first_line(p, detail::mask_of(_mm_and_si128(begins, wanted)), letter);
    if (found != nullptr) return found;
  }
#endif
  while (p != end && !(is_wanted(*p, letter) && begins_line(p))) ++p;
  return p;
}

#if defined(__x86_64__)
namespace {
[[gnu::target("avx2")]] inline __m256i load32(const char* p) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
[[gnu::target("avx2")]] inline unsigned mask32_of(__m256i bytes) noexcept {
  return static_cast<unsigned>(_mm256_movemask_epi8(bytes));
}
}  // namespace

[[gnu::target("avx2")]] const char* detail::find_line_with_dot_avx2(const char* p,
                                                                    const char* end) noexcept {
  const __m256i lf = _mm256_set1_epi8('\n'), dot = _mm256_set1_epi8('.');
  for (; end - p > 64; p += 64) {
    const __m256i first =
        _mm256_and_si256(_mm256_cmpeq_epi8(load32(p), lf), _mm256_cmpeq_epi8(load32(p + 1), dot));
    const __m256i second = _mm256_and_si256(_mm256_cmpeq_epi8(load32(p + 32), lf),
                                            _mm256_cmpeq_epi8(load32(p + 33), dot));
    if (mask32_of(_mm256_or_si256(first, second)) == 0) continue;
    const std::uint64_t found = mask32_of(first) | std::uint64_t{mask32_of(second)} << 32;
    return p + std::countr_zero(found);
  }
  return find_line_with_dot_baseline(p, end);
}

[[gnu::target("avx2")]] const char* detail::find_line_by_letter_avx2(const char* p, const char* end,
                                                                     char letter) noexcept {
  const __m256i cr = _mm256_set1_epi8('\r'), case_bit = _mm256_set1_epi8(kCaseBit);
  letter |= kCaseBit;
  for (; end - p >= 32; p += 32) {
    const __m256i bytes = load32(p), before = load32(p - 1);
    const __m256i capped = _mm256_min_epu8(bytes, cr);
    const __m256i begins = _mm256_cmpeq_epi8(_mm256_min_epu8(before, capped), before);
    const __m256i wanted = _mm256_or_si256(
        _mm256_cmpeq_epi8(capped, bytes),
        _mm256_cmpeq_epi8(_mm256_or_si256(bytes, case_bit), _mm256_set1_epi8(letter)));
    const char* const found = first_line(p, mask32_of(_mm256_and_si256(begins, wanted)), letter);
    if (found != nullptr) return found;
  }
  return find_line_by_letter_baseline(p, end, letter);
}
#endif

const char* find_line_with_dot(const char* p, const char* end) noexcept {
#if defined(__x86_64__)
  if (has_avx2()) return detail::find_line_with_dot_avx2(p, end);
#endif
  return detail::find_line_with_dot_baseline(p, end);
}

const char* find_line_by_letter(const char* p, const char* end, char letter) noexcept {
#if defined(__x86_64__)
  if (has_avx2()) return detail::find_line_by_letter_avx2(p, end, letter);
#endif
  return detail::find_line_by_letter_baseline(p, end, letter);
}

}  // namespace proto
