#include "proto/server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <mutex>

#include "proto/error.h"
#include "proto/selector.h"
#include "support/process.h"
#include "support/process_state.h"
#include "support/running_server.h"
#include "support/sanitizers.h"
#include "support/tls_pair.h"

namespace proto {
namespace {

using namespace std::chrono_literals;
using test::connected_to;
using test::receive_all;
using test::receive_exactly;
using test::Running;

const Address kAnyPort("127.0.0.1", 0);

struct Hello : StreamRequestHandler {
  void handle() override { wfile.write("Hello World!\n"); }
};

void echo(Connection& connection) {
  while (connection.stream.fill()) {
    connection.stream.write(connection.stream.peek());
    connection.stream.consume(connection.stream.peek().size());
  }
}

ServerOptions with(Concurrency concurrency) {
  ServerOptions options;
  options.concurrency = concurrency;
  return options;
}

class EveryConcurrency : public testing::TestWithParam<Concurrency> {};

std::string name_of(const testing::TestParamInfo<Concurrency>& concurrency) {
  switch (concurrency.param) {
    case Concurrency::threads:
      return "Threads";
    case Concurrency::processes:
      return "Processes";
    case Concurrency::sequential:
      break;
  }
  return "Sequential";
}

// The sanitizers' allocators hold locks of their own over fork(), so that the child of a program
// with threads, as these tests are, may wait for ever: the plain build tests processes.
std::vector<Concurrency> concurrencies() {
  std::vector<Concurrency> all = {Concurrency::sequential, Concurrency::threads};
  if (!test::kSanitized) all.push_back(Concurrency::processes);
  return all;
}
INSTANTIATE_TEST_SUITE_P(Server, EveryConcurrency, testing::ValuesIn(concurrencies()), name_of);

TEST_P(EveryConcurrency, SaysHelloToManyAndCloses) {
  TCPServer server(kAnyPort, handler<Hello>(), with(GetParam()));
  const Running running(server);
  for (int i = 0; i < 20; ++i) {
    Socket client = connected_to(server.server_address());
    EXPECT_EQ(receive_all(client), "Hello World!\n");
  }
}

TEST_P(EveryConcurrency, OverTls) {
  ServerOptions options = with(GetParam());
  options.tls = test::server_context();
  TCPServer server(kAnyPort, echo, options);
  const Running running(server);
  for (int i = 0; i < 3; ++i) {
    ConnectOptions client;
    client.tls = TLSContext::client(test::trusting_options());
    Stream stream = Stream::connect("127.0.0.1", server.server_address().port(), client,
                                    TLSMode::implicit, test::test_deadline());
    stream.write("over TLS\n");
    EXPECT_EQ(stream.read_line(100), "over TLS");
  }
}

TEST_P(EveryConcurrency, DatagramsAreAnswered) {
  struct Upper : DatagramRequestHandler {
    explicit Upper(std::string prefix) : prefix_(std::move(prefix)) {}
    void handle() override { reply(prefix_ + packet()); }
    std::string prefix_;
  };
  UDPServer server(kAnyPort, handler<Upper>(std::string("got ")), with(GetParam()));
  const Running running(server);
  Socket client(Family::ipv4, SocketType::datagram);
  client.connect(server.server_address());
  client.settimeout(30s);
  for (const std::string& text : {std::string("one"), std::string(), std::string(60000, 'x')}) {
    client.send(text);
    EXPECT_TRUE(client.recv(65535) == "got " + text);
  }
}

// How many descriptors this process has, without touching one: a server's thread may just be
// closing it.
std::size_t descriptors() {
  return test::descriptors_of(::getpid());
}

TEST_P(EveryConcurrency, DoesNotInheritTheListenerOrLeaveDescriptorsBehind) {
  TCPServer server(kAnyPort, handler<Hello>(), with(GetParam()));
  const std::size_t before = descriptors();
  {
    const Running running(server);
    for (int i = 0; i < 50; ++i) {
      Socket client = connected_to(server.server_address());
      EXPECT_EQ(receive_all(client), "Hello World!\n");
    }
  }
  EXPECT_LE(descriptors(), before);
}

TEST(Server, ThreadsServeAtOnceAndNoMoreThanAllowed) {
  ServerOptions options = with(Concurrency::threads);
  options.max_workers = 3;
  options.max_waiting = 2;
  std::atomic<int> now = 0, most = 0;
  TCPServer server(
      kAnyPort,
      [&](Connection& c) {
        const int n = ++now;
        for (int m = most; n > m && !most.compare_exchange_weak(m, n);) continue;
        c.stream.write("in\n");
        echo(c);
        --now;
      },
      options);
  const Running running(server);
  std::vector<Socket> clients;
  for (int i = 0; i < 12; ++i) clients.push_back(connected_to(server.server_address()));
  // Three are inside together; each of the others is served when one of those leaves.
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(receive_exactly(clients[i], 3), "in\n");
  for (std::size_t i = 0; i < clients.size(); ++i) {
    if (i >= 3) {
      EXPECT_EQ(receive_exactly(clients[i], 3), "in\n");
    }
    clients[i].shutdown(Socket::How::write);
    EXPECT_EQ(receive_all(clients[i]), "");
  }
  EXPECT_EQ(most, 3);
}

TEST(Server, ShutdownFromASignalAndItIsGivenBack) {
  sigset_t mask;
  TCPServer server(kAnyPort, handler<Hello>());
  server.shutdown_on({SIGUSR1});
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGUSR1), 1);
  kill(getpid(), SIGUSR1);
  server.serve_forever();
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGUSR1), 0);
  EXPECT_EQ(server.fileno(), -1);
  EXPECT_THROW(server.serve_forever(), std::logic_error);
}

