#include "net/socket_transport.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "net/system.h"
#include "proto/error.h"
#include "proto/socket.h"

namespace proto {

using namespace std::chrono_literals;

SocketTransport::SocketTransport(int fd, std::string peer, const Canceller& canceller)
    : fd_(fd), peer_(std::move(peer)), canceller_(canceller) {
  // shutdown() wakes a thread that is blocked in recv() or send(), without a descriptor or a call
  // more for each.
  registration_ = canceller_.on_cancel([fd] { ::shutdown(fd, SHUT_RDWR); });
}

SocketTransport::~SocketTransport() {
  close();
}

void SocketTransport::fail(const char* what, int code, Phase phase) const {
  const std::string text = std::string(what) + " " + peer_ + ": ";
  if (code == ETIMEDOUT) throw TimeoutError(text + "timed out", code, phase, peer_);
  throw NetworkError(text + error_text(code), code, phase, peer_);
}

void SocketTransport::throw_if_cancelled() const {
  if (canceller_.cancelled())
    throw CancelledError("cancelled: " + peer_, ECANCELED, Phase::none, peer_);
}

// SO_RCVTIMEO is set again only when it would outlast the deadline by a quarter of a second, or is
// far below it: a run of reads under one idle bound sets it once, the last seconds of a deadline a
// few times.
void SocketTransport::arm_receive_timeout(Deadline::Clock::duration left) {
  if (left == Deadline::Clock::duration::zero()) fail("receiving from", ETIMEDOUT, Phase::receive);
  if (armed_ != Deadline::Clock::duration::zero() && armed_ <= left + 250ms && armed_ >= left / 4)
    return;
  const auto wanted = std::chrono::ceil<std::chrono::microseconds>(left > 1s ? left * 3 / 4 : left);
  const timeval value{.tv_sec = wanted.count() / 1'000'000, .tv_usec = wanted.count() % 1'000'000};
  if (::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value) != 0) {
    fail("receiving from", errno, Phase::receive);
  }
  armed_ = wanted;
}

std::size_t SocketTransport::read_some(std::span<char> into, Patience patience) {
  auto now = Deadline::Clock::now();
  const Deadline deadline = patience.end(now);
  for (;; now = Deadline::Clock::now()) {
    // Without an end, waking early costs one more round.
    if (!deadline.is_never()) arm_receive_timeout(deadline.remaining(now));
    const ssize_t n = ::recv(fd_, into.data(), into.size(), 0);
    if (n > 0) return static_cast<std::size_t>(n);
    const int code = n < 0 ? errno : 0;
    throw_if_cancelled();
    if (n == 0) return 0;
    if (code == EAGAIN && deadline.expired()) fail("receiving from", ETIMEDOUT, Phase::receive);
    if (code != EAGAIN && code != EINTR) fail("receiving from", code, Phase::receive);
  }
}

std::size_t SocketTransport::write_some(std::span<const std::string_view> parts,
                                        Patience patience) {
  std::array<iovec, 64> vectors;
  const std::size_t count = std::min(parts.size(), vectors.size());
  for (std::size_t i = 0; i < count; ++i)
    vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  for (;;) {
    // A single part is cheaper for the kernel without the vectors.
    const ssize_t n = count == 1 ? ::send(fd_, parts[0].data(), parts[0].size(), kFlags)
                                 : ::sendmsg(fd_, &message, kFlags);
    if (n >= 0) return static_cast<std::size_t>(n);
    const int code = errno;
    throw_if_cancelled();
    if (code == EINTR) continue;
    if (code != EAGAIN) fail("sending to", code, Phase::send);
    if (poll_one(fd_, POLLOUT, patience.end()) == 0) fail("sending to", ETIMEDOUT, Phase::send);
  }
}

Transport::Ready SocketTransport::wait(Ready wanted, Deadline deadline) {
  const int events = (wanted.read ? POLLIN : 0) | (wanted.write ? POLLOUT : 0);
  const short got = poll_one(fd_, static_cast<short>(events), deadline);
  throw_if_cancelled();
  if (got == 0)
    fail(wanted.read ? "waiting for" : "sending to", ETIMEDOUT,
         wanted.read ? Phase::receive : Phase::send);
  // An error or a hang-up makes both ready: the call that follows finds out which.
  const bool broken = (got & (POLLERR | POLLHUP | POLLNVAL)) != 0;
  return {.read = wanted.read && (broken || (got & POLLIN) != 0),
          .write = wanted.write && (broken || (got & POLLOUT) != 0)};
}

void SocketTransport::shutdown_write() noexcept {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
}

void SocketTransport::close() noexcept {
  registration_ = {};  // first: no hook may meet a descriptor that is somebody else's by then
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::unique_ptr<Transport> make_transport(Socket socket, const Canceller& canceller) {
  std::string peer = socket.getpeername().to_string();
  socket.settimeout(std::nullopt);
  return std::make_unique<SocketTransport>(socket.detach(), std::move(peer), canceller);
}

}  // namespace proto
