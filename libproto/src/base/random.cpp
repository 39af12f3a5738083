#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace proto {

std::string random_bytes(std::size_t size) {
  std::string out(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = getrandom(out.data() + done, size - done, 0);
    if (n < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "getrandom");
    if (n > 0) done += static_cast<std::size_t>(n);
  }
  return out;
}

std::uint64_t random_below(std::uint64_t bound) {
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t value = 0;
  do {
    const std::string bytes = random_bytes(sizeof value);
    std::memcpy(&value, bytes.data(), sizeof value);
  } while (value >= limit);
  return value % bound;
}

std::string random_text(std::size_t size) {
  constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string out;
  out.reserve(size);
  while (out.size() < size) {
    for (const char c : random_bytes(size - out.size())) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 252) out += kDigits[byte % 36];  // 252 = 7 * 36: no bias
    }
  }
  return out;
}

}  // namespace proto
