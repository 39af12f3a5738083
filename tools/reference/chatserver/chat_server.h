// A chat room: what one client says, all others hear. ChatServer(2626).run() is a whole server.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto/address.h"
#include "proto/selector.h"
#include "proto/socket.h"
#include "reference/chatserver/output.h"
#include "reference/chatserver/team.h"
#include "reference/chatserver/transcript.h"

namespace proto {

struct ChatOptions {
  Address address{"127.0.0.1", 2626};
  std::size_t max_clients = 0;  // 0: as many as the process may have descriptors
  // Bytes. Who sends a longer line, or leaves more unread, is cut off.
  std::size_t max_line = 8 * 1024;
  std::size_t max_output = 256 * 1024;
  // A line that has begun must end within it.
  std::chrono::milliseconds line_time{std::chrono::minutes(1)};
  // Who neither says nor hears anything is cut off after it; zero: never. Peers that are gone
  // without a word are found within two minutes by TCP's own probes.
  std::chrono::milliseconds idle_time{std::chrono::hours(1)};
  // How long stop() gives the clients to take what is still for them.
  std::chrono::milliseconds drain{std::chrono::seconds(5)};
  // Threads that send; 0: one a core, at most four.
  std::size_t threads = 0;
  // Where the transcript goes; -1: nowhere.
  int transcript = 1;
};

// One thread runs an event loop in turns. A turn receives from those who have spoken, a bounded
// share from each, puts what they said into one text, and sends every client its part of that with
// one call. Nobody is waited for: what a client does not take is kept for it, up to a limit.
class ChatServer {
 public:
  // On loopback. Throws NetworkError. Raises the process's limit of descriptors as far as it may.
  explicit ChatServer(std::uint16_t port);
  explicit ChatServer(ChatOptions options);
  ~ChatServer();
  ChatServer(const ChatServer&) = delete;
  ChatServer& operator=(const ChatServer&) = delete;

  const Address& address() const noexcept { return address_; }
  // Until stop(). Says on the transcript that it started, and where.
  void run();
  // Takes no more clients and no more lines, delivers what was said, and has run() return. From any
  // thread, and from a signal handler.
  void stop() noexcept;
  // Has these signals call stop(). The second one has the effect it had before.
  void stop_on(std::initializer_list<int> signals);
  // False: a part of the transcript could not be written.
  bool transcript_is_good() const noexcept { return transcript_.is_good(); }

 private:
  struct Client;
  using Clock = Deadline::Clock;

  void accept_some();
  void join(Socket socket, const Address& peer);
  void turn();
  void gather();
  void receive_some();
  void receive(Client& client);
  std::size_t take_lines(Client& client, std::string_view data, std::size_t scanned);
  void say(Client& client, std::string_view line);
  void tell_others(Client& about, std::string_view text);
  void send_pending(Client& client);
  void leave(Client& client, bool with_rest);
  void flush();
  void deliver(Client& client, const SharedText& turn);
  void settle(std::size_t index);
  void sweep();
  void drain();

  ChatOptions options_;
  Socket listener_;
  Address address_;
  Selector selector_;
  Transcript transcript_;
  Team team_;
  SharedText greeting_;
  std::atomic<bool> stopping_ = false;
  Clock::time_point now_ = Clock::now();  // of this turn
  Clock::duration flush_time_{};          // of the last turn
  std::string turn_;                      // what is said in this turn, with CRLF
  std::vector<std::unique_ptr<Client>> clients_;
  std::deque<Client*> ready_;  // have something to say, first come first served
  std::vector<char> buffer_;
};

}  // namespace proto
