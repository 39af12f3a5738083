#include <poll.h>

#include <cerrno>

#include "net/system.h"
#include "proto/selector.h"

namespace proto {

namespace {

// What the kernel's select() counts as readable, writable and exceptional.
constexpr short kReadable = POLLIN | POLLHUP | POLLERR;
constexpr short kWritable = POLLOUT | POLLERR;
constexpr short kExceptional = POLLPRI;

}  // namespace

Selected select(const std::vector<Descriptor>& read, const std::vector<Descriptor>& write,
                const std::vector<Descriptor>& except,
                std::optional<std::chrono::milliseconds> timeout) {
  // The lists one after the other; a descriptor that is in two is polled twice, which costs less
  // than finding out.
  std::vector<pollfd> polled;
  polled.reserve(read.size() + write.size() + except.size());
  for (const Descriptor d : read) polled.push_back({d.fileno(), POLLIN, 0});
  for (const Descriptor d : write) polled.push_back({d.fileno(), POLLOUT, 0});
  for (const Descriptor d : except) polled.push_back({d.fileno(), POLLPRI, 0});

  const Deadline deadline = timeout ? Deadline::after(*timeout) : Deadline();
  for (const pollfd& p : polled) {
    // A closed Socket: poll() would pass over it, and wait for ever.
    if (p.fd < 0) throw_network("select", EBADF, Phase::none);
  }
  int n = 0;
  do {
    n = ::poll(polled.data(), polled.size(), poll_timeout(deadline));
  } while ((n < 0 && errno == EINTR) || (n == 0 && !deadline.expired()));
  if (n < 0) throw_network("select", errno, Phase::none);

  Selected ready;
  auto next = polled.begin();
  const auto collect = [&next](const std::vector<Descriptor>& from, short events,
                               std::vector<Descriptor>& into) {
    for (const Descriptor d : from) {
      if ((next->revents & POLLNVAL) != 0) throw_network("select", EBADF, Phase::none);
      if ((next->revents & events) != 0) into.push_back(d);
      ++next;
    }
  };
  collect(read, kReadable, ready.read);
  collect(write, kWritable, ready.write);
  collect(except, kExceptional, ready.except);
  return ready;
}

}  // namespace proto
