// A peer that keeps to a script: it listens on loopback, and each connection that comes runs its
// script on a thread of its own. What the client does otherwise than the script says becomes a
// failure of the test.
//
//   ScriptedPeer peer({send("+OK hi\r\n"), expect_line("USER joe"), send("+OK\r\n"), reset()});
//   POP3 pop("127.0.0.1", peer.port());
//
// It stands on raw system calls, so that it tests our sockets and does not use them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proto {
class Transport;
class TLSContext;
}  // namespace proto

namespace proto::test {

class PeerConnection;

// One thing that the peer does.
struct Step {
  std::string name;  // for messages
  std::function<void(PeerConnection&)> run;
};
using Script = std::vector<Step>;
// One after the other.
inline Script operator+(Script a, Script b) {
  for (Step& step : b) a.push_back(std::move(step));
  return a;
}

// These bytes come next.
Step expect(std::string bytes);
// This line comes next; `line` is without its CRLF.
Step expect_line(std::string line);
// Takes whatever comes up to `end`, and `end` itself.
Step expect_until(std::string end);
// Takes `count` bytes, whatever they are.
Step receive(std::size_t count);
// Takes whatever comes, until the client ends its side or the connection.
Step drain();
// The client ends its side, and not a byte comes before that.
Step expect_end();

// A client that goes away while it is sent to is no failure; that a later expect() finds nobody is.
Step send(std::string bytes);
// Each segment goes out when the client has read the one before it, so that each is a read of its
// own.
Step send_segments(std::vector<std::string> segments);
Step send_bytewise(std::string bytes);
// In segments cut at these offsets.
Step send_cut(std::string bytes, std::vector<std::size_t> offsets);
// This block over and over, until the client goes away.
Step send_endlessly(std::string block);

// Neither reads nor sends until the client goes away or the test ends.
Step stall();
// Ends sending (FIN); the script goes on.
Step half_close();
// Ends sending, takes (and refuses to see) anything more until the client has ended too. So ends
// every script that does not end otherwise.
Step close();
// Closes at once; the kernel answers what comes then with a reset.
Step close_now();
// A reset (RST) at once.
Step reset();

// TLS from here on, as a server.
Step start_tls(std::shared_ptr<const TLSContext> context);
// The client does not go through with TLS, nor sends anything else.
Step expect_tls_refused(std::shared_ptr<const TLSContext> context);
// Anything else, on the peer's thread.
Step call(std::function<void()> function);
// The steps of `script`, `count` times.
Step repeat(std::size_t count, Script script);

// Takes a connection to `host` as a SOCKS5 proxy without a login, and is its far end from then on.
Script takes_socks(const std::string& host);

// What a connection carried, seen from the peer.
struct PeerCounts {
  std::size_t bytes = 0;  // received
  // Bytes that came after something had been sent, or first of all: a client that pipelines needs
  // few of them, one that waits for each reply needs one for each command.
  std::size_t flights = 0;
};

class ScriptedPeer {
 public:
  enum class On { ipv4, ipv6, local };

  // One connection.
  explicit ScriptedPeer(Script script, On on = On::ipv4);
  // Several: ScriptedPeer peer{{...}, {...}}; the nth that comes runs the nth script.
  ScriptedPeer(std::initializer_list<Script> scripts);
  ScriptedPeer(On on, std::vector<Script> scripts);
  // Any number of connections, each with this script.
  static ScriptedPeer forever(Script script, On on = On::ipv4);
  // finish().
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  // "127.0.0.1", "::1", or the path of the Unix socket.
  const std::string& host() const;
  std::uint16_t port() const;
  // "127.0.0.1:4711", "[::1]:4711", or the path.
  std::string address() const;

  // Connections that came so far.
  std::size_t connections() const;
  // What the nth connection brought, as far as it has come; after finish(), all of it. At most the
  // first MiB is kept.
  std::string received(std::size_t connection = 0) const;
  PeerCounts counts(std::size_t connection = 0) const;

  // Ends the scripts: what the client has sent by now is still taken; a script that waits for more
  // fails, and so does the test. May be called again.
  void finish();

 private:
  struct State;
  ScriptedPeer(On on, std::vector<Script> scripts, bool forever);
  std::unique_ptr<State> state_;
};

// What a step works with. All calls throw where the connection cannot go on.
class PeerConnection {
 public:
  PeerConnection(int fd, int stop_fd);
  ~PeerConnection();
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

  // Receives until `enough` says so of what is buffered; takes as many bytes as it says (0: more).
  std::string take(const std::function<std::size_t(std::string_view)>& enough);
  // Receives until the client ends its side, or is gone, or the test ends; what came.
  struct All {
    std::string bytes;
    bool ended;  // false: the test ended first
  };
  All take_all();
  // Everything, or false: the client is gone.
  bool send(std::string_view bytes);
  // Returns when the client has read all that was sent, or is gone.
  void wait_until_read();
  void wait_until_gone();
  void shutdown_write();
  void close_now(bool with_reset);
  bool is_open() const { return transport_ != nullptr; }
  void start_tls(const std::shared_ptr<const TLSContext>& context);

  // Called with every piece that came, and with the counts so far.
  std::function<void(std::string_view, PeerCounts)> on_received;

 private:
  bool receive_more();

  int fd_;  // the transport's
  int stop_fd_;
  std::unique_ptr<Transport> transport_;
  std::string buffer_;
  PeerCounts counts_;
  bool sent_since_ = true;
};

}  // namespace proto::test
