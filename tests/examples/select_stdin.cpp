// Waiting for standard input, five seconds at most (Listing 14): S7, S12.
#include <unistd.h>

#include <array>
#include <cstdio>

#include "proto/selector.h"

int main() {
  using namespace std::chrono_literals;
  std::puts("Type something, within five seconds:");
  const auto ready = proto::select({STDIN_FILENO}, {}, {}, 5s);
  if (ready.read.empty()) {
    std::puts("Time is up.");
    return 0;
  }
  std::array<char, 256> line;
  const ssize_t size = read(STDIN_FILENO, line.data(), line.size());
  std::printf("That was %zd bytes.\n", size);
  return size >= 0 ? 0 : 1;
}
