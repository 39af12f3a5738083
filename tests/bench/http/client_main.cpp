// PORT CA|- TARGET COUNT [DEPTH]: fetches TARGET COUNT times over one connection that is warm by
// then, DEPTH at once, and prints wall and CPU seconds of that. COUNT 0: once, over a cold one.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "client.h"

namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int run(int argc, char** argv) {
  const std::string ca = argv[2];
  const auto client = bench::make_client(
      {static_cast<std::uint16_t>(std::atoi(argv[1])), ca == "-" ? std::string() : ca});
  const std::string target = argv[3];
  const long count = std::atol(argv[4]);
  const int depth = argc > 5 ? std::atoi(argv[5]) : 1;
  if (count == 0) return client->get(target) == 0 ? 1 : 0;
  for (int i = 0; i < 3; ++i) client->get("/small");
  const double cpu = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  for (long i = 0; i < count; i += depth) {
    const std::uint64_t size = depth == 1 ? client->get(target) : client->pipelined(target, depth);
    if (size == 0) return 1;
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  std::printf("%.6f %.6f\n", wall.count(), cpu_seconds() - cpu);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return argc < 5 ? 2 : run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
