// What hostile clients do to the socket servers, and what they outlast.
#include <dirent.h>

#include <algorithm>

#include "proto/error.h"
#include "support/process.h"
#include "support/running_server.h"

namespace proto {
namespace {

using namespace std::chrono_literals;
using test::connected_to;
using test::receive_all;
using test::receive_exactly;
using test::Running;

const Address kAnyPort("127.0.0.1", 0);

void echo(Connection& connection) {
  while (connection.stream.fill()) {
    connection.stream.write(connection.stream.peek());
    connection.stream.consume(connection.stream.peek().size());
  }
}

ServerOptions threads(std::size_t count) {
  ServerOptions options;
  options.concurrency = Concurrency::threads;
  options.max_workers = count;
  return options;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* const folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

TEST(HostileServer, Servers_SlowConnectionsAreClosedAndGoodOnesServed) {
  ServerOptions options = threads(300);
  options.idle = 200ms;
  TCPServer server(
      kAnyPort,
      [](Connection& c) {
        for (;;) {
          c.stream.read_line(8192);
          c.stream.write("thanks\n");
        }
      },
      options);
  const Running running(server);
  std::vector<Socket> slow;
  for (int i = 0; i < 250; ++i) {
    slow.push_back(connected_to(server.server_address()));
    slow.back().send_all("never en");
  }
  Socket good = connected_to(server.server_address());
  for (int i = 0; i < 20; ++i) {
    good.send_all("a line\r\n");
    EXPECT_EQ(receive_exactly(good, 7), "thanks\n");
  }
  good.close();
  for (Socket& socket : slow) EXPECT_EQ(receive_all(socket), "");
}

TEST(HostileServer, Servers_ALineWithoutEndIsClosedAtItsLimit) {
  TCPServer server(
      kAnyPort, [](Connection& c) { c.stream.read_line(8192); }, threads(4));
  const Running running(server);
  Socket client = connected_to(server.server_address());
  const std::string block(1024 * 1024, 'x');
  EXPECT_THROW(
      {
        for (int i = 0; i < 100; ++i) client.send_all(block);
      },
      NetworkError);
}

TEST(HostileServer, Servers_AClientThatNeverReadsIsTimedOut) {
  ServerOptions options = threads(4);
  options.idle = 50ms;
  TCPServer server(kAnyPort, echo, options);
  const Running running(server);
  Socket deaf = connected_to(server.server_address());
  const std::string block(64 * 1024, 'x');
  EXPECT_THROW(
      {
        for (;;) deaf.send_all(block);
      },
      NetworkError);
}

TEST(HostileServer, Servers_10000ConnectAndResetGiveTheirDescriptorsBack) {
  TCPServer server(kAnyPort, echo, threads(8));
  const Running running(server);
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 10000; ++i) {
    Socket brief = connected_to(server.server_address());
    brief.setsockopt(so::linger, Linger(0s));
  }
  Socket last = connected_to(server.server_address());
  last.send_all("last");
  EXPECT_EQ(receive_exactly(last, 4), "last");
  last.close();
  EXPECT_TRUE(test::wait_until([&] { return open_descriptors() <= before; }));
}

// From /proc/PID/status, in KiB.
long resident(pid_t pid) {
  const std::string status = test::read_file("/proc/" + std::to_string(pid) + "/status");
  return std::stol(status.substr(status.find("VmRSS:") + 6));
}

std::size_t descriptors_of(pid_t pid) {
  std::size_t count = 0;
  DIR* const folder = opendir(("/proc/" + std::to_string(pid) + "/fd").c_str());
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

Address announced(test::Child& server) {
  const std::string line = server.read_line();
  return Address::parse(line.substr(line.rfind(' ') + 1));
}

TEST(EchoServer, AMillionMessagesWithFlatDescriptorsAndMemory) {
  test::Child program({test::our_program("echoserver"), "--port", "0"});
  const Address address = announced(program);
  constexpr std::size_t kClients = 16, kMessage = 32, kWindow = 50;
  std::vector<Socket> clients;
  for (std::size_t i = 0; i < kClients; ++i) clients.push_back(connected_to(address));
  const std::string window(kMessage * kWindow, 'm');
  const auto round = [&] {
    for (Socket& client : clients) client.send_all(window);
    for (Socket& client : clients) ASSERT_TRUE(receive_exactly(client, window.size()) == window);
  };
  for (int i = 0; i < 10; ++i) round();
  const std::size_t descriptors = descriptors_of(program.pid());
  const long memory = resident(program.pid());
  for (std::size_t i = 0; i < 1'000'000 / (kClients * kWindow); ++i) round();
  EXPECT_EQ(descriptors_of(program.pid()), descriptors);
  EXPECT_LE(resident(program.pid()), memory + 1024);
  clients.clear();
  EXPECT_EQ(program.stop().status, 0);
}

TEST(EchoServer, ThousandsOfConnectionsOneAfterTheOtherLeaveNothingBehind) {
  test::Child program({test::our_program("echoserver"), "--port", "0"});
  const Address address = announced(program);
  const auto visit = [&](int times) {
    for (int i = 0; i < times; ++i) {
      Socket client = connected_to(address);
      client.send_all("hello");
      ASSERT_EQ(receive_exactly(client, 5), "hello");
    }
  };
  visit(500);
  const long memory = resident(program.pid());
  visit(5000);
  EXPECT_LE(resident(program.pid()), memory + 2048);
  EXPECT_TRUE(test::wait_until([&] { return descriptors_of(program.pid()) <= 12; }));
}

}  // namespace
}  // namespace proto
