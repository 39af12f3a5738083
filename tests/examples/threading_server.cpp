// A line server with a thread for each connection: rfile and wfile, state handed to each handler,
// errors seen, and an end by a signal (S8).
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "proto/server.h"

// Answers each line with the number of lines that all clients have sent so far.
class Counter : public proto::StreamRequestHandler {
 public:
  explicit Counter(std::atomic<int>* lines) : lines_(lines) {}

 protected:
  void handle() override {
    while (rfile.read_line(1024) != "quit") wfile.write(std::to_string(++*lines_) + "\r\n");
  }

 private:
  std::atomic<int>* lines_;
};

class CountingServer : public proto::TCPServer {
 public:
  using TCPServer::TCPServer;

 protected:
  void handle_error(const proto::Address& peer, const std::exception& error) override {
    std::fprintf(stderr, "%s: %s\n", peer.to_string().c_str(), error.what());
  }
};

int main() {
  std::atomic<int> lines = 0;
  proto::ServerOptions options;
  options.concurrency = proto::Concurrency::threads;
  CountingServer server({"127.0.0.1", 0}, proto::handler<Counter>(&lines), options);
  server.shutdown_on({SIGTERM});  // before threads are started: they inherit who takes the signal
  std::thread serving([&server] { server.serve_forever(); });

  const auto port = server.server_address().port();
  auto first = proto::Stream::connect("127.0.0.1", port, {});
  auto second = proto::Stream::connect("127.0.0.1", port, {});
  first.write("a\r\n");
  std::printf("first: %s\n", std::string(first.read_line(100)).c_str());
  second.write("b\r\n");
  std::printf("second: %s\n", std::string(second.read_line(100)).c_str());
  for (auto* client : {&first, &second}) client->write("quit\r\n");

  kill(getpid(), SIGTERM);
  serving.join();
  return lines == 2 ? 0 : 1;
}
