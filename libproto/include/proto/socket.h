// One socket, with the calls that Python's socket module has, under the same names.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/address.h"
#include "proto/deadline.h"

namespace proto {

enum class SocketType { stream, datagram };

// A socket option and the type of its value: setsockopt(so::reuseaddr, 5) does not compile.
template <typename T>
struct SocketOption {
  int level;
  int name;
};

// SO_LINGER's value. Nothing: off.
using Linger = std::optional<std::chrono::seconds>;

namespace so {
extern const SocketOption<bool> reuseaddr, reuseport, keepalive, broadcast, oobinline, nodelay,
    cork, v6only;
extern const SocketOption<int> sndbuf, rcvbuf, type, error, rcvlowat, keepidle, keepintvl, keepcnt,
    notsent_lowat, user_timeout;
extern const SocketOption<std::chrono::microseconds> rcvtimeo, sndtimeo;
extern const SocketOption<Linger> linger;
}  // namespace so

// Flags of recv and send.
enum class MessageFlags : int { none = 0, peek = 1, dontwait = 2, waitall = 4, oob = 8 };
constexpr MessageFlags operator|(MessageFlags a, MessageFlags b) {
  return static_cast<MessageFlags>(static_cast<int>(a) | static_cast<int>(b));
}

// Move-only; closes itself. Never inherited by a program that is executed, never raises SIGPIPE;
// unless adopted, never one of the descriptors 0 to 2. Calls are retried on EINTR. What the system
// refuses is a NetworkError; what would block past settimeout() is a TimeoutError. One thread at a
// time, but shutdown() may come from another.
class Socket {
 public:
  struct Accepted;

  Socket() noexcept = default;  // no descriptor
  // Family::unspecified is IPv4.
  explicit Socket(Family family, SocketType type = SocketType::stream);
  // Adopts `fd`: it is closed with this object. Throws NetworkError where it is not a socket.
  static Socket fromfd(int fd);
  // Two connected Unix stream sockets.
  static std::pair<Socket, Socket> pair();
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)), timeout_(other.timeout_) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { close(); }

  // A Unix socket's path is made with it and stays; unlink it first where an old one is in the way.
  void bind(const Address& address);
  void listen(int backlog = 1024);
  // The socket and the peer's address.
  Accepted accept();
  // A datagram socket may be connected again, to another peer, or to Address() for none.
  void connect(const Address& address);

  // At most `size` bytes, fewer as they come; empty: the peer closed (stream) or an empty datagram.
  std::string recv(std::size_t size, MessageFlags flags = MessageFlags::none);
  std::size_t recv_into(std::span<char> into, MessageFlags flags = MessageFlags::none);
  // Scatter: fills the spans in order.
  std::size_t recv_into(std::span<const std::span<char>> into,
                        MessageFlags flags = MessageFlags::none);
  std::pair<std::string, Address> recvfrom(std::size_t size,
                                           MessageFlags flags = MessageFlags::none);
  // How many bytes went.
  std::size_t send(std::string_view data, MessageFlags flags = MessageFlags::none);
  // Gather: sends the parts in order, in one call.
  std::size_t send(std::span<const std::string_view> parts,
                   MessageFlags flags = MessageFlags::none);
  std::size_t sendto(std::string_view data, const Address& to,
                     MessageFlags flags = MessageFlags::none);
  // Returns when everything went.
  void send_all(std::string_view data);
  void send_all(std::span<const std::string_view> parts);

  template <typename T>
  T getsockopt(SocketOption<T> option) const;
  template <typename T, std::same_as<T> Value>
  void setsockopt(SocketOption<T> option, Value value) {
    set_option(option, value);
  }

  Address getsockname() const;
  Address getpeername() const;
  enum class How { read, write, both };
  void shutdown(How how);
  // Bounds each blocking call; nothing: no bound; zero: calls never block.
  void settimeout(std::optional<std::chrono::milliseconds> timeout);

  int fileno() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }
  // Gives the descriptor away.
  int detach() noexcept { return std::exchange(fd_, -1); }
  void close() noexcept;  // may be called again

 private:
  template <typename T>
  void set_option(SocketOption<T> option, const T& value);
  void wait(bool write, Deadline deadline) const;
  Deadline call_deadline() const;
  int fd_ = -1;
  std::optional<std::chrono::milliseconds> timeout_;
};

struct Socket::Accepted {
  Socket socket;
  Address peer;
};

}  // namespace proto