TEST(Server, ShutdownThatComesFirstCounts) {
  TCPServer server(kAnyPort, handler<Hello>());
  server.shutdown();
  server.serve_forever();
}

TEST(Server, ShutdownLetsHandlersFinishAndFreesTheAddressAtOnce) {
  std::latch inside(1), go(1);
  TCPServer server(
      kAnyPort,
      [&](Connection& c) {
        inside.count_down();
        go.wait();
        c.stream.write("done\n");
      },
      with(Concurrency::threads));
  Running running(server);
  Socket client = connected_to(server.server_address());
  inside.wait();
  server.shutdown();
  const auto refused = [&] {
    try {
      connected_to(server.server_address());
    } catch (const NetworkError& e) {
      return e.code() == ECONNREFUSED;
    }
    return false;
  };
  EXPECT_TRUE(test::wait_until(refused));
  TCPServer successor(server.server_address(), handler<Hello>());
  go.count_down();
  EXPECT_EQ(receive_all(client), "done\n");
}

TEST(Server, HandlersThatOutlastTheDrainAreCancelled) {
  ServerOptions options = with(Concurrency::threads);
  options.drain = 10ms;
  std::latch inside(1);
  std::atomic<bool> cancelled = false;
  TCPServer server(
      kAnyPort,
      [&](Connection& c) {
        inside.count_down();
        try {
          c.stream.fill();
        } catch (const CancelledError&) {
          cancelled = true;
          throw;
        }
      },
      options);
  Running running(server);
  const Socket client = connected_to(server.server_address());
  inside.wait();
  running.stop();
  EXPECT_TRUE(cancelled);
}

TEST(Server, ProcessesThatOutlastTheDrainAreEnded) {
  ServerOptions options = with(Concurrency::processes);
  options.drain = 10ms;
  TCPServer server(
      kAnyPort,
      [](Connection& c) {
        c.stream.write("in\n");
        pause();
      },
      options);
  Running running(server);
  Socket client = connected_to(server.server_address());
  EXPECT_EQ(receive_exactly(client, 3), "in\n");
  running.stop();
  EXPECT_EQ(receive_all(client), "");
}

TEST(Server, ARestartOnTheSamePortWorksAtOnce) {
  Address address = kAnyPort;
  for (int i = 0; i < 5; ++i) {
    TCPServer server(address, handler<Hello>());
    address = server.server_address();
    const Running running(server);
    // The server closes first: its side stays in TIME_WAIT.
    Socket client = connected_to(address);
    EXPECT_EQ(receive_all(client), "Hello World!\n");
  }
}

TEST(Server, HandleRequestServesOneOrTimesOut) {
  struct Counting : TCPServer {
    using TCPServer::TCPServer;
    void handle_timeout() override { ++timeouts; }
    int timeouts = 0;
  };
  Counting server(kAnyPort, handler<Hello>());
  EXPECT_FALSE(server.handle_request(0ms));
  EXPECT_FALSE(server.handle_request(1ms));
  EXPECT_EQ(server.timeouts, 2);
  Socket client = connected_to(server.server_address());
  EXPECT_TRUE(server.handle_request());
  EXPECT_EQ(receive_all(client), "Hello World!\n");
}

