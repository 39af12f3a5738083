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

// 12 MB of lines from `speaker`, while `deaf` never reads: `listener` hears each, and that `deaf`
// left. No line is said before the listener has heard those before: it is never a slow one itself.
inline void talk_past_the_deaf(ChatClient& speaker, ChatClient& listener, const std::string& deaf) {
  const std::string line(4000, 'x');
  constexpr int kBatch = 16;  // lines: far below the 256 KiB that the server keeps for a client
  std::string batch;
  for (int i = 0; i < kBatch; ++i) batch += line + "\n";
  bool left = false;
  for (int i = 0; i < 3008; ++i) {
    if (i % kBatch == 0) speaker.say(batch);
    std::string heard = listener.hear();
    if (heard == "Client left " + deaf) {
      left = true;
      heard = listener.hear();
    }
    ASSERT_EQ(heard, "[" + speaker.name() + "] " + line);
  }
  EXPECT_TRUE(left || listener.hear() == "Client left " + deaf);
}

}  // namespace proto::test
