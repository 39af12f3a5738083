#include "proto/stream.h"

#include <sys/time.h>
#include <csignal>

#include <thread>

#include "proto/error.h"
#include "proto/resolver.h"
#include "proto/socket.h"

namespace proto {
namespace {

using namespace std::chrono_literals;

struct Ends {
  Stream stream;
  Socket peer;
  explicit Ends(const Canceller& canceller = {}) {
    auto [a, b] = Socket::pair();
    stream = Stream(make_transport(std::move(a), canceller));
    peer = std::move(b);
  }
};

TEST(Stream, ReadsLinesHoweverTheyArrive) {
  Ends e;
  e.peer.send_all("one\r\ntwo\nthr");
  EXPECT_EQ(e.stream.read_line(100), "one");
  EXPECT_EQ(e.stream.read_line(100), "two");
  std::jthread later([&] { e.peer.send_all("ee\r\nrest"); });
  EXPECT_EQ(e.stream.read_line(100), "three");
  EXPECT_EQ(e.stream.peek(), "rest");
}

TEST(Stream, BoundsALineAndTellsTruncationApart) {
  Ends e;
  e.peer.send_all(std::string(101, 'x'));
  EXPECT_THROW(e.stream.read_line(100), LimitError);
  Ends f;
  f.peer.send_all("half a line");
  f.peer.close();
  EXPECT_THROW(f.stream.read_line(100), ClosedError);
}

TEST(Stream, ByteByByteCostsNoRescan) {
  Ends e;
  std::jthread sender([&] {
    for (int i = 0; i < 5000; ++i) e.peer.send_all("x");
    e.peer.send_all("\r\n");
  });
  EXPECT_EQ(e.stream.read_line(6000).size(), 5000U);
}

TEST(Stream, LargeReadsBypassTheBufferAndKeepTheBytesInOrder) {
  Ends e;
  std::string data;
  for (int i = 0; i < 300000; ++i) data += static_cast<char>(i * 31);
  std::jthread sender([&] {
    e.peer.send_all("head\r\n" + data);
    e.peer.close();
  });
  EXPECT_EQ(e.stream.read_line(10), "head");
  std::string got(data.size(), '\0');
  e.stream.read_exactly(got);
  EXPECT_TRUE(got == data);
  char more = 0;
  EXPECT_EQ(e.stream.read({&more, 1}), 0U);
}

TEST(Stream, TimesOutByTheIdleBoundAndByTheDeadline) {
  Ends e;
  e.stream.set_idle(5ms);
  EXPECT_THROW(e.stream.fill(), TimeoutError);
  Ends f;
  f.stream.set_deadline(Deadline::after(5ms));
  EXPECT_THROW(f.stream.fill(), TimeoutError);
  // Dripping bytes do not extend a deadline.
  Ends g;
  g.stream.set_deadline(Deadline::after(50ms));
  std::jthread drip([peer = &g.peer](std::stop_token stop) {
    try {
      while (!stop.stop_requested()) peer->send_all("x");
    } catch (const NetworkError&) {
    }
  });
  EXPECT_THROW(
      {
        for (;;) {
          g.stream.fill();
          g.stream.consume(g.stream.peek().size());
        }
      },
      TimeoutError);
  drip.request_stop();
  g.stream.close();
}

TEST(Stream, ABlockedReadIsCancelledFromAnotherThread) {
  Canceller canceller;
  Ends e(canceller);
  std::jthread other([&] { canceller.cancel(); });
  EXPECT_THROW(e.stream.fill(), CancelledError);
}

TEST(Stream, WriteUntilReadableStopsAtAnEarlyReply) {
  Ends e;
  e.peer.send_all("no");
  EXPECT_EQ(e.stream.write_until_readable("a body"), 0U);
  EXPECT_TRUE(e.stream.fill());
  EXPECT_EQ(e.stream.peek(), "no");
}

TEST(Stream, RefusesTlsBehindBufferedBytes) {
  Ends e;
  e.peer.send_all("220 go\r\n250 injected\r\n");
  EXPECT_EQ(e.stream.read_line(100), "220 go");
  EXPECT_THROW(e.stream.start_tls(nullptr, "localhost", 25), ProtocolError);
}

TEST(Stream, Hostile_Network12_AStormOfSignalsChangesNothing) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  struct sigaction old {};
  sigaction(SIGALRM, &action, &old);
  itimerval timer{{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  Ends e;
  const std::string data(4 * 1024 * 1024, 'y');
  std::jthread sender([&] {
    e.peer.send_all(data);
    e.peer.close();
  });
  std::size_t got = 0;
  std::vector<char> into(65536);
  while (const std::size_t n = e.stream.read(into)) got += n;
  timer = {};
  setitimer(ITIMER_REAL, &timer, nullptr);
  sigaction(SIGALRM, &old, nullptr);
  EXPECT_EQ(got, data.size());
}

struct Listener {
  Socket socket{Family::ipv4};
  Listener() {
    socket.bind(Address::loopback(Family::ipv4, 0));
    socket.listen();
  }
  std::uint16_t port() const { return socket.getsockname().port(); }
};

TEST(Connect, Hostile_Network3_TheSecondAddressServesWhenTheFirstIsDead) {
  Listener live;
  Socket bound(Family::ipv4);  // bound, not listening: refuses
  bound.bind(Address::loopback(Family::ipv4, 0));
  ConnectOptions options;
  options.resolve["mail:25"] = {bound.getsockname(), Address::loopback(Family::ipv4, live.port())};
  Stream s = Stream::connect("mail", 25, options);
  EXPECT_EQ(s.peer(), "127.0.0.1:" + std::to_string(live.port()));
}

TEST(Connect, Hostile_Network1_EveryAddressIsTriedAndNamed) {
  Socket a(Family::ipv4), b(Family::ipv6);
  a.bind(Address::loopback(Family::ipv4, 0));
  b.bind(Address::loopback(Family::ipv6, 0));
  ConnectOptions options;
  options.resolve["mail:25"] = {a.getsockname(), b.getsockname()};
  try {
    Stream::connect("mail", 25, options);
    FAIL();
  } catch (const ConnectError& e) {
    ASSERT_EQ(e.attempts().size(), 2U);
    EXPECT_EQ(e.attempts()[0].address, a.getsockname().to_string());
    EXPECT_EQ(e.attempts()[1].address, b.getsockname().to_string());
    EXPECT_NE(std::string(e.what()).find("cannot connect to mail:25: "), std::string::npos);
  }
}

// A listener whose queue is full: further SYNs are dropped, as in a black hole.
struct BlackHole {
  Socket listener{Family::ipv4};
  std::vector<Socket> queued;
  BlackHole() {
    listener.bind(Address::loopback(Family::ipv4, 0));
    listener.listen(0);
    for (int i = 0; i < 8; ++i) {
      Socket s(Family::ipv4);
      s.settimeout(0ms);
      try {
        s.connect(listener.getsockname());
      } catch (const NetworkError&) {
      }
      queued.push_back(std::move(s));
    }
  }
};

TEST(Connect, Hostile_Network2_ABlackHoleTimesOut) {
  BlackHole hole;
  ConnectOptions options;
  options.timeouts.connect = 30ms;
  EXPECT_THROW(Stream::connect("127.0.0.1", hole.listener.getsockname().port(), options),
               TimeoutError);
}

TEST(Connect, ABlackHoleIsOvertakenByTheNextAddress) {
  BlackHole hole;
  Listener live;
  ConnectOptions options;
  options.resolve["mail:25"] = {hole.listener.getsockname(),
                                Address::loopback(Family::ipv4, live.port())};
  EXPECT_EQ(Stream::connect("mail", 25, options).peer(),
            "127.0.0.1:" + std::to_string(live.port()));
}

TEST(Connect, IsCancelledFromAnotherThread) {
  BlackHole hole;
  ConnectOptions options;
  std::jthread other([c = options.canceller]() mutable { c.cancel(); });
  EXPECT_THROW(Stream::connect("127.0.0.1", hole.listener.getsockname().port(), options),
               CancelledError);
}

TEST(Resolver, NamesLiteralsAndRefusals) {
  EXPECT_EQ(gethostbyname("localhost"), "127.0.0.1");
  // Whatever the system knows of it (RFC 6761).
  EXPECT_EQ(resolve("localhost", 7, Family::ipv6).front().to_string(), "[::1]:7");
  EXPECT_EQ(resolve("a.LocalHost.", 7, Family::ipv4).front().to_string(), "127.0.0.1:7");
  EXPECT_EQ(resolve("::1", 7).front().to_string(), "[::1]:7");
  EXPECT_THROW(resolve("::1", 7, Family::ipv4), ResolveError);
  EXPECT_THROW(resolve("no-such-host.invalid", 1, Family::unspecified, Deadline::after(20s)),
               NetworkError);
  EXPECT_THROW(resolve("a b", 1), std::invalid_argument);
  EXPECT_THROW(resolve("", 1), std::invalid_argument);
  EXPECT_FALSE(getfqdn().empty());
}

}  // namespace
}  // namespace proto
