// Load for an echo server: round trips of 64 bytes over one connection after the other's, and
// whether descriptors and memory stay flat.
//
//   bench_echo_load PORT CONNECTIONS ROUND_TRIPS PID
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kMessage = 64;

struct State {
  long resident_kib = 0;
  int descriptors = 0;
  double processor = 0;
};

State state_of(const std::string& pid) {
  State state;
  std::ifstream status("/proc/" + pid + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) state.resident_kib = std::atol(line.c_str() + 6);
  }
  if (DIR* const folder = opendir(("/proc/" + pid + "/fd").c_str())) {
    while (readdir(folder) != nullptr) ++state.descriptors;
    closedir(folder);
  }
  std::ifstream stat("/proc/" + pid + "/stat");
  std::string all((std::istreambuf_iterator<char>(stat)), {});
  all.erase(0, all.rfind(')') + 2);
  long user = 0, system = 0;
  if (std::sscanf(all.c_str(), "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user,
                  &system) == 2)
    state.processor =
        static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return state;
}

int connected(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::exit(1);
  return fd;
}

// One message to each, then each one's answer.
void round(const std::vector<int>& fds) {
  const std::string message(kMessage, 'e');
  char answer[kMessage];
  for (const int fd : fds) ::send(fd, message.data(), message.size(), MSG_NOSIGNAL);
  for (const int fd : fds) {
    if (::recv(fd, answer, sizeof answer, MSG_WAITALL) != static_cast<ssize_t>(sizeof answer)) {
      std::fprintf(stderr, "echo_load: an answer is missing\n");
      std::exit(1);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const auto connections = static_cast<std::size_t>(std::atoll(argv[2]));
  const auto rounds = static_cast<std::size_t>(std::atoll(argv[3])) / connections;
  std::vector<int> fds;
  for (std::size_t i = 0; i < connections; ++i) fds.push_back(connected(std::atoi(argv[1])));
  for (int i = 0; i < 100; ++i) round(fds);
  const State before = state_of(argv[4]);
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < rounds; ++i) round(fds);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const State after = state_of(argv[4]);
  const auto count = static_cast<double>(rounds * connections);
  std::printf(
      "%4zu connections  %8.0f round trips/s  server %6.2f us each  descriptors %+d  memory %+ld "
      "KiB\n",
      connections, count / seconds, (after.processor - before.processor) * 1e6 / count,
      after.descriptors - before.descriptors, after.resident_kib - before.resident_kib);
}
