// A chat server in a thread of the test, its transcript, and clients.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "proto/error.h"
#include "proto/stream.h"
#include "reference/chatserver/chat_server.h"
#include "support/process.h"
#include "support/running_server.h"

namespace proto::test {

inline constexpr std::string_view kGreeting = "You're connected to the libproto chatserver";

// Runs until it goes, or stop().
class ChatRoom {
 public:
  explicit ChatRoom(ChatOptions options = {})
      : server_(with_transcript(std::move(options))), thread_([this] { server_.run(); }) {}
  ~ChatRoom() { stop(); }
  ChatRoom(const ChatRoom&) = delete;
  ChatRoom& operator=(const ChatRoom&) = delete;

  ChatServer& server() { return server_; }
  const Address& address() const { return server_.address(); }
  // Returns when run() has.
  void stop() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
    if (transcript_fd_ >= 0) ::close(std::exchange(transcript_fd_, -1));
  }
  // All that is on it by now.
  std::string transcript() const { return read_file(folder_.file("transcript")); }

 private:
  ChatOptions with_transcript(ChatOptions options) {
    transcript_fd_ =
        ::open(folder_.write("transcript", "").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    options.transcript = transcript_fd_;
    options.address = options.address.with_port(0);
    return options;
  }

  TempFolder folder_;
  int transcript_fd_ = -1;
  ChatServer server_;
  std::thread thread_;
};

// Somebody in the room. The line that greets it is taken.
class ChatClient {
 public:
  explicit ChatClient(const ChatRoom& room) : ChatClient(room.address()) {}
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
