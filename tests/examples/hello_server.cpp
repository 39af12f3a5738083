// The hello server (the tutorial's Listing 2): ten lines, and a client that reads what it says.
#include <cstdio>
#include <thread>

#include "proto/server.h"

struct Hello : proto::StreamRequestHandler {
  void handle() override { wfile.write("Hello World!\n"); }
};

int main() {
  proto::TCPServer server({"127.0.0.1", 0}, proto::handler<Hello>());  // port 0: a free one
  std::thread serving([&server] { server.serve_forever(); });

  proto::Socket client(proto::Family::ipv4);
  client.connect(server.server_address());
  const std::string greeting = client.recv(100, proto::MessageFlags::waitall);
  std::printf("%s", greeting.c_str());

  server.shutdown();
  serving.join();
  return greeting == "Hello World!\n" ? 0 : 1;
}
