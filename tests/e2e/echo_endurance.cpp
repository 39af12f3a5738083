// The echo server after a million messages: as many descriptors and as much memory as before.
#include <string>
#include <vector>

#include "support/process.h"
#include "support/process_state.h"
#include "support/running_server.h"

namespace proto {
namespace {

using test::connected_to;
using test::descriptors_of;
using test::receive_exactly;
using test::resident_kib;

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
  const long memory = resident_kib(program.pid());
  for (std::size_t i = 0; i < 1'000'000 / (kClients * kWindow); ++i) round();
  EXPECT_EQ(descriptors_of(program.pid()), descriptors);
  EXPECT_LE(resident_kib(program.pid()), memory + 1024);
  clients.clear();
  EXPECT_EQ(program.stop().status, 0);
}

TEST(EchoServer, ThousandsOfConnectionsOneAfterTheOtherLeaveNothingBehind) {
  test::Child program({test::our_program("echoserver"), "--port", "0"});
  const Address address = announced(program);
  const std::size_t descriptors = descriptors_of(program.pid());
  const auto visit = [&](int times) {
    for (int i = 0; i < times; ++i) {
      Socket client = connected_to(address);
      client.send_all("hello");
      ASSERT_EQ(receive_exactly(client, 5), "hello");
    }
  };
  visit(500);
  const long memory = resident_kib(program.pid());
  visit(5000);
  EXPECT_LE(resident_kib(program.pid()), memory + 2048);
  // The last of them are closed a little later.
  EXPECT_TRUE(test::wait_until([&] { return descriptors_of(program.pid()) == descriptors; }))
      << descriptors_of(program.pid()) << " descriptors, " << descriptors << " before";
}

}  // namespace
}  // namespace proto
