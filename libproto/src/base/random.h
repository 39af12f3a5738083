// Randomness from the kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace proto {

// `size` unpredictable bytes (getrandom).
std::string random_bytes(std::size_t size);
// As many characters of [0-9a-z], for boundaries, nonces and file names.
std::string random_text(std::size_t size);
// Uniform in [0, bound); bound > 0.
std::uint64_t random_below(std::uint64_t bound);

}  // namespace proto