TEST(Server, SelectSaysWhenARequestIsThere) {
  TCPServer tcp(kAnyPort, handler<Hello>());
  UDPServer udp(kAnyPort, [](Datagram& d) { d.reply(d.packet); });
  EXPECT_TRUE(select({tcp.fileno(), udp.fileno()}, {}, {}, 0ms).read.empty());
  Socket client = connected_to(tcp.server_address());
  const auto [ready, writable, failed] = select({tcp.fileno(), udp.fileno()}, {}, {}, 30s);
  EXPECT_EQ(ready, std::vector<Descriptor>{tcp.fileno()});
  EXPECT_TRUE(tcp.handle_request(0ms));
  EXPECT_EQ(receive_all(client), "Hello World!\n");
}

TEST(Server, TheQueueAndTheReuseOfTheAddressAreOptions) {
  struct Open : TCPServer {
    using TCPServer::socket;
    using TCPServer::TCPServer;
  };
  EXPECT_TRUE(Open(kAnyPort, echo).socket().getsockopt(so::reuseaddr));
  ServerOptions options;
  options.allow_reuse_address = false;
  options.request_queue_size = 0;  // Linux makes room for one
  Open server(kAnyPort, echo, options);
  EXPECT_FALSE(server.socket().getsockopt(so::reuseaddr));
  const Socket first = connected_to(server.server_address());
  Socket second(Family::ipv4);
  second.settimeout(50ms);
  EXPECT_THROW(second.connect(server.server_address()), TimeoutError);
}

struct Watched : TCPServer {
  using TCPServer::TCPServer;
  bool verify_request(const Address&) override { return welcome; }
  void handle_error(const Address& peer, const std::exception& error) override {
    const std::lock_guard lock(mutex);
    errors.push_back(peer.host() + ": " + error.what());
  }
  void service_actions() override { ++actions; }
  std::size_t error_count() {
    const std::lock_guard lock(mutex);
    return errors.size();
  }
  std::atomic<bool> welcome = true;
  std::atomic<int> actions = 0;
  std::mutex mutex;
  std::vector<std::string> errors;
};

TEST(Server, RefusesWhomVerifyRequestDoesNotWant) {
  Watched server(kAnyPort, handler<Hello>());
  server.welcome = false;
  const Running running(server);
  Socket client = connected_to(server.server_address());
  EXPECT_EQ(receive_all(client), "");
}

TEST(Server, WhatAHandlerThrowsEndsOnlyItsConnection) {
  for (const Concurrency concurrency : {Concurrency::sequential, Concurrency::threads}) {
    Watched server(
        kAnyPort, [](Connection&) { throw ProtocolError("nonsense"); }, with(concurrency));
    Running running(server);
    for (int i = 0; i < 3; ++i) {
      Socket client = connected_to(server.server_address());
      EXPECT_EQ(receive_all(client), "");
    }
    running.stop();
    ASSERT_EQ(server.errors.size(), 3U);
    EXPECT_EQ(server.errors[0], "127.0.0.1: nonsense");
    EXPECT_GT(server.actions, 0);
  }
}

TEST(Server, FinishComesWhateverHandleThrows) {
  struct Failing : StreamRequestHandler {
    explicit Failing(std::string* log) : log_(log) {}
    void setup() override { *log_ += "setup "; }
    void handle() override {
      *log_ += "handle ";
      throw LimitError("enough");
    }
    void finish() override { *log_ += "finish"; }
    std::string* log_;
  };
  std::string log;
  TCPServer server(kAnyPort, handler<Failing>(&log));
  const Socket client = connected_to(server.server_address());
  server.handle_request();
  EXPECT_EQ(log, "setup handle finish");
}

TEST(Server, AClientThatStallsIsTimedOut) {
  ServerOptions options;
  options.idle = 5ms;
  Watched server(kAnyPort, echo, options);
  const Running running(server);
  Socket client = connected_to(server.server_address());
  EXPECT_EQ(receive_all(client), "");
}

