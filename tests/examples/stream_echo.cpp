// Stream echo server and client (Listings 9 and 10), socket by socket: S1, S3, S4, S10.
#include <cstdio>
#include <string>
#include <thread>

#include "proto/socket.h"

using proto::Address;
using proto::Family;
using proto::Socket;

void serve_one(Socket& server) {
  auto [client, peer] = server.accept();
  std::printf("connection from %s\n", peer.to_string().c_str());
  for (std::string data; !(data = client.recv(100)).empty();) client.send_all(data);
}  // closes it

int main() {
  Socket server(Family::ipv4);
  server.setsockopt(proto::so::reuseaddr, true);
  server.bind({"127.0.0.1", 0});
  server.listen(1);
  std::thread serving([&server] { serve_one(server); });

  std::string echoed;
  {
    Socket client(Family::ipv4);
    client.connect(server.getsockname());
    client.send_all("Hello World\n");
    echoed = client.recv(100);
    std::printf("%s", echoed.c_str());
  }
  serving.join();
  return echoed == "Hello World\n" ? 0 : 1;
}
