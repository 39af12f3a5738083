// A peer to compare with: a chat server by epoll that sends each line to each client by itself, as
// most do. Prints its port.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <map>
#include <string>

namespace {

struct Client {
  std::string name;
  std::string input;
};

std::map<int, Client> clients;

void tell_others(int from, const std::string& line) {
  for (const auto& [fd, client] : clients) {
    if (fd != from) ::send(fd, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
}

void join(int listener, int epoll) {
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  const int fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC);
  if (fd < 0) return;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::string name = "127.0.0.1:" + std::to_string(ntohs(peer.sin_port));
  const std::string greeting = "You're connected to the epoll chatserver\r\n";
  ::send(fd, greeting.data(), greeting.size(), MSG_NOSIGNAL);
  tell_others(fd, "Client joined " + name + "\r\n");
  clients[fd].name = name;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

void hear(int fd) {
  static std::array<char, 16384> buffer;
  const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  Client& client = clients[fd];
  if (n <= 0) {
    const std::string name = client.name;
    clients.erase(fd);
    ::close(fd);
    tell_others(-1, "Client left " + name + "\r\n");
    return;
  }
  client.input.append(buffer.data(), static_cast<std::size_t>(n));
  std::size_t begin = 0;
  for (std::size_t end; (end = client.input.find('\n', begin)) != std::string::npos;
       begin = end + 1)
    tell_others(fd, "[" + client.name + "] " + client.input.substr(begin, end - begin) + "\r\n");
  client.input.erase(0, begin);
}

}  // namespace

int main() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener, 4096) != 0)
    return 1;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("started on port %d\n", ntohs(address.sin_port));
  std::fflush(stdout);

  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    std::array<epoll_event, 256> events;
    const int n = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        join(listener, epoll);
      } else {
        hear(fd);
      }
    }
  }
}
