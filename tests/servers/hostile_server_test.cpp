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

}  // namespace
}  // namespace proto
