// System calls on sockets: retried on EINTR, failures as our exceptions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "proto/address.h"
#include "proto/deadline.h"
#include "proto/error.h"

namespace proto {

// "what: strerror(code)".
[[noreturn]] void throw_network(std::string_view what, int code, Phase phase,
                                const std::string& address = {});

// "connect to A: why", as `cannot connect to 127.0.0.1:8080: Connection refused`.
std::string error_text(int code);

// A socket that no child inherits and that is none of the descriptors 0 to 2, where stdio would
// write into it.
int open_socket(int domain, int type, Phase phase);
// The same for a descriptor just made: duplicated upwards where it is 0 to 2.
int above_stdio(int fd, Phase phase);

// poll() on one descriptor until the deadline, EINTR retried. Returns revents; 0: the deadline
// passed.
short poll_one(int fd, short events, Deadline deadline);

// Milliseconds for poll(), rounded up: -1 for never, 0 when passed.
int poll_timeout(Deadline deadline) noexcept;

// Calls `f` again for as long as it fails with EINTR.
template <typename F>
auto retry(F f) -> decltype(f()) {
  decltype(f()) result;
  do {
    result = f();
  } while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace proto
