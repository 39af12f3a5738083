// The echo server after a million messages: as many descriptors and as much memory as before.
#include <dirent.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "support/process.h"
#include "support/running_server.h"

namespace proto {
namespace {

using test::connected_to;
using test::receive_exactly;

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
