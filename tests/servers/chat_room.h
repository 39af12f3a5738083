// A chat server in a thread of the test, and its transcript.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>

#include "reference/chatserver/chat_server.h"
#include "support/chat_client.h"
#include "support/process.h"

namespace proto::test {

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

}  // namespace proto::test
