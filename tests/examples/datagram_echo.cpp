// Datagram echo server and client (Listings 11 and 12), and a datagram socket that is connected,
// and connected again to another peer: S1, S3, S4, S10.
#include <cstdio>
#include <string>
#include <thread>

#include "proto/socket.h"

using proto::Address;
using proto::Family;
using proto::Socket;
using proto::SocketType;

Socket bound() {
  Socket socket(Family::ipv4, SocketType::datagram);
  socket.bind({"127.0.0.1", 0});
  return socket;
}

// Sends back `count` datagrams.
void echo(Socket& server, int count) {
  for (int i = 0; i < count; ++i) {
    const auto [data, from] = server.recvfrom(1024);
    server.sendto(data, from);
  }
}

int main() {
  Socket one = bound(), other = bound();
  std::thread first([&one] { echo(one, 2); });
  std::thread second([&other] { echo(other, 1); });

  Socket client(Family::ipv4, SocketType::datagram);
  client.sendto("Hello World\n", one.getsockname());
  const auto [echoed, from] = client.recvfrom(100);
  std::printf("%s", echoed.c_str());

  client.connect(one.getsockname());
  client.send("to one");
  const std::string from_one = client.recv(100);
  client.connect(other.getsockname());
  client.send("to the other");
  const std::string from_other = client.recv(100);

  first.join();
  second.join();
  return echoed == "Hello World\n" && from_one == "to one" && from_other == "to the other" ? 0 : 1;
}
