// The network rows of the hostile cases, in each phase of SMTP: up to the dot an error, and nothing
// was sent; behind it nobody knows (U).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/smtp_scripts.h"

namespace proto {
namespace {

using namespace test;

// A conversation up to where the reply of each phase is due: the greeting's, EHLO's, MAIL's,
// RCPT's, DATA's, and the one to the message.
std::vector<Script> phases() {
  const Script greeting;
  const Script ehlo{send("220 mx\r\n"), expect_line("EHLO client.example.org")};
  const Script mail = greets() + Script{expect_line("MAIL FROM:<me@example.org>")};
  const Script rcpt = mail + Script{send("250 ok\r\n"), expect_line("RCPT TO:<you@example.net>")};
  const Script data = rcpt + Script{send("250 ok\r\n"), expect_line("DATA")};
  return {greeting, ehlo, mail, rcpt, data, greets() + takes_message()};
}

// Each phase ends so, behind half a reply where `begun` says one. `Expected` is thrown up to the
// dot.
template <typename Expected>
void expect_in_each_phase(const std::string& begun, const Step& end, const SMTPOptions& options) {
  const auto all = phases();
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(i);
    Script script = all[i];
    if (!begun.empty()) script.push_back(send(begun));
    script.push_back(end);
    ScriptedPeer peer(script);
    const auto deliver = [&] {
      SMTP smtp = connect_to(peer, options);
      return smtp.send(kEnvelope, kMessage);
    };
    if (i + 1 < all.size()) {
      EXPECT_THROW(deliver(), Expected);
    } else {
      EXPECT_TRUE(deliver().all(Verdict::unknown));
    }
  }
}

TEST(HostileSMTPNetwork, Row5And6AReset) {
  for (const char* begun : {"", "25"})
    expect_in_each_phase<NetworkError>(begun, reset(), test_smtp_options());
}

TEST(HostileSMTPNetwork, Row6TheEndOfTheConnection) {
  for (const char* begun : {"", "25", "250-x\r\n"})
    expect_in_each_phase<SMTPServerDisconnected>(begun, close_now(), test_smtp_options());
}

TEST(HostileSMTPNetwork, Row7AStall) {
  SMTPOptions options = test_smtp_options();
  options.connect.timeouts.total = std::chrono::milliseconds(100);
  for (const char* begun : {"", "25", "250-x\r\n"})
    expect_in_each_phase<TimeoutError>(begun, stall(), options);
}

// Each byte that comes begins the silence anew, and not the whole.
TEST(HostileSMTPNetwork, Row8ADripEndsByTheTotalDeadline) {
  std::string reply;
  for (int i = 0; i < 90; ++i) reply += "220-" + std::string(2000, 'x') + "\r\n";
  ScriptedPeer peer(Script{send_bytewise(reply)});
  SMTPOptions options = test_smtp_options();
  options.connect.timeouts.total = std::chrono::milliseconds(100);
  EXPECT_THROW(connect_to(peer, options), TimeoutError);
}

TEST(HostileSMTPNetwork, Row10AReplyBehindAHalfCloseIsDelivered) {
  ScriptedPeer peer(greets() + takes_message() +
                    Script{send("250 2.0.0 taken\r\n"), half_close(), drain()});
  SMTP smtp = connect_to(peer);
  EXPECT_TRUE(smtp.send(kEnvelope, kMessage).all(Verdict::accepted));
}

}  // namespace
}  // namespace proto
