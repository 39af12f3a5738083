// How each of our servers ends, as a program, and what it shows of what it was sent.
#include <signal.h>

#include "proto/error.h"
#include "support/chat_client.h"
#include "support/process_state.h"
#include "support/running_server.h"
#include "support/sanitizers.h"
#include "support/server_program.h"

namespace proto {
namespace {

using namespace std::chrono_literals;
using test::ChatClient;
using test::ServerKind;
using test::ServerProgram;

class ServerProgramsEnd : public testing::TestWithParam<ServerKind> {};

INSTANTIATE_TEST_SUITE_P(Hostile, ServerProgramsEnd,
                         testing::Values(ServerKind::echo, ServerKind::hello, ServerKind::chat,
                                         ServerKind::http, ServerKind::smtp, ServerKind::pop3),
                         [](const auto& kind) { return test::name_of(kind.param); });

// --drain, where there is something to wait for.
std::vector<std::string> drain(ServerKind kind, const std::string& seconds) {
  return kind == ServerKind::hello ? std::vector<std::string>()
                                   : std::vector<std::string>{"--drain", seconds};
}

TEST_P(ServerProgramsEnd, Servers_SigtermAcceptsNobodyMoreAndExitsWith0ByTheDrainLimit) {
  ServerProgram server(GetParam(), drain(GetParam(), "0.2"));
  Socket inside = server.connect();
  server.talk(inside);
  server.child().signal(SIGTERM);
  const auto result = server.child().wait();
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_TRUE(test::wait_until_refused(server.address()));
  EXPECT_EQ(test::receive_out(inside), "");
}

TEST_P(ServerProgramsEnd, Servers_ASecondSignalEndsAtOnce) {
  ServerProgram server(GetParam(), drain(GetParam(), "600"));
  Socket inside = server.connect();
  server.talk(inside);
  server.child().signal(SIGTERM);
  // The hello server, and a chat where everything was heard, have nothing to wait for.
  const bool waits = GetParam() != ServerKind::hello && GetParam() != ServerKind::chat;
  EXPECT_TRUE(test::wait_until_refused(server.address()));
  server.child().signal(SIGTERM);
  const auto result = server.child().wait();
  EXPECT_FALSE(result.timed_out);
  EXPECT_TRUE(result.signal == SIGTERM || (!waits && result.status == 0)) << result.describe();
}

TEST(HostileProtod, Servers_SigtermLetsADownloadFinish) {
  ServerProgram server(ServerKind::http, {"--drain", "600"});
  Socket client = server.connect();
  client.send_all("GET /large HTTP/1.0\r\n\r\n");
  std::string all = client.recv(1);
  server.child().signal(SIGTERM);
  EXPECT_TRUE(test::wait_until_refused(server.address()));
  all += test::receive_all(client);
  EXPECT_EQ(all.substr(all.find("\r\n\r\n") + 4).size(), ServerProgram::kLargeFile);
  EXPECT_EQ(server.child().wait().status, 0);
}

TEST(HostileProtod, Servers_ADownloadThatNobodyReadsIsCutOff) {
  ServerProgram server(ServerKind::http, {"--idle", "0.3"});
  const std::size_t before = test::descriptors_of(server.pid());
  Socket deaf(Family::ipv4);
  deaf.setsockopt(so::rcvbuf, 4096);
  deaf.connect(server.address());
  deaf.send_all("GET /large HTTP/1.0\r\n\r\n");
  EXPECT_EQ(deaf.recv(4), "HTTP");
  EXPECT_TRUE(test::wait_until([&] { return test::descriptors_of(server.pid()) == before; }));
  server.visit();
}

TEST(HostileChatserver, Servers_WhoNeverReadsIsCutOffAndTheOthersMissNothing) {
  ServerProgram server(ServerKind::chat);
  ChatClient speaker(server.address());
  Socket deaf(Family::ipv4);
  deaf.setsockopt(so::rcvbuf, 4096);
  deaf.connect(server.address());
  const std::string name = deaf.getsockname().to_string();
  EXPECT_EQ(speaker.hear(), "Client joined " + name);
  ChatClient listener(server.address());
  const long memory = test::resident_kib(server.pid());
  talk_past_the_deaf(speaker, listener, name);
  // The transcript's MiB too; the sanitizers' own memory is not the program's.
  const long more = test::kSanitized ? 1024 * 1024 : 8 * 1024;
  EXPECT_LE(test::resident_kib(server.pid()), memory + more);
}

TEST(HostileChatserver, Servers_NobodyHearsALineOf100MB) {
  ServerProgram server(ServerKind::chat);
  ChatClient listener(server.address());
  Socket talker = server.connect();
  const std::string name = talker.getsockname().to_string();
  EXPECT_TRUE(test::is_cut_off_while_sending(talker, std::string(1024 * 1024, 'x'), 100));
  EXPECT_EQ(listener.hear(), "Client joined " + name);
  EXPECT_EQ(listener.hear(), "Client left " + name);
}

constexpr std::string_view kControls =
    "a\r[127.0.0.1:1] b\x1b[2K\x9b"
    "1K\xc2\x9b"
    "c\x07\n";

TEST(HostileChatserver, Servers_StandardOutputShowsControlCharactersEscaped) {
  ServerProgram server(ServerKind::chat);
  ChatClient forger(server.address()), listener(server.address());
  forger.say(kControls);
  const std::string heard = listener.hear_talk();
  EXPECT_TRUE(heard.starts_with("[" + forger.name() + "] a\\r[127.0.0.1:1] b\\x1b[2K")) << heard;
  const auto result = server.child().stop();
  EXPECT_NE(result.out.find("\n" + heard + "\n"), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find_first_of("\x1b\r\x9b\x07"), std::string::npos);
}

// No log shows what could move a terminal's cursor, and the echo is exact.
TEST_P(ServerProgramsEnd, Servers_LogsShowControlCharactersEscaped) {
  ServerProgram server(GetParam(), {"-v"});
  Socket client = server.connect();
  test::is_cut_off_while_sending(client, kControls, 1);
  if (GetParam() == ServerKind::echo) {
    EXPECT_EQ(test::receive_exactly(client, kControls.size()), kControls);
  }
  client.shutdown(Socket::How::write);
  test::receive_out(client);
  const auto result = server.child().stop();
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_EQ((result.out + result.err).find_first_of("\x1b\r\x9b\x07"), std::string::npos);
}

}  // namespace
}  // namespace proto
