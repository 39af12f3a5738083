#include "net/write_fd.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "net/system.h"
#include "proto/error.h"

namespace proto {

void refuse_write(int code) {
  throw WriteError("cannot write: " + error_text(code), code);
}

void write_to_fd(int fd, std::string_view data) {
  if (data.empty()) return;
  SigpipeGuard guard;
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n >= 0) {
      data.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      poll_one(fd, POLLOUT, Deadline());
    } else if (errno != EINTR) {
      if (errno == EPIPE) guard.broken();
      refuse_write(errno);
    }
  }
}

}  // namespace proto
