#include "net/connect.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <utility>

#include "base/characters.h"
#include "net/socket_transport.h"
#include "net/system.h"
#include "proto/error.h"
#include "proto/resolver.h"

namespace proto {

namespace {

// RFC 8305 §4: families by turns, the resolver's first choice first.
std::vector<Address> interleaved(const std::vector<Address>& addresses) {
  std::vector<Address> first, second, out;
  for (const Address& a : addresses)
    (a.family() == addresses.front().family() ? first : second).push_back(a);
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

// The attempts under way: one thread starts and polls them, and a Canceller may end them all.
class Race {
 public:
  Race(std::vector<Address> addresses, const ConnectOptions& options)
      : addresses_(std::move(addresses)), options_(options) {
    registration_ = Canceller(options.canceller).on_cancel([this] {
      const std::lock_guard lock(mutex_);
      for (const Running& r : running_) ::shutdown(r.fd, SHUT_RDWR);
    });
  }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;
  ~Race() {
    registration_ = {};
    for (const Running& r : running_) ::close(r.fd);
  }

  // The winner's descriptor, blocking again, and its address; -1 when all have failed.
  std::pair<int, Address> run(Deadline deadline);
  const std::vector<ConnectError::Attempt>& failures() const { return failures_; }
  bool expired() const { return expired_; }

 private:
  struct Running {
    int fd;
    Address address;
  };

  bool start_next();  // true: it is connected already
  void prepare(int fd, const Address& address) const;
  void settle(std::size_t index, int code);
  std::pair<int, Address> take(std::size_t index);
  void fail(const Address& address, int code) {
    failures_.push_back({address.to_string(), code, error_text(code)});
  }

  const std::vector<Address> addresses_;
  const ConnectOptions& options_;
  std::size_t next_ = 0;
  std::mutex mutex_;  // guards running_ against the canceller's thread
  std::vector<Running> running_;
  std::vector<ConnectError::Attempt> failures_;
  bool expired_ = false;
  Canceller::Registration registration_;
};

void Race::prepare(int fd, const Address& address) const {
  const int on = 1;
  // Writes are gathered by us: waiting for more (Nagle) would only cost a delayed ACK's 40 ms.
  if (address.family() != Family::local) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!options_.interface.empty() &&
      ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options_.interface.c_str(),
                   static_cast<socklen_t>(options_.interface.size())) != 0) {
    throw_network("cannot bind to interface " + options_.interface, errno, Phase::connect);
  }
  if (options_.source && options_.source->family() == address.family() &&
      ::bind(fd, static_cast<const sockaddr*>(options_.source->data()),
             static_cast<socklen_t>(options_.source->size())) != 0) {
    throw_network("cannot bind to " + options_.source->to_string(), errno, Phase::connect);
  }
}

bool Race::start_next() {
  const Address& address = addresses_[next_++];
  const int domain = static_cast<const sockaddr*>(address.data())->sa_family;
  const int fd = open_socket(domain, SOCK_STREAM | SOCK_NONBLOCK, Phase::connect);
  {
    const std::lock_guard lock(mutex_);
    running_.push_back({fd, address});
  }
  prepare(fd, address);
  trace_info(options_.trace, "trying " + address.to_string());
  const int n = ::connect(fd, static_cast<const sockaddr*>(address.data()),
                          static_cast<socklen_t>(address.size()));
  if (n == 0) return true;
  if (errno != EINPROGRESS && errno != EINTR) settle(running_.size() - 1, errno);
  return false;
}

void Race::settle(std::size_t index, int code) {
  fail(running_[index].address, code);
  const std::lock_guard lock(mutex_);
  ::close(running_[index].fd);
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
}

std::pair<int, Address> Race::take(std::size_t index) {
  const std::lock_guard lock(mutex_);
  const Running winner = running_[index];
  running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
  ::fcntl(winner.fd, F_SETFL, 0);  // the one flag it had was O_NONBLOCK
  return {winner.fd, winner.address};
}

std::pair<int, Address> Race::run(Deadline deadline) {
  while (next_ < addresses_.size() || !running_.empty()) {
    if (options_.canceller.cancelled()) break;
    Deadline pause = deadline;
    if (next_ < addresses_.size()) {
      if (start_next()) return take(running_.size() - 1);
      if (next_ < addresses_.size()) pause = earlier(deadline, Deadline::after(kAttemptDelay));
    }
    // Until one of them is settled, or the next one's turn has come.
    while (!running_.empty() && !options_.canceller.cancelled()) {
      std::vector<pollfd> polled;
      for (const Running& r : running_) polled.push_back({r.fd, POLLOUT, 0});
      const int n = ::poll(polled.data(), polled.size(), poll_timeout(pause));
      if (n < 0 && errno != EINTR) throw_network("poll", errno, Phase::connect);
      std::size_t settled = 0;
      for (std::size_t i = polled.size(); n > 0 && i-- > 0;) {
        if (polled[i].revents == 0) continue;
        int code = 0;
        socklen_t size = sizeof code;
        if (::getsockopt(polled[i].fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
        if (code == 0 && !options_.canceller.cancelled()) return take(i);
        settle(i, code == 0 ? ECANCELED : code);
        ++settled;
      }
      if (deadline.expired()) {
        expired_ = true;
        for (const Running& r : running_) fail(r.address, ETIMEDOUT);
        return {-1, {}};
      }
      if (settled > 0 || pause.expired()) break;
    }
  }
  return {-1, {}};
}

}  // namespace

std::vector<Address> addresses_for(const std::string& host, std::uint16_t port,
                                   const ConnectOptions& options, Deadline deadline) {
  if (!options.unix_socket.empty()) return {Address::local(options.unix_socket)};
  if (!options.resolve.empty()) {
    for (const std::string& name : {lower(host), std::string("*")}) {
      const auto found = options.resolve.find(name + ":" + std::to_string(port));
      if (found == options.resolve.end() || found->second.empty()) continue;
      std::vector<Address> usable;
      for (const Address& a : found->second) {
        if (options.family == Family::unspecified || a.family() == options.family) {
          usable.push_back(a.port() == 0 ? a.with_port(port) : a);
        }
      }
      if (usable.empty())
        throw ResolveError("cannot resolve " + host + ": no address of that family", host, false);
      return usable;
    }
  }
  Canceller canceller = options.canceller;
  return resolve(host, port, options.family, deadline, &canceller);
}

std::string local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return Address::from_raw(&storage, size).to_string();
}

std::unique_ptr<Transport> connect_first(const std::vector<Address>& addresses,
                                         const std::string& where, const ConnectOptions& options,
                                         Deadline deadline) {
  Race race(interleaved(addresses), options);
  const auto [fd, address] = race.run(deadline);
  if (fd >= 0) {
    trace_info(options.trace, "connected to " + address.to_string());
    return std::make_unique<SocketTransport>(fd, address.to_string(), options.canceller);
  }
  if (options.canceller.cancelled()) {
    throw CancelledError("cancelled: connecting to " + where, ECANCELED, Phase::connect, where);
  }
  if (race.expired()) {
    throw TimeoutError("cannot connect to " + where + ": timed out", ETIMEDOUT, Phase::connect,
                       where);
  }
  const auto& failures = race.failures();
  std::string why;
  if (failures.size() == 1) {
    why = failures.front().reason;
  } else {
    for (const auto& f : failures) why += (why.empty() ? "" : ", ") + f.address + ": " + f.reason;
  }
  throw ConnectError("cannot connect to " + where + ": " + why,
                     failures.empty() ? 0 : failures.back().code, where, failures);
}

}  // namespace proto
