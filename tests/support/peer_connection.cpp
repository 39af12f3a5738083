// The peer's end of one connection, on raw system calls.
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "base/characters.h"
#include "proto/error.h"
#include "proto/transport.h"
#include "support/scripted_peer.h"

namespace proto::test {

namespace {

// No test waits longer for anything; a script that does has failed.
constexpr std::chrono::seconds kPatience{60};

struct TestEnded : std::runtime_error {
  TestEnded() : std::runtime_error("the test ended, and this had not come") {}
};
struct ClientGone : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A descriptor as a Transport; every wait ends at the latest when `stop_fd` becomes readable.
class RawTransport : public Transport {
 public:
  RawTransport(int fd, int stop_fd) : fd_(fd), stop_fd_(stop_fd) {}
  ~RawTransport() override { close(); }

  std::size_t read_some(std::span<char> into, Patience patience) override {
    while (true) {
      const ssize_t n = ::recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno == ECONNRESET || errno == EPIPE)
        throw ClientGone("the client reset the connection");
      if (errno != EAGAIN && errno != EINTR) throw ClientGone(std::strerror(errno));
      wait_or_stop(POLLIN, patience.end());
    }
  }

  std::size_t write_some(std::span<const std::string_view> parts, Patience patience) override {
    std::array<iovec, 16> vectors{};
    std::size_t count = 0;
    for (const std::string_view part : parts.first(std::min(parts.size(), vectors.size())))
      vectors[count++] = {const_cast<char*>(part.data()), part.size()};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    while (true) {
      const ssize_t n = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EAGAIN && errno != EINTR) throw ClientGone(std::strerror(errno));
      wait_or_stop(POLLOUT, patience.end());
    }
  }

  Ready wait(Ready wanted, Deadline deadline) override {
    const int events = (wanted.read ? POLLIN : 0) | (wanted.write ? POLLOUT : 0);
    const int found = wait_or_stop(static_cast<short>(events), deadline);
    return {wanted.read && (found & ~POLLOUT) != 0, wanted.write && (found & ~POLLIN) != 0};
  }

  // Waits for events of the socket; throws where the test ends first.
  int wait_or_stop(short events, Deadline deadline) const {
    while (true) {
      const auto left = std::min<Deadline::Clock::duration>(deadline.remaining(), kPatience);
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
      std::array<pollfd, 2> fds{{{fd_, events, 0}, {stop_fd_, POLLIN, 0}}};
      const int n = ::poll(fds.data(), fds.size(), static_cast<int>(ms));
      if (fds[0].revents != 0) return fds[0].revents;
      if (n > 0) throw TestEnded();
      if (n == 0) throw std::runtime_error("nothing happened for too long");
    }
  }

  void shutdown_write() noexcept override { ::shutdown(fd_, SHUT_WR); }
  void close() noexcept override {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int plain_fd() const noexcept override { return fd_; }
  const std::string& peer() const noexcept override { return name_; }

 private:
  int fd_;
  int stop_fd_;
  std::string name_ = "client";
};

// How many bytes the socket at the other end of `fd` holds unread: the kernel's own count of it.
// Negative where it cannot be told, or there is no such socket any more.
long unread_at_peer(int fd) {
  sockaddr_storage ours{};
  sockaddr_storage theirs{};
  socklen_t size = sizeof ours;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&ours), &size);
  size = sizeof theirs;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&theirs), &size) != 0) return -1;
  if (ours.ss_family == AF_UNIX) {
    int unread = 0;
    return ::ioctl(fd, SIOCOUTQ, &unread) == 0 ? unread : -1;
  }
  struct {
    nlmsghdr header;
    inet_diag_req_v2 question;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  inet_diag_req_v2& q = request.question;
  q.sdiag_family = static_cast<__u8>(ours.ss_family);
  q.sdiag_protocol = IPPROTO_TCP;
  q.idiag_states = ~0U;
  q.id.idiag_cookie[0] = q.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (ours.ss_family == AF_INET) {
    const auto& from = reinterpret_cast<const sockaddr_in&>(theirs);
    const auto& to = reinterpret_cast<const sockaddr_in&>(ours);
    q.id.idiag_sport = from.sin_port;
    q.id.idiag_dport = to.sin_port;
    q.id.idiag_src[0] = from.sin_addr.s_addr;
    q.id.idiag_dst[0] = to.sin_addr.s_addr;
  } else {
    const auto& from = reinterpret_cast<const sockaddr_in6&>(theirs);
    const auto& to = reinterpret_cast<const sockaddr_in6&>(ours);
    q.id.idiag_sport = from.sin6_port;
    q.id.idiag_dport = to.sin6_port;
    std::memcpy(q.id.idiag_src, &from.sin6_addr, 16);
    std::memcpy(q.id.idiag_dst, &to.sin6_addr, 16);
  }
  const int netlink = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (netlink < 0) return -1;
  alignas(nlmsghdr) std::array<char, 4096> reply{};
  ssize_t got = -1;
  if (::send(netlink, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request))
    got = ::recv(netlink, reply.data(), reply.size(), 0);
  ::close(netlink);
  const auto* header = reinterpret_cast<const nlmsghdr*>(reply.data());
  if (got < static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(inet_diag_msg)) ||
      header->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
    return -1;
  }
  const auto* answer = reinterpret_cast<const inet_diag_msg*>(reply.data() + NLMSG_HDRLEN);
  return static_cast<long>(answer->idiag_rqueue);
}

}  // namespace

