// The chat and echo servers with clients that people have: telnet, nc, socat.
#include <unistd.h>

#include <string>
#include <vector>

#include "support/process.h"

namespace proto {
namespace {

using test::Child;
using test::find_program;
using test::our_program;

void type(Child& client, const std::string& text) {
  ASSERT_EQ(write(client.stdin_fd(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

// Reads lines up to one that holds `text`, and gives that back without CR.
std::string await(Child& program, const std::string& text) {
  for (;;) {
    std::string line = program.read_line();
    if (line.ends_with('\r')) line.pop_back();
    if (line.find(text) != std::string::npos) return line;
  }
}

std::string port_of(Child& server) {
  const std::string line = server.read_line();
  return line.substr(line.find_last_of(" :") + 1);
}

// "127.0.0.1:4711" at the end of a notice.
std::string name_in(const std::string& notice) {
  return notice.substr(notice.rfind(' ') + 1);
}

const std::string kGreeting = "You're connected to the libproto chatserver";

TEST(ChatClients, ThreeTelnetsTalk) {
  const std::string telnet = find_program("telnet", "telnet");
  Child server({our_program("chatserver"), "--port", "0"});
  const std::string port = port_of(server);
  Child first({telnet, "127.0.0.1", port});
  await(first, kGreeting);
  const std::string first_name = name_in(await(server, "Client joined "));
  Child second({telnet, "127.0.0.1", port});
  await(second, kGreeting);
  const std::string second_name = name_in(await(first, "Client joined "));
  Child third({telnet, "127.0.0.1", port});
  await(third, kGreeting);
  await(second, "Client joined ");

  type(second, "Hello, is anyone there?\n");
  for (Child* each : {&first, &third, &server})
    EXPECT_EQ(await(*each, "Hello"), "[" + second_name + "] Hello, is anyone there?");
  type(first, "Yes, I'm here.\n");
  for (Child* each : {&second, &third, &server})
    EXPECT_EQ(await(*each, "Yes"), "[" + first_name + "] Yes, I'm here.");
  first.stop();
  EXPECT_EQ(await(second, "Client left "), "Client left " + first_name);
  EXPECT_EQ(server.stop().status, 0);
}

TEST(ChatClients, NcAndSocatTalk) {
  Child server({our_program("chatserver"), "--port", "0"});
  const std::string port = port_of(server);
  Child nc({find_program("nc", "netcat-openbsd"), "127.0.0.1", port});
  await(nc, kGreeting);
  Child socat({find_program("socat", "socat"), "-", "TCP4:127.0.0.1:" + port + ",crnl"});
  await(socat, kGreeting);
  const std::string socat_name = name_in(await(nc, "Client joined "));
  type(socat, "with CRLF\n");
  EXPECT_EQ(await(nc, "CRLF"), "[" + socat_name + "] with CRLF");
  type(nc, "with LF\n");
  EXPECT_TRUE(await(socat, "LF").ends_with("] with LF"));
  nc.stop();
  EXPECT_TRUE(await(socat, "Client left ").starts_with("Client left 127.0.0.1:"));
}

TEST(EchoClients, NcAndSocatHearThemselves) {
  Child server({our_program("echoserver"), "--port", "0"});
  const std::string port = port_of(server);
  test::ProcessOptions options;
  options.input = "echo me\n";
  EXPECT_EQ(test::run({find_program("nc", "netcat-openbsd"), "-N", "127.0.0.1", port}, options).out,
            "echo me\n");
  EXPECT_EQ(
      test::run({find_program("socat", "socat"), "-t5", "-", "TCP4:127.0.0.1:" + port}, options)
          .out,
      "echo me\n");
  Child datagrams({our_program("echoserver"), "--udp", "--port", "0"});
  EXPECT_EQ(test::run({find_program("socat", "socat"), "-t2", "-",
                       "UDP4:127.0.0.1:" + port_of(datagrams) + ",shut-null"},
                      options)
                .out,
            "echo me\n");
}

}  // namespace
}  // namespace proto
