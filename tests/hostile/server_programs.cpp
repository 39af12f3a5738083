// What hostile clients do to each of our servers, as programs: the Servers part, row by row.
#include <atomic>
#include <chrono>
#include <thread>

#include "proto/error.h"
#include "proto/selector.h"
#include "support/process_state.h"
#include "support/running_server.h"
#include "support/sanitizers.h"
#include "support/server_program.h"

namespace proto {
namespace {

using namespace std::chrono_literals;
using test::descriptors_of;
using test::is_cut_off_while_sending;
using test::receive_out;
using test::ServerKind;
using test::ServerProgram;

constexpr int kMiB = 1024 * 1024;

// The sanitizers' own memory is not the program's.
constexpr long kMemory = test::kSanitized ? 1024 * 1024 : 4 * 1024;  // KiB

class ServerPrograms : public testing::TestWithParam<ServerKind> {};

std::string name_of_parameter(const testing::TestParamInfo<ServerKind>& kind) {
  return test::name_of(kind.param);
}

INSTANTIATE_TEST_SUITE_P(Hostile, ServerPrograms,
                         testing::Values(ServerKind::echo, ServerKind::hello, ServerKind::chat,
                                         ServerKind::http, ServerKind::smtp, ServerKind::pop3),
                         name_of_parameter);

// protod's services, whose commands have an end.
class CommandServers : public ServerPrograms {};
INSTANTIATE_TEST_SUITE_P(Hostile, CommandServers,
                         testing::Values(ServerKind::http, ServerKind::smtp, ServerKind::pop3),
                         name_of_parameter);

// Options that have the kind of server cut off who is slow.
std::vector<std::string> patience(ServerKind kind, const std::string& seconds) {
  if (kind == ServerKind::hello) return {};  // it waits for nobody
  if (kind == ServerKind::chat) return {"--idle", seconds, "--line-time", seconds};
  return {"--idle", seconds};
}

TEST_P(ServerPrograms, Servers_1000SlowConnectionsAreClosedAndGoodOnesServed) {
  const ServerProgram server(GetParam(), patience(GetParam(), "2"));
  const std::size_t before = descriptors_of(server.pid());
  std::vector<Socket> slow;
  for (int i = 0; i < 1000; ++i) {
    slow.push_back(server.connect());
    // The hello server may have ended the connection by now.
    is_cut_off_while_sending(slow.back(), server.half_a_request(), 1);
  }
  for (int i = 0; i < 100; ++i) server.visit();
  for (Socket& socket : slow) receive_out(socket);
  server.visit();
  EXPECT_TRUE(test::wait_until([&] { return descriptors_of(server.pid()) == before; }));
}

TEST_P(CommandServers, Servers_DrippingBytesDoesNotExtendTheDeadlineOfACommand) {
  const ServerProgram server(GetParam(), {"--idle", "0.3"});
  Socket slow = server.connect();
  // It sends much more often than it would have to for --idle alone, and not enough to meet the
  // limit of a line.
  bool ended = false;
  for (int bytes = 0; !ended && bytes < 1000; ++bytes) {
    ended = is_cut_off_while_sending(slow, "x", 1);
    static_cast<void>(select({}, {}, {slow}, 10ms));
  }
  EXPECT_TRUE(ended);
  server.visit();
}

TEST_P(ServerPrograms, Servers_AClientThatNeverReadsIsCutOffAndNobodyWaitsForIt) {
  if (GetParam() == ServerKind::chat) return;  // HostileChatserver.Servers_WhoNeverReads...
  const ServerProgram server(GetParam(), patience(GetParam(), "1"));
  server.visit();
  const long memory = test::resident_kib(server.pid());
  Socket deaf(Family::ipv4);
  deaf.setsockopt(so::rcvbuf, 4096);
  deaf.settimeout(30s);
  deaf.connect(server.address());
  std::string block;
  while (block.size() < 64 * 1024) block += server.request();
  std::thread talking([&] { EXPECT_TRUE(is_cut_off_while_sending(deaf, block, 100'000)); });
  for (int i = 0; i < 20; ++i) server.visit();
  talking.join();
  EXPECT_LE(test::resident_kib(server.pid()), memory + kMemory);
  server.visit();
}

TEST_P(ServerPrograms, Servers_OutOfDescriptorsAtAcceptDoesNotSpinAndRecovers) {
  const ServerProgram server(GetParam());
  const std::size_t before = descriptors_of(server.pid());
  server.visit();
  ASSERT_TRUE(test::wait_until([&] { return descriptors_of(server.pid()) == before; }));
  const auto highest = static_cast<std::size_t>(test::highest_descriptor_of(server.pid()));
  const std::size_t limit = test::limit_descriptors(server.pid(), highest + 1);

  Socket waiting = server.connect();
  const auto used = test::processor_time(server.pid());
  EXPECT_TRUE(select({waiting}, {}, {}, 500ms).read.empty());
  EXPECT_EQ(descriptors_of(server.pid()), before);             // it was not accepted
  EXPECT_LT(test::processor_time(server.pid()) - used, 25ms);  // 5 %
  test::limit_descriptors(server.pid(), limit);
  server.talk(waiting);
}

TEST_P(ServerPrograms, Servers_HalfOpenPeersAreTimedOut) {
  const ServerProgram server(GetParam(), patience(GetParam(), "0.2"));
  const std::size_t before = descriptors_of(server.pid());
  Socket silent = server.connect();
  receive_out(silent);
  EXPECT_TRUE(test::wait_until([&] { return descriptors_of(server.pid()) == before; }));
}

TEST_P(ServerPrograms, Servers_ALineOf100MBTakesNoMemoryAndOnlyTheEchoTakesIt) {
  const ServerProgram server(GetParam());
  server.visit();
  const long memory = test::resident_kib(server.pid());
  Socket client = server.connect();
  std::size_t echoed = 0;
  std::thread reader;
  if (GetParam() == ServerKind::echo) {
    reader = std::thread([&] {
      while (echoed < 100U * kMiB) {
        const std::size_t size = client.recv(kMiB).size();
        if (size == 0) return;
        echoed += size;
      }
    });
  }
  const bool cut_off = is_cut_off_while_sending(client, std::string(kMiB, 'x'), 100);
  if (reader.joinable()) reader.join();
  EXPECT_EQ(cut_off, GetParam() != ServerKind::echo);
  EXPECT_EQ(echoed, GetParam() == ServerKind::echo ? 100U * kMiB : 0);
  EXPECT_LE(test::resident_kib(server.pid()), memory + kMemory);
  server.visit();
}

// Sends requests as fast as they are taken, and reads what comes.
void flood(const ServerProgram& server, const std::atomic<bool>& done) {
  std::string block;
  while (block.size() < 64 * 1024) block += server.request();
  std::vector<char> sink(64 * 1024);
  while (!done) {
    try {
      Socket client = server.connect();
      while (!done) {
        const auto ready = select({client}, {client}, {}, 1s);
        if (!ready.write.empty()) client.send(block, MessageFlags::dontwait);
        if (!ready.read.empty() && client.recv_into(std::span(sink), MessageFlags::dontwait) == 0)
          break;
      }
    } catch (const NetworkError&) {
      // Cut off: once more.
    }
  }
}

TEST_P(ServerPrograms, Servers_AFloodLeavesTheOthersTheirShare) {
  const ServerProgram server(GetParam());
  std::atomic<bool> done = false;
  std::vector<std::thread> floods;
  for (int i = 0; i < 2; ++i) floods.emplace_back([&] { flood(server, done); });
  for (int i = 0; i < 100; ++i) server.visit();
  done = true;
  for (std::thread& thread : floods) thread.join();
}

TEST_P(ServerPrograms, Servers_10000ConnectAndResetGiveTheirDescriptorsBack) {
  const ServerProgram server(GetParam());
  const std::size_t before = descriptors_of(server.pid());
  for (int i = 0; i < 10000; ++i) server.connect().setsockopt(so::linger, Linger(0s));
  server.visit();
  EXPECT_TRUE(test::wait_until([&] { return descriptors_of(server.pid()) == before; }));
}

}  // namespace
}  // namespace proto
