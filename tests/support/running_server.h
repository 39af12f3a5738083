// A server in a thread of the test, and clients for it.
#pragma once

#include <string>
#include <thread>

#include "proto/server.h"

namespace proto::test {

// Runs serve_forever() until it goes.
class Running {
 public:
  explicit Running(BaseServer& server)
      : server_(server), thread_([&server] { server.serve_forever(); }) {}
  ~Running() { stop(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  // Returns when serve_forever() has.
  void stop() {
    server_.shutdown();
    if (thread_.joinable()) thread_.join();
  }

 private:
  BaseServer& server_;
  std::thread thread_;
};

inline Socket connected_to(const Address& address) {
  Socket socket(address.family());
  socket.settimeout(std::chrono::seconds(30));
  socket.connect(address);
  return socket;
}

// All that comes, to the end of the stream.
inline std::string receive_all(Socket& socket) {
  std::string all;
  for (std::string piece; !(piece = socket.recv(65536)).empty();) all += piece;
  return all;
}

// Exactly `size` bytes, or less at the end of the stream.
inline std::string receive_exactly(Socket& socket, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const std::string piece = socket.recv(size - all.size());
    if (piece.empty()) break;
    all += piece;
  }
  return all;
}

}  // namespace proto::test
