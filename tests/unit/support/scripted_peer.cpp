#include "support/scripted_peer.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "proto/error.h"
#include "proto/stream.h"
#include "support/servers.h"

namespace proto::test {
namespace {

// A client on raw system calls.
class Client {
 public:
  explicit Client(const ScriptedPeer& peer) {
    const std::string host = peer.host();
    if (host[0] == '/') {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      host.copy(address.sun_path, sizeof address.sun_path - 1);
      connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else if (host == "::1") {
      sockaddr_in6 address{};
      address.sin6_family = AF_INET6;
      address.sin6_addr = in6addr_loopback;
      address.sin6_port = htons(peer.port());
      connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(peer.port());
      connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const std::string& bytes) { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // What one call brings.
  std::string read_once() {
    std::string bytes(65536, '\0');
    const ssize_t n = ::recv(fd_, bytes.data(), bytes.size(), 0);
    bytes.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    error_ = n < 0 ? errno : 0;
    return bytes;
  }
  std::string read_to_end() {
    std::string all;
    while (true) {
      const std::string piece = read_once();
      if (piece.empty()) return all;
      all += piece;
    }
  }
  int error() const { return error_; }

 private:
  void connect(const sockaddr* address, socklen_t size) {
    fd_ = ::socket(address->sa_family, SOCK_STREAM, 0);
    EXPECT_EQ(::connect(fd_, address, size), 0);
  }
  int fd_ = -1;
  int error_ = 0;
};

TEST(ScriptedPeer, ConversesAndRecords) {
  ScriptedPeer peer({send("+OK hi\r\n"), expect_line("USER joe"), send("+OK\r\n"),
                     expect_until("\r\n\r\n"), receive(3), expect("end")});
  Client client(peer);
  EXPECT_EQ(client.read_once(), "+OK hi\r\n");
  client.send("USER joe\r\n");
  EXPECT_EQ(client.read_once(), "+OK\r\n");
  client.send("a: b\r\n\r\nxyzend");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(client.error(), 0);
  peer.finish();
  EXPECT_EQ(peer.received(), "USER joe\r\na: b\r\n\r\nxyzend");
  EXPECT_EQ(peer.counts().bytes, 24U);
  EXPECT_EQ(peer.counts().flights, 2U);
}

TEST(ScriptedPeer, ListensOnIPv6AndOnUnixSockets) {
  for (const auto on : {ScriptedPeer::On::ipv6, ScriptedPeer::On::local}) {
    ScriptedPeer peer({send("hi")}, on);
    Client client(peer);
    EXPECT_EQ(client.read_to_end(), "hi") << peer.address();
  }
}

TEST(ScriptedPeer, RunsAScriptForEachConnection) {
  ScriptedPeer peer{{send("one")}, {send("two")}};
  EXPECT_EQ(Client(peer).read_to_end(), "one");
  EXPECT_EQ(Client(peer).read_to_end(), "two");
  EXPECT_EQ(peer.connections(), 2U);
  ScriptedPeer any = ScriptedPeer::forever({send("again")});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Client(any).read_to_end(), "again");
}

TEST(ScriptedPeer, ServesConnectionsSideBySide) {
  ScriptedPeer peer{{expect_line("first"), send("one")}, {send("two")}};
  Client first(peer);
  Client second(peer);
  EXPECT_EQ(second.read_to_end(), "two");
  first.send("first\r\n");
  EXPECT_EQ(first.read_to_end(), "one");
}

TEST(ScriptedPeer, SendsEachSegmentAsAReadOfItsOwn) {
  const Script script{send_bytewise("abc"), send_cut("0123456789", {2, 7})};
  {
    ScriptedPeer peer(script, ScriptedPeer::On::local);
    Client client(peer);
    for (const char* piece : {"a", "b", "c", "01", "23456", "789", ""}) {
      EXPECT_EQ(client.read_once(), piece);
    }
  }
  // Over TCP a segment may still be on its way when the kernel is asked whether the one before it
  // has been read: two of them can come as one then, but never out of order.
  for (const auto on : {ScriptedPeer::On::ipv4, ScriptedPeer::On::ipv6}) {
    ScriptedPeer peer(script, on);
    Client client(peer);
    std::string all;
    std::size_t reads = 0;
    for (std::string piece = client.read_once(); !piece.empty(); piece = client.read_once()) {
      all += piece;
      ++reads;
    }
    EXPECT_EQ(all, "abc0123456789");
    EXPECT_GE(reads, 2U);
  }
}

TEST(ScriptedPeer, ResetsTheConnection) {
  ScriptedPeer peer({expect_line("go"), reset()});
  Client client(peer);
  client.send("go\r\n");
  EXPECT_EQ(client.read_once(), "");
  EXPECT_EQ(client.error(), ECONNRESET);
}

TEST(ScriptedPeer, HalfClosesAndGoesOnReading) {
  ScriptedPeer peer({half_close(), expect_line("still here")});
  Client client(peer);
  EXPECT_EQ(client.read_once(), "");
  client.send("still here\r\n");
}

TEST(ScriptedPeer, SendsEndlesslyUntilTheClientGoes) {
  ScriptedPeer peer({send_endlessly("220-x\r\n")});
  Client client(peer);
  std::size_t got = 0;
  while (got < 1000000) got += client.read_once().size();
}

TEST(ScriptedPeer, StallsUntilTheTestEnds) {
  ScriptedPeer peer({stall()});
  Client client(peer);
  client.send("anybody there?\r\n");
  peer.finish();
}

TEST(ScriptedPeer, RepeatsSteps) {
  ScriptedPeer peer({repeat(3, {expect_line("NOOP"), send("+OK\r\n")})});
  Client client(peer);
  client.send("NOOP\r\nNOOP\r\nNOOP\r\n");
  while (peer.counts().bytes < 18) {
  }
  std::string got;
  while (got.size() < 15) got += client.read_once();
  EXPECT_EQ(peer.counts().flights, 1U);
}

std::shared_ptr<const TLSContext> server_context() {
  return TLSContext::server(test_certificates().certificate_file, test_certificates().key_file);
}

TEST(ScriptedPeer, SpeaksTls) {
  ScriptedPeer peer({start_tls(server_context()), expect_line("hi"), send("hello\r\n")});
  ConnectOptions options;
  TLSOptions tls;
  tls.ca_file = test_certificates().ca_file;
  options.tls = TLSContext::client(tls);
  Stream stream = Stream::connect("127.0.0.1", peer.port(), options, TLSMode::implicit);
  stream.write("hi\r\n");
  EXPECT_EQ(stream.read_line(100), "hello");
  EXPECT_FALSE(stream.fill());
}

TEST(ScriptedPeer, IsContentWithAClientThatRefusesItsCertificate) {
  ScriptedPeer peer({expect_tls_refused(server_context())});
  EXPECT_THROW(Stream::connect("127.0.0.1", peer.port(), ConnectOptions(), TLSMode::implicit),
               TLSError);
}

// What a script does not say fails the test.

TEST(ScriptedPeer, FailsWhereSomethingElseComes) {
  ScriptedPeer peer({expect_line("QUIT")});
  {
    Client client(peer);
    client.send("RSET\r\n");
    EXPECT_EQ(client.read_to_end(), "");
  }
  EXPECT_NONFATAL_FAILURE(peer.finish(), "expect_line(\"QUIT\"): got \"RSET\\r\\n\"");
}

TEST(ScriptedPeer, FailsWhereTheClientEnds) {
  ScriptedPeer peer({expect_line("QUIT")});
  { Client client(peer); }
  EXPECT_NONFATAL_FAILURE(peer.finish(), "the client ended the connection");
}

TEST(ScriptedPeer, FailsWhereMoreComesThanTheScriptSays) {
  ScriptedPeer peer({send("hi")});
  {
    Client client(peer);
    client.send("more");
  }
  EXPECT_NONFATAL_FAILURE(peer.finish(), "more than the script says: \"more\"");
}

TEST(ScriptedPeer, FailsWhereItWaitsWhenTheTestEnds) {
  ScriptedPeer peer({expect_line("QUIT")});
  Client client(peer);
  client.send("QU");
  EXPECT_NONFATAL_FAILURE(peer.finish(), "the test ended, and this had not come, but only \"QU\"");
}

TEST(ScriptedPeer, FailsWhereNobodyComesOrTooMany) {
  ScriptedPeer lonely({send("hi")});
  EXPECT_NONFATAL_FAILURE(lonely.finish(), "0 connections came, 1 are in the script");
  ScriptedPeer crowded({send("hi")});
  {
    Client one(crowded);
    Client two(crowded);
  }
  EXPECT_NONFATAL_FAILURE(crowded.finish(), "a connection that is not in the script");
}

}  // namespace
}  // namespace proto::test