PeerConnection::PeerConnection(int fd, int stop_fd)
    : fd_(fd), stop_fd_(stop_fd), transport_(std::make_unique<RawTransport>(fd, stop_fd)) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // refused, and no matter, for Unix
}

PeerConnection::~PeerConnection() = default;

// False: the client ended its side.
bool PeerConnection::receive_more() {
  if (!transport_) throw std::logic_error("the script has closed the connection");
  std::array<char, 65536> piece;
  const std::size_t n = transport_->read_some(piece, Deadline());
  if (n == 0) return false;
  if (std::exchange(sent_since_, false)) ++counts_.flights;
  counts_.bytes += n;
  buffer_.append(piece.data(), n);
  if (on_received) on_received({piece.data(), n}, counts_);
  return true;
}

std::string PeerConnection::take(const std::function<std::size_t(std::string_view)>& enough) {
  while (true) {
    const std::size_t size = buffer_.empty() ? 0 : enough(buffer_);
    if (size > 0) {
      std::string out = buffer_.substr(0, size);
      buffer_.erase(0, size);
      return out;
    }
    try {
      if (!receive_more())
        throw ClientGone("the client ended the connection after " + proto::quoted(buffer_));
    } catch (const TestEnded& e) {
      throw std::runtime_error(std::string(e.what()) + ", but only " + proto::quoted(buffer_));
    }
  }
}

PeerConnection::All PeerConnection::take_all() {
  bool ended = true;
  std::string all;
  try {
    do {
      // Bodies may be large; what is kept of them is for messages.
      if (all.size() < 65536) all += buffer_;
      buffer_.clear();
    } while (receive_more());
  } catch (const ClientGone&) {
  } catch (const Error&) {  // of TLS: cut short, or an alert
  } catch (const TestEnded&) {
    ended = false;
  }
  return {all, ended};
}

bool PeerConnection::send(std::string_view bytes) {
  if (!transport_) throw std::logic_error("the script has closed the connection");
  sent_since_ = true;
  try {
    while (!bytes.empty()) bytes.remove_prefix(transport_->write_some({&bytes, 1}, Deadline()));
  } catch (const ClientGone&) {
    return false;
  }
  return true;
}

// The kernel tells how much is unread, but has no event for it: hence the look again and again.
void PeerConnection::wait_until_read() {
  const Deadline bound = Deadline::after(kPatience);
  while (unread_at_peer(fd_) > 0 && !bound.expired()) {
    pollfd fds[] = {{fd_, POLLRDHUP, 0}, {stop_fd_, POLLIN, 0}};
    if (::poll(fds, 2, 0) > 0) return;
    ::sched_yield();
  }
}

void PeerConnection::wait_until_gone() {
  pollfd fds[] = {{fd_, POLLRDHUP, 0}, {stop_fd_, POLLIN, 0}};
  while (::poll(fds, 2, -1) < 0 && errno == EINTR) {
  }
}

void PeerConnection::shutdown_write() {
  if (transport_) transport_->shutdown_write();
}

void PeerConnection::close_now(bool with_reset) {
  if (!transport_) return;
  if (with_reset) {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  transport_.reset();
}

}  // namespace proto::test
