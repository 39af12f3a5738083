#include "proto/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "net/system.h"

namespace proto {

namespace so {
const SocketOption<bool> reuseaddr{SOL_SOCKET, SO_REUSEADDR}, reuseport{SOL_SOCKET, SO_REUSEPORT},
    keepalive{SOL_SOCKET, SO_KEEPALIVE}, broadcast{SOL_SOCKET, SO_BROADCAST},
    oobinline{SOL_SOCKET, SO_OOBINLINE}, nodelay{IPPROTO_TCP, TCP_NODELAY},
    cork{IPPROTO_TCP, TCP_CORK}, v6only{IPPROTO_IPV6, IPV6_V6ONLY};
const SocketOption<int> sndbuf{SOL_SOCKET, SO_SNDBUF}, rcvbuf{SOL_SOCKET, SO_RCVBUF},
    type{SOL_SOCKET, SO_TYPE}, error{SOL_SOCKET, SO_ERROR}, rcvlowat{SOL_SOCKET, SO_RCVLOWAT},
    keepidle{IPPROTO_TCP, TCP_KEEPIDLE}, keepintvl{IPPROTO_TCP, TCP_KEEPINTVL},
    keepcnt{IPPROTO_TCP, TCP_KEEPCNT}, notsent_lowat{IPPROTO_TCP, TCP_NOTSENT_LOWAT},
    user_timeout{IPPROTO_TCP, TCP_USER_TIMEOUT};
const SocketOption<std::chrono::microseconds> rcvtimeo{SOL_SOCKET, SO_RCVTIMEO},
    sndtimeo{SOL_SOCKET, SO_SNDTIMEO};
const SocketOption<Linger> linger{SOL_SOCKET, SO_LINGER};
}  // namespace so

namespace {

// How a value of an option's type looks to the kernel, and back.
int to_kernel(bool value) {
  return value ? 1 : 0;
}
int to_kernel(int value) {
  return value;
}
timeval to_kernel(std::chrono::microseconds value) {
  return {.tv_sec = value.count() / 1'000'000, .tv_usec = value.count() % 1'000'000};
}
linger to_kernel(const Linger& value) {
  return {.l_onoff = value ? 1 : 0, .l_linger = value ? static_cast<int>(value->count()) : 0};
}
void from_kernel(int raw, bool& value) {
  value = raw != 0;
}
void from_kernel(int raw, int& value) {
  value = raw;
}
void from_kernel(const timeval& raw, std::chrono::microseconds& value) {
  value = std::chrono::seconds(raw.tv_sec) + std::chrono::microseconds(raw.tv_usec);
}
void from_kernel(const linger& raw, Linger& value) {
  value = raw.l_onoff != 0 ? Linger(std::chrono::seconds(raw.l_linger)) : std::nullopt;
}

int native(MessageFlags flags) {
  const int f = static_cast<int>(flags);
  return ((f & 1) != 0 ? MSG_PEEK : 0) | ((f & 2) != 0 ? MSG_DONTWAIT : 0) |
         ((f & 4) != 0 ? MSG_WAITALL : 0) | ((f & 8) != 0 ? MSG_OOB : 0);
}

bool has(MessageFlags flags, MessageFlags one) {
  return (static_cast<int>(flags) & static_cast<int>(one)) != 0;
}

bool would_block(int code) {
  return code == EAGAIN || code == EWOULDBLOCK;
}

int domain_of(Family family) {
  switch (family) {
    case Family::ipv6:
      return AF_INET6;
    case Family::local:
      return AF_UNIX;
    default:
      return AF_INET;
  }
}

}  // namespace

Socket::Socket(Family family, SocketType socket_type)
    : fd_(open_socket(domain_of(family),
                      socket_type == SocketType::stream ? SOCK_STREAM : SOCK_DGRAM, Phase::none)) {}

Socket Socket::fromfd(int fd) {
  int kind = 0;
  socklen_t size = sizeof kind;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) != 0)
    throw_network("not a socket", errno, Phase::none);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  Socket socket;
  socket.fd_ = fd;
  return socket;
}

std::pair<Socket, Socket> Socket::pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    throw_network("socketpair", errno, Phase::none);
  std::pair<Socket, Socket> both;
  both.second.fd_ = fds[1];  // owned before the first can throw
  both.first.fd_ = above_stdio(fds[0], Phase::none);
  both.second.fd_ = above_stdio(both.second.detach(), Phase::none);
  return both;
}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
    timeout_ = other.timeout_;
  }
  return *this;
}

