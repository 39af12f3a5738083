#include "support/delaying_relay.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace proto::test {

namespace {

using Clock = std::chrono::steady_clock;

// What may be on its way in one direction; more is left with the sender, as a full window would.
constexpr std::size_t kMaxInFlight = 16 * 1024 * 1024;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// One direction of one connection.
struct Lane {
  struct Piece {
    Clock::time_point due;
    std::string bytes;  // empty: the end
  };
  int from;
  int to;
  std::deque<Piece> pieces;
  std::size_t in_flight = 0;
  bool ended = false;   // nothing more comes
  bool closed = false;  // and everything went

  bool wants_to_read() const { return !ended && in_flight < kMaxInFlight; }

  // False: the connection is broken.
  bool read(Clock::duration delay) {
    std::array<char, 65536> bytes;
    const ssize_t n = ::recv(from, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    ended = n == 0;
    in_flight += static_cast<std::size_t>(n);
    pieces.push_back(
        {Clock::now() + delay, std::string(bytes.data(), static_cast<std::size_t>(n))});
    return true;
  }

  bool write_what_is_due() {
    while (!pieces.empty() && pieces.front().due <= Clock::now()) {
      std::string& bytes = pieces.front().bytes;
      if (bytes.empty()) {
        ::shutdown(to, SHUT_WR);
        closed = true;
      } else {
        const ssize_t n = ::send(to, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN || errno == EINTR;
        in_flight -= static_cast<std::size_t>(n);
        bytes.erase(0, static_cast<std::size_t>(n));
        if (!bytes.empty()) return true;
      }
      pieces.pop_front();
    }
    return true;
  }

  // Something is due, and only the receiver's full buffer is in the way.
  bool blocked() const { return !pieces.empty() && pieces.front().due <= Clock::now(); }
};

struct Connection {
  std::array<Lane, 2> lanes;
  bool broken = false;

  Connection(int client, int server) : lanes{{{client, server, {}}, {server, client, {}}}} {
    for (const int fd : {client, server}) {
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
  }
  ~Connection() {
    for (const Lane& lane : lanes) ::close(lane.from);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool over() const { return broken || (lanes[0].closed && lanes[1].closed); }
};

// Waits for the descriptors, or for `due`.
void wait(std::vector<pollfd>& fds, std::optional<Clock::time_point> due) {
  timespec timeout{};
  if (due) {
    const auto left = std::max(Clock::duration::zero(), *due - Clock::now());
    const auto ns = std::chrono::nanoseconds(left).count();
    timeout = {ns / 1'000'000'000, ns % 1'000'000'000};
  }
  ::ppoll(fds.data(), fds.size(), due ? &timeout : nullptr, nullptr);
}

}  // namespace

DelayingRelay::DelayingRelay(std::uint16_t upstream, std::chrono::microseconds round_trip)
    : upstream_(upstream) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  stop_fd_ = ::eventfd(0, EFD_CLOEXEC);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (listener_ < 0 || stop_fd_ < 0 ||
      ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 128) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "relay");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, round_trip] { run(round_trip / 2); });
}

DelayingRelay::~DelayingRelay() {
  const std::uint64_t one = 1;
  if (::write(stop_fd_, &one, sizeof one) != sizeof one) std::abort();
  thread_.join();
  ::close(stop_fd_);
  ::close(listener_);
}

void DelayingRelay::run(std::chrono::microseconds delay) {
  std::list<Connection> connections;
  while (true) {
    std::vector<pollfd> fds = {{stop_fd_, POLLIN, 0}, {listener_, POLLIN, 0}};
    std::optional<Clock::time_point> due;
    for (const Connection& connection : connections) {
      for (const Lane& lane : connection.lanes) {
        if (lane.wants_to_read()) fds.push_back({lane.from, POLLIN, 0});
        if (lane.blocked()) {
          fds.push_back({lane.to, POLLOUT, 0});
        } else if (!lane.pieces.empty()) {
          due = std::min(due.value_or(Clock::time_point::max()), lane.pieces.front().due);
        }
      }
    }
    wait(fds, due);
    if (fds[0].revents != 0) return;
    if (fds[1].revents != 0) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = loopback(upstream_);
      connections.emplace_back(client, server);
      connections.back().broken =
          ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
    }
    for (Connection& connection : connections) {
      for (Lane& lane : connection.lanes) {
        const bool ok = (!lane.wants_to_read() || lane.read(delay)) && lane.write_what_is_due();
        connection.broken = connection.broken || !ok;
      }
    }
    connections.remove_if([](const Connection& connection) { return connection.over(); });
  }
}

}  // namespace proto::test
