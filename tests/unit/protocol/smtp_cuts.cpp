// Whole conversations, each of whose replies comes cut at each byte: the result is the same.
#include <gtest/gtest.h>

#include <functional>

#include "proto/credentials.h"
#include "support/smtp_scripts.h"
#include "support/tls_authority.h"

namespace proto {
namespace {

using namespace test;

// What the client says up to its end, and the reply; or a step of another kind.
struct Turn {
  std::string until;
  std::string reply;
  std::function<Step()> step = {};
};

// Runs it with every reply cut at every byte.
void cut_everywhere(const std::vector<Turn>& turns, const std::function<void(ScriptedPeer&)>& run) {
  for (std::size_t which = 0; which < turns.size(); ++which) {
    for (std::size_t cut = 1; cut < turns[which].reply.size(); ++cut) {
      Script script;
      for (std::size_t i = 0; i < turns.size(); ++i) {
        const Turn& turn = turns[i];
        if (!turn.until.empty()) script.push_back(expect_until(turn.until));
        if (!turn.reply.empty())
          script.push_back(i == which ? send_cut(turn.reply, {cut}) : send(turn.reply));
        if (turn.step) script.push_back(turn.step());
      }
      script.push_back(close());
      ScriptedPeer peer(script);
      SCOPED_TRACE(turns[which].reply + " at " + std::to_string(cut));
      run(peer);
      if (testing::Test::HasFailure()) return;
    }
  }
}

const Turn kGreeting{"", "220-mx\r\n220 hi\r\n"};
const Turn kQuit{"QUIT\r\n", "221 bye\r\n"};

TEST(SMTPCuts, StarttlsAndLogin) {
  const auto context =
      TLSContext::server(test_server().certificate_file(), test_server().key_file());
  cut_everywhere({kGreeting,
                  {"\r\n", "250-mx\r\n250 STARTTLS\r\n"},
                  {"STARTTLS\r\n", "220 2.0.0 go\r\n", [&] { return start_tls(context); }},
                  {"\r\n", "250-mx\r\n250 AUTH CRAM-MD5\r\n"},
                  {"AUTH CRAM-MD5\r\n", "334 PDEyMzRAbXg+\r\n"},
                  {"\r\n", "235 2.7.0 welcome\r\n"},
                  kQuit},
                 [](ScriptedPeer& peer) {
                   SMTPOptions options = test_smtp_options();
                   options.tls = TLSMode::starttls;
                   options.connect.via = {peer.host(), peer.port()};
                   TLSOptions tls;
                   tls.ca_file = test_root().certificate_file();
                   options.connect.tls = TLSContext::client(tls);
                   SMTP smtp("localhost", 25, options);
                   smtp.login({"joe", Secret("secret"), Secret()});
                   smtp.quit();
                 });
}

TEST(SMTPCuts, ChunksBehindARefusal) {
  const Turn one{"How are you?\r\n", "250 ok\r\n550-5.1.1 no\r\n550 5.1.1 user\r\n503 nobody\r\n"};
  const Turn two{"How are you?\r\n", "250 ok\r\n250 ok\r\n250 ok\r\n250 2.0.0 taken\r\n"};
  cut_everywhere(
      {kGreeting, {"\r\n", "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"}, one, two, kQuit},
      [](ScriptedPeer& peer) {
        SMTP smtp = connect_to(peer);
        const SendResult first = smtp.send(kEnvelope, kMessage);
        EXPECT_EQ(first.recipients[0].reply.text, "no\nuser");
        const SendResult second = smtp.send(kEnvelope, kMessage);
        EXPECT_EQ(second.recipients[0].reply.text, "taken");
        smtp.quit();
      });
}

TEST(SMTPCuts, ABatchByData) {
  cut_everywhere({kGreeting,
                  {"\r\n", "250-mx\r\n250 PIPELINING\r\n"},
                  {"DATA\r\n", "250 ok\r\n250 ok\r\n354 go\r\n"},
                  {"DATA\r\n", "250 one\r\n250 ok\r\n550 no\r\n503 nobody\r\n"},
                  {"DATA\r\n", "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"},
                  {"\r\n.\r\n", "250 three\r\n"},
                  kQuit},
                 [](ScriptedPeer& peer) {
                   SMTP smtp = connect_to(peer);
                   const std::vector<SMTP::Outgoing> three(3, {&kEnvelope, kMessage});
                   std::string told;
                   smtp.send_all(three, [&](std::size_t, const SendResult& result) {
                     told += result.recipients[0].reply.text + " ";
                   });
                   EXPECT_EQ(told, "one no three ");
                   smtp.quit();
                 });
}

TEST(SMTPCuts, Lmtp) {
  cut_everywhere({kGreeting,
                  {"\r\n", "250-mx\r\n250 PIPELINING\r\n"},
                  {"DATA\r\n", "250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n"},
                  {"\r\n.\r\n", "250 2.1.5 stored\r\n452-4.2.2 over\r\n452 4.2.2 quota\r\n"},
                  kQuit},
                 [](ScriptedPeer& peer) {
                   SMTPOptions options = test_smtp_options();
                   options.lmtp = true;
                   SMTP lmtp = connect_to(peer, options);
                   const SendResult result = lmtp.send(
                       {"me@example.org", {"a@x.test", "b@x.test", "c@x.test"}, "", ""}, kMessage);
                   EXPECT_EQ(result.recipients[0].reply.text, "stored");
                   EXPECT_EQ(result.recipients[1].reply.text, "no");
                   EXPECT_EQ(result.recipients[2].reply.text, "over\nquota");
                   lmtp.quit();
                 });
}

TEST(SMTPCuts, TheVerbs) {
  cut_everywhere({kGreeting,
                  {"\r\n", "250-mx\r\n250 CHUNKING\r\n"},
                  {"VRFY joe\r\n", "252-2.5.0 may\r\n252 2.5.0 be\r\n"},
                  {"MAIL FROM:<me@example.org>\r\n", "250 ok\r\n"},
                  {"RCPT TO:<you@example.net>\r\n", "250 ok\r\n"},
                  {"BDAT 3\r\nabc", "250 ok\r\n"},
                  {"RSET\r\n", "250 ok\r\n"},
                  {"NOOP\r\n", "250\r\n"},
                  kQuit},
                 [](ScriptedPeer& peer) {
                   SMTP smtp = connect_to(peer);
                   smtp.ehlo();
                   EXPECT_EQ(smtp.vrfy("joe").text, "may\nbe");
                   smtp.mail("me@example.org");
                   smtp.rcpt("you@example.net");
                   smtp.bdat("abc", false);
                   smtp.rset();
                   smtp.noop();
                   smtp.quit();
                 });
}

}  // namespace
}  // namespace proto
