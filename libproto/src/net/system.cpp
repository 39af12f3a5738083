#include "net/system.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

namespace proto {

std::string error_text(int code) {
  return std::generic_category().message(code);
}

void throw_network(std::string_view what, int code, Phase phase, const std::string& address) {
  const std::string text = std::string(what) + ": " + error_text(code);
  if (code == ETIMEDOUT) throw TimeoutError(text, code, phase, address);
  throw NetworkError(text, code, phase, address);
}

int above_stdio(int fd, Phase phase) {
  if (fd > STDERR_FILENO) return fd;
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int code = errno;
  ::close(fd);
  if (moved < 0) throw_network("cannot open a socket", code, phase);
  return moved;
}

int open_socket(int domain, int type, Phase phase) {
  const int fd = ::socket(domain, type | SOCK_CLOEXEC, 0);
  if (fd < 0) throw_network("cannot open a socket", errno, phase);
  return above_stdio(fd, phase);
}

int poll_timeout(Deadline deadline) noexcept {
  if (deadline.is_never()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining()).count();
  return static_cast<int>(std::min<long long>(left, INT_MAX));
}

short poll_one(int fd, short events, Deadline deadline) {
  for (;;) {
    pollfd p{fd, events, 0};
    const int n = ::poll(&p, 1, poll_timeout(deadline));
    if (n > 0) return p.revents;
    if (n < 0 && errno != EINTR) throw_network("poll", errno, Phase::none);
    if (n == 0 && deadline.expired()) return 0;
  }
}

}  // namespace proto
