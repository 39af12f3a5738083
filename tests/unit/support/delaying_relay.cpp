#include "support/delaying_relay.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "proto/socket.h"
#include "support/scripted_peer.h"

namespace proto::test {
namespace {

using namespace std::chrono_literals;

TEST(DelayingRelay, PassesBytesAndEndsBothWays) {
  ScriptedPeer peer({expect_line("hello"), send("hi\r\n"), expect_end()});
  const DelayingRelay relay(peer.port(), 1ms);
  Socket client(Family::ipv4);
  client.connect(Address("127.0.0.1", relay.port()));
  client.send_all("hello\r\n");
  EXPECT_EQ(client.recv(100), "hi\r\n");
  client.shutdown(Socket::How::write);
  EXPECT_EQ(client.recv(100), "");
}

// Never sooner; how much later is the machine's business.
TEST(DelayingRelay, ARoundTripTakesAtLeastItsTime) {
  ScriptedPeer peer({repeat(3, {expect("x"), send("y")})});
  const DelayingRelay relay(peer.port(), 20ms);
  Socket client(Family::ipv4);
  client.connect(Address("127.0.0.1", relay.port()));
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    client.send_all("x");
    EXPECT_EQ(client.recv(1), "y");
  }
  EXPECT_GE(std::chrono::steady_clock::now() - start, 60ms);
}

TEST(DelayingRelay, CarriesMoreThanBuffersHold) {
  const std::string block(1 << 20, 'z');
  ScriptedPeer peer({repeat(40, {send(block)})});
  const DelayingRelay relay(peer.port(), 1ms);
  Socket client(Family::ipv4);
  client.connect(Address("127.0.0.1", relay.port()));
  std::size_t got = 0;
  for (std::string piece = client.recv(1 << 20); !piece.empty(); piece = client.recv(1 << 20))
    got += piece.size();
  EXPECT_EQ(got, 40 * block.size());
}

}  // namespace
}  // namespace proto::test
