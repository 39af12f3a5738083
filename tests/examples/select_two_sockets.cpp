// Waiting for two sockets with a time-out of five seconds (Listing 15): S7, S12.
#include <cstdio>
#include <string>

#include "proto/selector.h"

using proto::Family;
using proto::Socket;
using proto::SocketType;

int main() {
  using namespace std::chrono_literals;
  Socket first(Family::ipv4, SocketType::datagram), second(Family::ipv4, SocketType::datagram);
  for (Socket* socket : {&first, &second}) socket->bind({"127.0.0.1", 0});

  Socket sender(Family::ipv4, SocketType::datagram);
  sender.sendto("for the second", second.getsockname());

  const auto [readable, writable, failed] = proto::select({first, second}, {}, {}, 5s);
  if (readable.empty()) return 1;  // five seconds without a word
  std::string heard;
  for (const proto::Descriptor ready : readable) {
    if (ready == first) std::printf("first: %s\n", first.recv(100).c_str());
    if (ready == second) std::printf("second: %s\n", (heard = second.recv(100)).c_str());
  }
  return heard == "for the second" ? 0 : 1;
}
