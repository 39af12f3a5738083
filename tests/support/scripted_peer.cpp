#include "support/scripted_peer.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "base/characters.h"
#include "support/process.h"

namespace proto::test {

namespace {

constexpr std::size_t kMaxRecorded = 1024 * 1024;

[[noreturn]] void fail_with_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int listen_on(ScriptedPeer::On on, const std::string& path) {
  const int family = on == ScriptedPeer::On::ipv4   ? AF_INET
                     : on == ScriptedPeer::On::ipv6 ? AF_INET6
                                                    : AF_UNIX;
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_with_errno("peer: socket");
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  sockaddr_un local{};
  const sockaddr* address = reinterpret_cast<const sockaddr*>(&v4);
  socklen_t size = sizeof v4;
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (on == ScriptedPeer::On::ipv6) {
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    address = reinterpret_cast<const sockaddr*>(&v6);
    size = sizeof v6;
  } else if (on == ScriptedPeer::On::local) {
    local.sun_family = AF_UNIX;
    path.copy(local.sun_path, sizeof local.sun_path - 1);
    address = reinterpret_cast<const sockaddr*>(&local);
    size = sizeof local;
  }
  if (::bind(fd, address, size) != 0 || ::listen(fd, 128) != 0) fail_with_errno("peer: listen");
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  if (storage.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
  if (storage.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(storage).sin6_port);
  return 0;
}

}  // namespace

struct ScriptedPeer::State {
  struct Connection {
    std::thread thread;
    std::string received;
    PeerCounts counts;
  };

  On on = On::ipv4;
  TempFolder folder;  // holds the Unix socket
  std::string host;
  int listener = -1;
  int stop_fd = -1;
  std::vector<Script> scripts;
  bool forever = false;
  bool finished = false;

  mutable std::mutex mutex;  // guards what follows
  std::deque<Connection> connections;
  std::vector<std::string> failures;

  std::thread acceptor;  // last: it uses all of the above

  void accept_all();
  void converse(std::size_t number, int fd, const Script& script);
  void fail(std::size_t number, const std::string& what);
};

void ScriptedPeer::State::fail(std::size_t number, const std::string& what) {
  const std::lock_guard lock(mutex);
  failures.push_back("ScriptedPeer: connection " + std::to_string(number + 1) + ": " + what);
}

// Connections wait in the kernel's queue before connect() returns, so one that was made before
// `stop_fd` was set is always seen.
void ScriptedPeer::State::accept_all() {
  while (true) {
    pollfd fds[] = {{listener, POLLIN, 0}, {stop_fd, POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0) continue;
    if (fds[0].revents == 0) return;
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const std::lock_guard lock(mutex);
    const std::size_t number = connections.size();
    if (!forever && number >= scripts.size()) {
      failures.push_back("ScriptedPeer: a connection that is not in the script");
      ::close(fd);
      continue;
    }
    const Script& script = forever ? scripts.front() : scripts[number];
    connections.emplace_back();
    connections.back().thread =
        std::thread([this, number, fd, &script] { converse(number, fd, script); });
  }
}

void ScriptedPeer::State::converse(std::size_t number, int fd, const Script& script) {
  PeerConnection connection(fd, stop_fd);
  connection.on_received = [&](std::string_view bytes, PeerCounts counts) {
    const std::lock_guard lock(mutex);
    std::string& all = connections[number].received;
    all.append(bytes.substr(0, kMaxRecorded - std::min(kMaxRecorded, all.size())));
    connections[number].counts = counts;
  };
  std::size_t done = 0;
  std::string name;
  try {
    for (const Step& step : script) {
      name = step.name;
      ++done;
      step.run(connection);
    }
    name = "the script's end";
    if (connection.is_open()) test::close().run(connection);
  } catch (const std::exception& e) {
    fail(number, "step " + std::to_string(done) + ", " + name + ": " + e.what());
  }
}

ScriptedPeer::ScriptedPeer(On on, std::vector<Script> scripts, bool forever)
    : state_(std::make_unique<State>()) {
  state_->on = on;
  state_->scripts = std::move(scripts);
  state_->forever = forever;
  state_->host = on == On::ipv4   ? "127.0.0.1"
                 : on == On::ipv6 ? "::1"
                                  : state_->folder.path() + "/socket";
  state_->listener = listen_on(on, state_->host);
  state_->stop_fd = ::eventfd(0, EFD_CLOEXEC);
  if (state_->stop_fd < 0) fail_with_errno("peer: eventfd");
  state_->acceptor = std::thread([state = state_.get()] { state->accept_all(); });
}

ScriptedPeer::ScriptedPeer(Script script, On on)
    : ScriptedPeer(on, std::vector<Script>{std::move(script)}, false) {}
ScriptedPeer::ScriptedPeer(std::initializer_list<Script> scripts)
    : ScriptedPeer(On::ipv4, std::vector<Script>(scripts), false) {}
ScriptedPeer::ScriptedPeer(On on, std::vector<Script> scripts)
    : ScriptedPeer(on, std::move(scripts), false) {}

ScriptedPeer ScriptedPeer::forever(Script script, On on) {
  return ScriptedPeer(on, std::vector<Script>{std::move(script)}, true);
}

ScriptedPeer::~ScriptedPeer() {
  finish();
  ::close(state_->listener);
  ::close(state_->stop_fd);
}

void ScriptedPeer::finish() {
  if (std::exchange(state_->finished, true)) return;
  const std::uint64_t one = 1;
  if (::write(state_->stop_fd, &one, sizeof one) != sizeof one) std::abort();
  state_->acceptor.join();
  // Nobody adds connections any more.
  for (State::Connection& connection : state_->connections) connection.thread.join();
  for (const std::string& failure : state_->failures) ADD_FAILURE() << failure;
  if (!state_->forever && state_->connections.size() < state_->scripts.size()) {
    ADD_FAILURE() << "ScriptedPeer: " << state_->connections.size() << " connections came, "
                  << state_->scripts.size() << " are in the script";
  }
}

const std::string& ScriptedPeer::host() const {
  return state_->host;
}

std::uint16_t ScriptedPeer::port() const {
  return port_of(state_->listener);
}

std::string ScriptedPeer::address() const {
  if (state_->on == On::local) return host();
  const std::string bracketed = state_->on == On::ipv6 ? "[" + host() + "]" : host();
  return bracketed + ":" + std::to_string(port());
}

std::size_t ScriptedPeer::connections() const {
  const std::lock_guard lock(state_->mutex);
  return state_->connections.size();
}

std::string ScriptedPeer::received(std::size_t connection) const {
  const std::lock_guard lock(state_->mutex);
  return connection < state_->connections.size() ? state_->connections[connection].received : "";
}

PeerCounts ScriptedPeer::counts(std::size_t connection) const {
  const std::lock_guard lock(state_->mutex);
  return connection < state_->connections.size() ? state_->connections[connection].counts
                                                 : PeerCounts();
}

}  // namespace proto::test
