#include "wire/line_ends.h"

#include <algorithm>

#include "wire/avx2.h"
#include "wire/clean_steps.h"
#include "wire/scan.h"

namespace proto {
namespace {

constexpr std::size_t kStep = kCleanStep;

// A loop of a fixed length over bytes: compilers make it the vectors that the machine has. Their
// comparisons give 0 or -1, so that nothing is to be done to those.
[[gnu::always_inline]] inline bool is_clean_step(const char* p) noexcept {
  signed char bad = 0;
  for (std::size_t i = 0; i < kStep; ++i) {
    const signed char cr = p[i] == '\r' ? -1 : 0;
    const signed char lf = p[i + 1] == '\n' ? -1 : 0;
    const signed char dot = p[i + 2] == '.' ? -1 : 0;
    bad = static_cast<signed char>(bad | (cr ^ lf) | (lf & dot));
  }
  return bad == 0;
}

#if defined(__SSE2__)
// The same by hand: of the loop above compilers make a third more for these vectors.
[[gnu::always_inline]] inline bool is_clean_step_sse2(const char* p) noexcept {
  __m128i bad = _mm_setzero_si128();
  for (const char* const end = p + kStep; p != end; p += 16) {
    const __m128i cr = _mm_cmpeq_epi8(detail::load16(p), _mm_set1_epi8('\r'));
    const __m128i lf = _mm_cmpeq_epi8(detail::load16(p + 1), _mm_set1_epi8('\n'));
    const __m128i dot = _mm_cmpeq_epi8(detail::load16(p + 2), _mm_set1_epi8('.'));
    bad = _mm_or_si128(bad, _mm_or_si128(_mm_xor_si128(cr, lf), _mm_and_si128(lf, dot)));
  }
  return detail::mask_of(bad) == 0;
}
#endif

template <bool (*IsClean)(const char*) noexcept>
[[gnu::always_inline]] inline std::size_t clean_steps_inline(std::string_view text) noexcept {
  if (text.size() < kStep + 2) return 0;
  const std::size_t last = text.size() - kStep - 2;
  std::size_t at = 0;
  for (; at < last; at += kStep) {
    if (!IsClean(text.data() + at)) return at;
  }
  return IsClean(text.data() + last) ? last + kStep : std::min(at, last);
}

std::size_t clean_steps(std::string_view text) noexcept {
#if defined(__x86_64__)
  static const bool kAvx2 = has_avx2();
  if (kAvx2) return clean_steps_avx2(text);
#endif
  return clean_steps_baseline(text);
}

}  // namespace

std::size_t clean_steps_baseline(std::string_view text) noexcept {
#if defined(__SSE2__)
  return clean_steps_inline<is_clean_step_sse2>(text);
#else
  return clean_steps_inline<is_clean_step>(text);
#endif
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] std::size_t clean_steps_avx2(std::string_view text) noexcept {
  return clean_steps_inline<is_clean_step>(text);
}
#endif

std::uint64_t count_lf(std::string_view text) noexcept {
  std::uint64_t count = 0;
  const char* p = text.data();
  const char* const end = p + text.size();
#if defined(__SSE2__)
  while (end - p >= 16) {
    // Sixteen counters of a byte each: they hold for 255 rounds.
    __m128i counters = _mm_setzero_si128();
    const char* const last = p + std::min<std::ptrdiff_t>((end - p) / 16, 255) * 16;
    for (; p != last; p += 16) {
      counters = _mm_sub_epi8(counters, _mm_cmpeq_epi8(detail::load16(p), _mm_set1_epi8('\n')));
    }
    const __m128i sums = _mm_sad_epu8(counters, _mm_setzero_si128());
    count += static_cast<std::uint64_t>(_mm_cvtsi128_si32(sums)) +
             static_cast<std::uint64_t>(_mm_extract_epi16(sums, 4));
  }
#endif
  return count + static_cast<std::uint64_t>(std::count(p, end, '\n'));
}

std::size_t clean_size(std::string_view text, LineDots dots) noexcept {
  std::size_t at = 0;
  for (;;) {
    // A step does not ask whether its own first byte is an LF: it is clean only behind a CR.
    const bool begins_well = at < text.size() && text[at] != '\n';
    const std::size_t steps = begins_well ? clean_steps(text.substr(at)) : 0;
    at += steps;
    // The LF may be of a CRLF that began in the step before.
    if (steps > 0 && text[at] == '\n' && text[at - 1] == '\r') ++at;
    const std::size_t enough = std::min(at + kStep, text.size());
    const char* const end = text.data() + text.size();
    while (at < enough) {
      at = static_cast<std::size_t>(find_cr_or_lf(text.data() + at, end) - text.data());
      if (text.size() - at < 2 || text[at] != '\r' || text[at + 1] != '\n') return at;
      at += 2;
      if (dots == LineDots::stuffed && at < text.size() && text[at] == '.') return at;
    }
    if (at >= text.size()) return text.size();
  }
}

}  // namespace proto