void Socket::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void Socket::bind(const Address& address) {
  if (::bind(fd_, static_cast<const sockaddr*>(address.data()),
             static_cast<socklen_t>(address.size())) != 0) {
    throw_network("cannot bind to " + address.to_string(), errno, Phase::none, address.to_string());
  }
}

void Socket::listen(int backlog) {
  if (::listen(fd_, backlog) != 0) throw_network("cannot listen", errno, Phase::none);
}

Deadline Socket::call_deadline() const {
  return timeout_ ? Deadline::after(*timeout_) : Deadline();
}

void Socket::wait(bool write, Deadline deadline) const {
  if (timeout_ && timeout_->count() == 0) {
    throw TimeoutError("the call would block", EAGAIN, write ? Phase::send : Phase::receive);
  }
  if (poll_one(fd_, write ? POLLOUT : POLLIN, deadline) == 0) {
    throw TimeoutError("timed out", ETIMEDOUT, write ? Phase::send : Phase::receive);
  }
}

Socket::Accepted Socket::accept() {
  const Deadline deadline = call_deadline();
  for (;;) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&storage), &size, SOCK_CLOEXEC);
    if (fd >= 0) {
      Accepted accepted;
      accepted.socket.fd_ = above_stdio(fd, Phase::none);
      accepted.peer = Address::from_raw(&storage, size);
      return accepted;
    }
    if (would_block(errno)) {
      wait(false, deadline);
    } else if (errno != EINTR &&
               errno != ECONNABORTED) {  // the peer may be gone before it is accepted
      throw_network("cannot accept a connection", errno, Phase::none);
    }
  }
}

void Socket::connect(const Address& address) {
  const Deadline deadline = call_deadline();
  sockaddr none{};
  none.sa_family = AF_UNSPEC;  // dissolves a datagram socket's association
  const bool dissolve = address.family() == Family::unspecified;
  const auto* raw = dissolve ? &none : static_cast<const sockaddr*>(address.data());
  const auto size = static_cast<socklen_t>(dissolve ? sizeof none : address.size());
  if (::connect(fd_, raw, size) == 0) return;
  int code = errno;
  if (code == EINTR || code == EINPROGRESS) {
    // The attempt goes on by itself; its result is SO_ERROR.
    if (poll_one(fd_, POLLOUT, deadline) == 0) {
      throw TimeoutError("cannot connect to " + address.to_string() + ": timed out", ETIMEDOUT,
                         Phase::connect, address.to_string());
    }
    code = getsockopt(so::error);
  }
  if (code != 0) {
    throw_network("cannot connect to " + address.to_string(), code, Phase::connect,
                  address.to_string());
  }
}

std::size_t Socket::recv_into(std::span<char> into, MessageFlags flags) {
  const Deadline deadline = call_deadline();
  for (;;) {
    const ssize_t n = ::recv(fd_, into.data(), into.size(), native(flags));
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EINTR) continue;
    if (!would_block(errno)) throw_network("cannot receive", errno, Phase::receive);
    if (has(flags, MessageFlags::dontwait))
      throw TimeoutError("nothing to receive", EAGAIN, Phase::receive);
    wait(false, deadline);
  }
}

std::size_t Socket::recv_into(std::span<const std::span<char>> into, MessageFlags flags) {
  std::vector<iovec> parts;
  for (const auto& span : into) parts.push_back({span.data(), span.size()});
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = std::min<std::size_t>(parts.size(), IOV_MAX);
  const Deadline deadline = call_deadline();
  for (;;) {
    const ssize_t n = ::recvmsg(fd_, &message, native(flags));
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EINTR) continue;
    if (!would_block(errno)) throw_network("cannot receive", errno, Phase::receive);
    if (has(flags, MessageFlags::dontwait))
      throw TimeoutError("nothing to receive", EAGAIN, Phase::receive);
    wait(false, deadline);
  }
}

std::string Socket::recv(std::size_t size, MessageFlags flags) {
  std::string out(size, '\0');
  out.resize(recv_into(std::span<char>(out), flags));
  return out;
}

std::pair<std::string, Address> Socket::recvfrom(std::size_t size, MessageFlags flags) {
  std::string out(size, '\0');
  const Deadline deadline = call_deadline();
  for (;;) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    const ssize_t n = ::recvfrom(fd_, out.data(), out.size(), native(flags),
                                 reinterpret_cast<sockaddr*>(&storage), &length);
    if (n >= 0) {
      out.resize(static_cast<std::size_t>(n));
      return {std::move(out), Address::from_raw(&storage, length)};
    }
    if (errno == EINTR) continue;
    if (!would_block(errno)) throw_network("cannot receive", errno, Phase::receive);
    if (has(flags, MessageFlags::dontwait))
      throw TimeoutError("nothing to receive", EAGAIN, Phase::receive);
    wait(false, deadline);
  }
}

