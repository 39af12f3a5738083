// Whether this machine has the wider vectors.
#pragma once

namespace proto {

#if defined(__x86_64__)
inline bool has_avx2() noexcept {
  return __builtin_cpu_supports("avx2") != 0;
}
#endif

}  // namespace proto
