#include "wire/plain_text.h"

#include <algorithm>
#include <cstddef>

#include "wire/avx2.h"

namespace proto {
namespace {

constexpr std::size_t kStep = 256;

constexpr bool is_plain(char c) noexcept {
  return static_cast<signed char>(c) > 0;
}

// A loop of a fixed length over bytes: compilers make it the vectors that the machine has.
[[gnu::always_inline]] inline bool is_plain_step(const char* p) noexcept {
  signed char bad = 0;
  for (std::size_t i = 0; i < kStep; ++i) {
    bad = static_cast<signed char>(bad | (is_plain(p[i]) ? 0 : -1));
  }
  return bad == 0;
}

// Step by step, the last of which overlaps the one before.
[[gnu::always_inline]] inline bool is_plain_text_inline(std::string_view text) noexcept {
  if (text.size() < kStep) return std::all_of(text.begin(), text.end(), is_plain);
  const char* p = text.data();
  for (const char* const last = p + text.size() - kStep; p < last; p += kStep) {
    if (!is_plain_step(p)) return false;
  }
  return is_plain_step(text.data() + text.size() - kStep);
}

}  // namespace

bool is_plain_text_baseline(std::string_view text) noexcept {
  return is_plain_text_inline(text);
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] bool is_plain_text_avx2(std::string_view text) noexcept {
  return is_plain_text_inline(text);
}
#endif

bool is_plain_text(std::string_view text) noexcept {
#if defined(__x86_64__)
  static const bool kAvx2 = has_avx2();
  if (kAvx2) return is_plain_text_avx2(text);
#endif
  return is_plain_text_baseline(text);
}

}  // namespace proto
