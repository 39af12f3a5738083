// Temporary folders, and ports on loopback.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "support/process.h"

namespace proto::test {

namespace {

[[noreturn]] void fail_with_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

int new_socket(int family, int flags) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (fd < 0) fail_with_errno("socket");
  return fd;
}

// A socket bound to a free port, which it tells.
int bound_socket(std::uint16_t& port) {
  const int fd = new_socket(AF_INET, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    fail_with_errno("bind");
  }
  port = ntohs(address.sin_port);
  return fd;
}

bool accepts(const sockaddr* address, socklen_t size) {
  const int fd = new_socket(address->sa_family, 0);
  const bool ok = ::connect(fd, address, size) == 0;
  ::close(fd);
  return ok;
}

void wait_until_accepts(const sockaddr* address, socklen_t size, const std::string& name,
                        Child* child, std::chrono::seconds bound) {
  const bool up = wait_until(
      [&] {
        if (child != nullptr && !child->running())
          throw std::runtime_error("the server for " + name +
                                   " ended: " + child->wait().describe());
        return accepts(address, size);
      },
      bound);
  if (!up) throw std::runtime_error("nothing accepts on " + name);
}

}  // namespace

TempFolder::TempFolder() {
  path_ = (std::filesystem::temp_directory_path() / "libproto-test-XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) fail_with_errno("mkdtemp");
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::write(std::string_view name, std::string_view content) const {
  const std::string path = file(name);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream out(path, std::ios::binary);
  out << content;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path);
  return path;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::uint16_t free_port() {
  std::uint16_t port = 0;
  ::close(bound_socket(port));
  return port;
}

bool wait_until(const std::function<bool()>& condition, std::chrono::seconds bound) {
  const auto end = std::chrono::steady_clock::now() + bound;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

void wait_for_port(std::uint16_t port, Child* child, std::chrono::seconds bound) {
  const sockaddr_in address = loopback(port);
  wait_until_accepts(reinterpret_cast<const sockaddr*>(&address), sizeof address,
                     "port " + std::to_string(port), child, bound);
}

void wait_for_socket(const std::string& path, Child* child, std::chrono::seconds bound) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  wait_until_accepts(reinterpret_cast<const sockaddr*>(&address), sizeof address, path, child,
                     bound);
}

RefusingPort::RefusingPort() : fd_(bound_socket(port_)) {}

RefusingPort::~RefusingPort() {
  ::close(fd_);
}

// The queue of a listener with backlog 0 takes one connection; SYNs that find it full are dropped.
BlackHole::BlackHole() {
  fds_.push_back(bound_socket(port_));
  if (::listen(fds_[0], 0) != 0) fail_with_errno("listen");
  const sockaddr_in address = loopback(port_);
  while (true) {
    const int fd = new_socket(AF_INET, SOCK_NONBLOCK);
    fds_.push_back(fd);
    ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    // On loopback a handshake that can succeed has done so when connect() returns.
    pollfd ready{fd, POLLOUT, 0};
    if (::poll(&ready, 1, 0) == 0) return;
  }
}

BlackHole::~BlackHole() {
  for (const int fd : fds_) ::close(fd);
}

}  // namespace proto::test
