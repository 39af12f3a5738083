// A UDPServer that sends each datagram back in capitals (S8), with a handler that is a function.
#include <cctype>
#include <cstdio>
#include <thread>

#include "proto/server.h"

int main() {
  proto::UDPServer server({"127.0.0.1", 0}, [](proto::Datagram& datagram) {
    for (char& c : datagram.packet) c = static_cast<char>(std::toupper(c));
    datagram.reply(datagram.packet);
  });
  std::thread serving([&server] { server.serve_forever(); });

  proto::Socket client(proto::Family::ipv4, proto::SocketType::datagram);
  client.sendto("hello", server.server_address());
  const auto [answer, from] = client.recvfrom(100);
  std::printf("%s from %s\n", answer.c_str(), from.to_string().c_str());

  server.shutdown();
  serving.join();
  return answer == "HELLO" ? 0 : 1;
}