std::size_t Socket::send(std::string_view data, MessageFlags flags) {
  return send(std::span<const std::string_view>(&data, 1), flags);
}

std::size_t Socket::send(std::span<const std::string_view> parts, MessageFlags flags) {
  std::array<iovec, 64> vectors;
  const std::size_t count = std::min(parts.size(), vectors.size());
  for (std::size_t i = 0; i < count; ++i)
    vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  const Deadline deadline = call_deadline();
  for (;;) {
    const ssize_t n = ::sendmsg(fd_, &message, native(flags) | MSG_NOSIGNAL);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EINTR) continue;
    if (!would_block(errno)) throw_network("cannot send", errno, Phase::send);
    if (has(flags, MessageFlags::dontwait))
      throw TimeoutError("the buffer is full", EAGAIN, Phase::send);
    wait(true, deadline);
  }
}

std::size_t Socket::sendto(std::string_view data, const Address& to, MessageFlags flags) {
  const Deadline deadline = call_deadline();
  for (;;) {
    const ssize_t n =
        ::sendto(fd_, data.data(), data.size(), native(flags) | MSG_NOSIGNAL,
                 static_cast<const sockaddr*>(to.data()), static_cast<socklen_t>(to.size()));
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EINTR) continue;
    if (!would_block(errno)) {
      throw_network("cannot send to " + to.to_string(), errno, Phase::send, to.to_string());
    }
    if (has(flags, MessageFlags::dontwait))
      throw TimeoutError("the buffer is full", EAGAIN, Phase::send);
    wait(true, deadline);
  }
}

void Socket::send_all(std::string_view data) {
  while (!data.empty()) data.remove_prefix(send(data));
}

void Socket::send_all(std::span<const std::string_view> parts) {
  std::vector<std::string_view> left(parts.begin(), parts.end());
  std::size_t first = 0;
  while (first < left.size()) {
    std::size_t sent = left[first].empty() ? 0 : send(std::span(left).subspan(first));
    while (first < left.size() && sent >= left[first].size()) sent -= left[first++].size();
    if (sent > 0) left[first].remove_prefix(sent);
  }
}

template <typename T>
T Socket::getsockopt(SocketOption<T> option) const {
  decltype(to_kernel(T{})) raw{};
  socklen_t size = sizeof raw;
  if (::getsockopt(fd_, option.level, option.name, &raw, &size) != 0)
    throw_network("getsockopt", errno, Phase::none);
  T value{};
  from_kernel(raw, value);
  return value;
}

template <typename T>
void Socket::set_option(SocketOption<T> option, const T& value) {
  const auto raw = to_kernel(value);
  if (::setsockopt(fd_, option.level, option.name, &raw, sizeof raw) != 0) {
    throw_network("setsockopt", errno, Phase::none);
  }
}

template bool Socket::getsockopt(SocketOption<bool>) const;
template int Socket::getsockopt(SocketOption<int>) const;
template std::chrono::microseconds Socket::getsockopt(
    SocketOption<std::chrono::microseconds>) const;
template Linger Socket::getsockopt(SocketOption<Linger>) const;
template void Socket::set_option(SocketOption<bool>, const bool&);
template void Socket::set_option(SocketOption<int>, const int&);
template void Socket::set_option(SocketOption<std::chrono::microseconds>,
                                 const std::chrono::microseconds&);
template void Socket::set_option(SocketOption<Linger>, const Linger&);

Address Socket::getsockname() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    throw_network("getsockname", errno, Phase::none);
  }
  return Address::from_raw(&storage, size);
}

Address Socket::getpeername() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(fd_, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    throw_network("getpeername", errno, Phase::none);
  }
  return Address::from_raw(&storage, size);
}

void Socket::shutdown(How how) {
  const int native_how = how == How::read ? SHUT_RD : how == How::write ? SHUT_WR : SHUT_RDWR;
  if (::shutdown(fd_, native_how) != 0 && errno != ENOTCONN)
    throw_network("shutdown", errno, Phase::close);
}

void Socket::settimeout(std::optional<std::chrono::milliseconds> timeout) {
  const int flags = ::fcntl(fd_, F_GETFL);
  const int wanted = timeout ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (flags < 0 || (wanted != flags && ::fcntl(fd_, F_SETFL, wanted) != 0)) {
    throw_network("settimeout", errno, Phase::none);
  }
  timeout_ = timeout;
}

}  // namespace proto
