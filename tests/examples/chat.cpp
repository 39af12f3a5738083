// The chat server (Listings 16 to 24) and two who talk: S13. A server alone is one line:
//
//   proto::ChatServer(2626).run();
#include <cstdio>
#include <thread>

#include "proto/stream.h"
#include "reference/chatserver/chat_server.h"

int main() {
  proto::ChatServer server(0);  // a free port
  std::thread serving([&server] { server.run(); });

  const auto enter = [&server] {
    return proto::Stream::connect("127.0.0.1", server.address().port(), {});
  };
  auto first = enter();
  std::printf("first hears: %s\n", std::string(first.read_line(1000)).c_str());
  auto second = enter();
  std::printf("first hears: %s\n", std::string(first.read_line(1000)).c_str());
  second.write("Hello, is anyone there?\r\n");
  const std::string heard(first.read_line(1000));
  std::printf("first hears: %s\n", heard.c_str());

  server.stop();
  serving.join();
  return heard.ends_with("] Hello, is anyone there?") ? 0 : 1;
}
