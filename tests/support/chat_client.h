// Somebody in a chat room.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "proto/error.h"
#include "proto/stream.h"
#include "support/running_server.h"

namespace proto::test {

inline constexpr std::string_view kGreeting = "You're connected to the libproto chatserver";

// The line that greets it is taken.
class ChatClient {
 public:
  explicit ChatClient(const auto& room) : ChatClient(Address(room.address())) {}
  explicit ChatClient(const Address& address) {
    Socket socket = connected_to(address);
    name_ = socket.getsockname().to_string();
    fd_ = socket.fileno();
    stream_ = Stream(make_transport(std::move(socket)), std::chrono::seconds(60));
    EXPECT_EQ(hear(), kGreeting);
  }

  // As others see it: "127.0.0.1:4711".
  const std::string& name() const { return name_; }
  void say(std::string_view text) { stream_.write(text); }
  // The next line.
  std::string hear() { return std::string(stream_.read_line(64 * 1024)); }
  // The next line that is no notice of who joins or leaves.
  std::string hear_talk() {
    for (;;) {
      std::string line = hear();
      if (line.starts_with('[')) return line;
    }
  }
  // Reads until the server ends the connection, one way or the other; what was read.
  std::string hear_out() {
    std::string all;
    try {
      do {
        all += stream_.peek();
        stream_.consume(stream_.peek().size());
      } while (stream_.fill());
    } catch (const TimeoutError&) {
      throw;
    } catch (const NetworkError&) {
      // A reset.
    }
    return all;
  }
  void end_talking() { stream_.transport()->shutdown_write(); }
  void leave() { stream_.close(); }
  int fileno() const { return fd_; }

 private:
  std::string name_;
  int fd_ = -1;
  Stream stream_;
};

}  // namespace proto::test
