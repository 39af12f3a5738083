// What clean_size() is made of: both ways to go through clean text, whichever this machine takes.
#pragma once

#include <cstddef>
#include <string_view>

namespace proto {

// The size of the clean steps at the front of `text`, which does not begin with LF. A step looks
// two bytes beyond its end; the last one overlaps the one before it, so that no more than these two
// are left of a text that is clean and not too short for a step.
constexpr std::size_t kCleanStep = 256;
std::size_t clean_steps_baseline(std::string_view text) noexcept;
#if defined(__x86_64__)
std::size_t clean_steps_avx2(std::string_view text) noexcept;  // where has_avx2()
#endif

}  // namespace proto
