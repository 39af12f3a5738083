#include "proto/socket.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "proto/error.h"

namespace proto {
namespace {

// Whether setsockopt(option, value) compiles.
template <typename Option, typename Value>
constexpr bool kTakes = requires(Socket s, Option o, Value v) {
  s.setsockopt(o, v);
};

// A listener on a free loopback port, and a client connected to it.
struct Pair {
  Socket client, server;
  explicit Pair(Family family = Family::ipv4) {
    Socket listener(family);
    listener.bind(Address::loopback(family, 0));
    listener.listen();
    client = Socket(family);
    client.connect(listener.getsockname());
    auto accepted = listener.accept();
    EXPECT_EQ(accepted.peer, client.getsockname());
    server = std::move(accepted.socket);
  }
};

TEST(Socket, AcceptGivesSocketAndPeerOnBothFamilies) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    Pair p(family);
    p.client.send_all("hello");
    EXPECT_EQ(p.server.recv(100), "hello");
    p.client.close();
    EXPECT_EQ(p.server.recv(100), "");
  }
}

TEST(Socket, UnixSocketsNamedAndAbstract) {
  const std::string name = "@libproto-test-" + std::to_string(getpid());
  Socket listener(Family::local);
  listener.bind(Address::local(name));
  listener.listen();
  Socket client(Family::local);
  client.connect(Address::local(name));
  EXPECT_EQ(client.getpeername().to_string(), name);
}

TEST(Socket, OptionsAreTyped) {
  Socket s(Family::ipv4);
  EXPECT_FALSE(s.getsockopt(so::reuseaddr));
  s.setsockopt(so::reuseaddr, true);
  EXPECT_TRUE(s.getsockopt(so::reuseaddr));
  s.setsockopt(so::sndbuf, 65536);
  EXPECT_GE(s.getsockopt(so::sndbuf), 65536);
  s.setsockopt(so::linger, Linger(std::chrono::seconds(3)));
  EXPECT_EQ(s.getsockopt(so::linger), Linger(std::chrono::seconds(3)));
  static_assert(kTakes<SocketOption<bool>, bool> && !kTakes<SocketOption<bool>, int>);
}

TEST(Socket, DatagramsConnectAgainToAnotherPeer) {
  Socket a(Family::ipv4, SocketType::datagram), b(Family::ipv4, SocketType::datagram),
      c(Family::ipv4, SocketType::datagram);
  for (Socket* s : {&a, &b, &c}) s->bind(Address::loopback(Family::ipv4, 0));
  a.connect(b.getsockname());
  a.send("to b");
  EXPECT_EQ(b.recvfrom(100), std::pair(std::string("to b"), a.getsockname()));
  a.connect(c.getsockname());
  a.send("to c");
  EXPECT_EQ(c.recv(100), "to c");
  a.connect(Address());
  a.sendto("to b again", b.getsockname());
  EXPECT_EQ(b.recv(100), "to b again");
}

TEST(Socket, ScatterAndGather) {
  Pair p;
  const std::array<std::string_view, 3> parts{"one ", "", "two"};
  p.client.send_all(parts);
  std::array<char, 4> first{};
  std::array<char, 8> second{};
  const std::array<std::span<char>, 2> spans{std::span<char>(first), std::span<char>(second)};
  EXPECT_EQ(p.server.recv_into(spans, MessageFlags::none), 7U);
  EXPECT_EQ(std::string_view(second.data(), 3), "two");
}

TEST(Socket, SendAllMovesMoreThanTheBuffersHold) {
  Pair p;
  const std::string data(8 * 1024 * 1024, 'x');
  std::jthread sender([&] {
    p.client.send_all(data);
    p.client.shutdown(Socket::How::write);
  });
  std::size_t got = 0;
  for (std::string piece; !(piece = p.server.recv(65536)).empty();) got += piece.size();
  EXPECT_EQ(got, data.size());
}

TEST(Socket, Hostile_Network11_EpipeIsAnErrorAndNoSignal) {
  Pair p;
  p.server.setsockopt(so::linger, Linger(std::chrono::seconds(0)));
  p.server.close();
  EXPECT_THROW(
      {
        for (int i = 0; i < 100; ++i) p.client.send_all("x");
      },
      NetworkError);
}

TEST(Socket, TimeoutsBoundACall) {
  Pair p;
  p.client.settimeout(std::chrono::milliseconds(1));
  EXPECT_THROW(p.client.recv(1), TimeoutError);
  p.client.settimeout(std::chrono::milliseconds(0));
  EXPECT_THROW(p.client.recv(1), TimeoutError);
  EXPECT_THROW(p.server.recv(1, MessageFlags::dontwait), TimeoutError);
}

TEST(Socket, IsNeitherInheritedNorOneOfTheStandardDescriptors) {
  Pair p;
  EXPECT_GT(p.client.fileno(), 2);
  EXPECT_NE(fcntl(p.client.fileno(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(p.server.fileno(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Socket, FromfdAdoptsASocketAndRefusesAFile) {
  auto [a, b] = Socket::pair();
  Socket adopted = Socket::fromfd(a.detach());
  adopted.send_all("hi");
  EXPECT_EQ(b.recv(10, MessageFlags::peek), "hi");
  EXPECT_EQ(b.recv(10), "hi");
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_THROW(Socket::fromfd(file), NetworkError);
  close(file);
}

TEST(Socket, RefusedConnectionNamesTheAddress) {
  Socket unused(Family::ipv4);
  unused.bind(Address::loopback(Family::ipv4, 0));
  const Address address = unused.getsockname();
  Socket s(Family::ipv4);
  try {
    s.connect(address);
    FAIL();
  } catch (const NetworkError& e) {
    EXPECT_EQ(std::string(e.what()),
              "cannot connect to " + address.to_string() + ": Connection refused");
    EXPECT_EQ(e.phase(), Phase::connect);
  }
}

}  // namespace
}  // namespace proto
