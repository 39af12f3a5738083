// The reference programs by their contract: first lines, options, signals, exit statuses.
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "proto/error.h"
#include "support/chat_client.h"
#include "support/process.h"

namespace proto {
namespace {

using test::Child;
using test::connected_to;
using test::our_program;
using test::receive_all;

// The address at the end of the first line.
Address announced(Child& server) {
  const std::string line = server.read_line();
  return Address::parse(line.substr(line.rfind(' ') + 1));
}

Address chat_announced(Child& server) {
  const std::string line = server.read_line();
  return Address::parse("127.0.0.1:" + line.substr(line.rfind(' ') + 1));
}

test::ProcessResult echo_client(const Address& address, std::vector<std::string> arguments) {
  std::vector<std::string> argv = {our_program("echoclient")};
  if (!arguments.empty() && arguments.front() == "--udp") argv.push_back("--udp");
  argv.push_back(address.host());
  argv.push_back(std::to_string(address.port()));
  if (!arguments.empty() && arguments.back() != "--udp") argv.push_back(arguments.back());
  return test::run(argv);
}

TEST(ReferencePrograms, HelloServerSaysHello) {
  Child server({our_program("helloserver"), "--port", "0"});
  const std::string line = server.read_line();
  ASSERT_TRUE(line.starts_with("HelloServer started on 127.0.0.1:")) << line;
  Socket client = connected_to(Address::parse(line.substr(line.rfind(' ') + 1)));
  EXPECT_EQ(receive_all(client), "Hello World!\n");
  EXPECT_EQ(server.stop().status, 0);
}

TEST(ReferencePrograms, EchoServerAndClientByStreamAndDatagram) {
  Child stream({our_program("echoserver"), "--port", "0"});
  Child datagram({our_program("echoserver"), "--udp", "--port", "0", "--host", "localhost", "-4"});
  const Address stream_address = announced(stream), datagram_address = announced(datagram);
  EXPECT_EQ(echo_client(stream_address, {}).out, "Hello World\n");
  EXPECT_EQ(echo_client(stream_address, {"a text of one's own"}).out, "a text of one's own");
  const std::string large(100000, 'x');
  EXPECT_TRUE(echo_client(stream_address, {large}).out == large);
  EXPECT_EQ(echo_client(datagram_address, {"--udp"}).out, "Hello World\n");
  EXPECT_EQ(echo_client(datagram_address, {"--udp", "one datagram"}).out, "one datagram");
}

TEST(ReferencePrograms, Ipv6) {
  Child server({our_program("echoserver"), "--port", "0", "-6"});
  const Address address = announced(server);
  EXPECT_EQ(address.host(), "::1");
  EXPECT_EQ(echo_client(address, {}).out, "Hello World\n");
}

TEST(ReferencePrograms, EchoClientNamesWhatFailed) {
  const test::RefusingPort port;
  const auto result = echo_client(Address("127.0.0.1", port.port()), {});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "echoclient: cannot connect to 127.0.0.1:" + std::to_string(port.port()) +
                            ": Connection refused\n");
  EXPECT_EQ(
      test::run({our_program("echoclient"), "--udp", "127.0.0.1", std::to_string(port.port())})
          .status,
      1);
}

TEST(ReferencePrograms, HelpVersionAndUsageErrors) {
  for (const char* name : {"echoserver", "echoclient", "helloserver", "chatserver"}) {
    const std::string program = our_program(name);
    const auto help = test::run({program, "--help"});
    EXPECT_EQ(help.status, 0) << name;
    EXPECT_NE(help.out.find(std::string("Usage: ") + name), std::string::npos) << help.out;
    EXPECT_TRUE(test::run({program, "--version"}).out.starts_with(std::string(name) + " ")) << name;
    const auto wrong = test::run({program, "--wrong"});
    EXPECT_EQ(wrong.status, 2) << name;
    EXPECT_NE(wrong.err.find("--wrong"), std::string::npos) << wrong.err;
    EXPECT_TRUE(wrong.err.starts_with(std::string(name) + ": ")) << wrong.err;
  }
  EXPECT_EQ(test::run({our_program("chatserver"), "--port", "65536"}).status, 2);
  const auto contradiction = test::run({our_program("echoserver"), "--host", "::1", "-4"});
  EXPECT_EQ(contradiction.status, 2);
  EXPECT_EQ(contradiction.err, "echoserver: --host: ::1 is not of the family asked for\n");
}

TEST(ReferencePrograms, AnAddressInUseIsOneLineAndTheNextStartWorks) {
  Child first({our_program("helloserver"), "--port", "0"});
  const Address address = announced(first);
  Socket client = connected_to(address);
  EXPECT_EQ(receive_all(client), "Hello World!\n");
  const std::string port = std::to_string(address.port());
  const auto second = test::run({our_program("helloserver"), "--port", port});
  EXPECT_EQ(second.status, 1);
  EXPECT_EQ(second.err,
            "helloserver: cannot bind to 127.0.0.1:" + port + ": Address already in use\n");
  EXPECT_EQ(first.stop().status, 0);
  Child third({our_program("helloserver"), "--port", port});
  EXPECT_EQ(announced(third), address);
}

TEST(ReferencePrograms, SigintEndsWithItsStatus) {
  for (const char* name : {"echoserver", "helloserver", "chatserver"}) {
    Child server({our_program(name), "--port", "0"});
    server.read_line();
    server.signal(SIGINT);
    EXPECT_EQ(server.wait().signal, SIGINT) << name;
  }
}

TEST(ReferencePrograms, Servers_SigtermDrainsTheChatAndExitsWith0) {
  Child server({our_program("chatserver"), "--port", "0"});
  const Address address = chat_announced(server);
  test::ChatClient speaker(address), listener(address);
  EXPECT_EQ(speaker.hear(), "Client joined " + listener.name());
  speaker.say("the last word\n");
  EXPECT_EQ(listener.hear(), "[" + speaker.name() + "] the last word");
  server.signal(SIGTERM);
  const auto result = server.wait();
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_EQ(listener.hear_out(), "");
  EXPECT_NE(result.out.find("[" + speaker.name() + "] the last word\n"), std::string::npos);
}

TEST(ReferencePrograms, Servers_ASecondSignalEndsAtOnce) {
  Child server({our_program("chatserver"), "--port", "0", "--drain", "600"});
  const Address address = chat_announced(server);
  test::ChatClient speaker(address);
  Socket deaf(Family::ipv4);
  deaf.setsockopt(so::rcvbuf, 4096);
  deaf.connect(address);
  EXPECT_TRUE(speaker.hear().starts_with("Client joined"));
  // Enough that some of it stays with the server, little enough that the deaf one is not cut off.
  std::jthread talker([&] {
    try {
      for (int i = 0; i < 100000; ++i) speaker.say(std::string(1000, 'x') + "\n");
    } catch (const NetworkError&) {
    }
  });
  test::ChatClient listener(address);
  EXPECT_TRUE(listener.hear_talk().starts_with("["));
  server.signal(SIGTERM);
  // It takes nobody any more: it is draining.
  EXPECT_TRUE(test::wait_until([&] {
    try {
      connected_to(address);
      return false;
    } catch (const NetworkError&) {
      return true;
    }
  }));
  server.signal(SIGTERM);
  const auto result = server.wait();
  EXPECT_TRUE(result.signal == SIGTERM || result.status == 0) << result.describe();
  EXPECT_FALSE(result.timed_out);
}

TEST(ReferencePrograms, AServerThatCannotSayWhereItIsDoesNotStart) {
  test::ProcessOptions options;
  options.stdout_file = "/dev/full";
  Child server({our_program("helloserver"), "--port", "0"}, options);
  const auto result = server.wait();
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "helloserver: cannot write to standard output\n");
}

}  // namespace
}  // namespace proto