TEST(Server, WhatTheClientSentUnreadDoesNotCostItTheAnswer) {
  TCPServer server(kAnyPort, handler<Hello>());
  Socket client = connected_to(server.server_address());
  client.send_all("nobody reads this\r\n");
  server.handle_request();
  EXPECT_EQ(receive_all(client), "Hello World!\n");
}

TEST(Server, AClientGoneBeforeItIsAcceptedIsNoHarm) {
  TCPServer server(kAnyPort, echo, with(Concurrency::threads));
  const Running running(server);
  for (int i = 0; i < 100; ++i) {
    Socket client = connected_to(server.server_address());
    client.setsockopt(so::linger, Linger(0s));
  }
  Socket client = connected_to(server.server_address());
  client.send_all("still here");
  EXPECT_EQ(receive_exactly(client, 10), "still here");
}

// EMFILE at accept: reported, not spun on, and over when there are descriptors again.
TEST(Server, Hostile_Servers_OutOfDescriptorsAtAccept) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  Watched server(kAnyPort, echo, with(Concurrency::threads));
  Socket first(Family::ipv4), last(Family::ipv4);
  for (Socket* s : {&first, &last}) s->settimeout(30s);
  const Running running(server);
  EXPECT_TRUE(test::wait_until(
      [&] { return server.actions > 0; }));  // it has all the descriptors that it needs
  const auto open = descriptors();
  // All of it happens once before: UBSan looks at a class for the first time by means of a pipe.
  {
    Socket visitor = connected_to(server.server_address());
    visitor.send_all("hello");
    EXPECT_EQ(receive_exactly(visitor, 5), "hello");
    try {
      Socket(Family::ipv4).connect(Address("127.0.0.1", 0));
    } catch (const NetworkError& e) {
      EXPECT_NE(e.code(), 0);
      server.handle_error(Address(), e);
    }
  }
  // Both ends of the visitor's connection are closed.
  EXPECT_TRUE(test::wait_until([&] { return descriptors() <= open; }));
  // From here on no descriptor is to be had: the lowest that is free is above the limit.
  const int lowest = fcntl(last.fileno(), F_DUPFD, 0);
  close(lowest);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(lowest);
  setrlimit(RLIMIT_NOFILE, &tight);
  const int actions = server.actions;
  first.connect(server.server_address());
  EXPECT_TRUE(test::wait_until([&] { return server.error_count() >= 3; }));
  EXPECT_LT(server.actions, actions + 10 + 3 * static_cast<int>(server.error_count()));
  setrlimit(RLIMIT_NOFILE, &before);
  first.send_all("back");
  EXPECT_EQ(receive_exactly(first, 4), "back");
  first.close();
  const std::lock_guard lock(server.mutex);
  EXPECT_NE(server.errors[1].find("Too many open files"), std::string::npos) << server.errors[1];
}

TEST(Server, UnixSocketsReplaceADeadOnesPathAndTakeTheirsAway) {
  const test::TempFolder folder;
  const std::string path = folder.file("socket");
  {
    Socket dead(Family::local);
    dead.bind(Address::local(path));
  }
  {
    UnixStreamServer server(path, handler<Hello>());
    EXPECT_THROW(UnixStreamServer(path, handler<Hello>()), NetworkError);
    const Running running(server);
    Socket client = connected_to(Address::local(path));
    EXPECT_EQ(receive_all(client), "Hello World!\n");
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST(Server, TwoServersShareAPort) {
  ServerOptions options;
  options.allow_reuse_port = true;
  TCPServer one(kAnyPort, handler<Hello>(), options);
  TCPServer two(one.server_address(), handler<Hello>(), options);
  const Running running_one(one), running_two(two);
  for (int i = 0; i < 20; ++i) {
    Socket client = connected_to(one.server_address());
    EXPECT_EQ(receive_all(client), "Hello World!\n");
  }
}

TEST(Server, Ipv6AndTheAddressInUse) {
  TCPServer server(Address("::1", 0), handler<Hello>());
  EXPECT_EQ(server.server_address().host(), "::1");
  EXPECT_NE(server.server_address().port(), 0);
  EXPECT_THROW(TCPServer(server.server_address(), handler<Hello>()), NetworkError);
  ServerOptions none;
  none.max_workers = 0;
  EXPECT_THROW(TCPServer(kAnyPort, handler<Hello>(), none), std::invalid_argument);
}

}  // namespace
}  // namespace proto
