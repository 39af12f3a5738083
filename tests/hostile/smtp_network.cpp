// The network rows of the hostile cases, in each phase of SMTP: up to the dot an error, and nothing
// was sent; behind it nobody knows (U).
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
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
void expect_in_each_phase(const std::string& begun, const Step& end) {
  const auto all = phases();
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(i);
    Script script = all[i];
    if (!begun.empty()) script.push_back(send(begun));
    script.push_back(end);
    ScriptedPeer peer(script);
    const auto deliver = [&] {
      SMTP smtp = connect_to(peer);
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
  for (const char* begun : {"", "25"}) expect_in_each_phase<NetworkError>(begun, reset());
}

TEST(HostileSMTPNetwork, Row6TheEndOfTheConnection) {
  for (const char* begun : {"", "25", "250-x\r\n"})
    expect_in_each_phase<SMTPServerDisconnected>(begun, close_now());
}

// Each phase has its time only when it is reached: before that, a busy machine is no stall.
TEST(HostileSMTPNetwork, Row7AStall) {
  constexpr std::chrono::milliseconds kShort(200);
  const auto all = phases();
  const std::vector<std::function<void(SMTP&)>> verbs = {
      [](SMTP& smtp) { smtp.ehlo(); }, [](SMTP& smtp) { smtp.mail("me@example.org"); },
      [](SMTP& smtp) { smtp.rcpt("you@example.net"); }};
  for (const char* begun : {"25", "250-x\r\n"}) {
    const Script stalls{send(begun), stall()};
    SMTPOptions options = test_smtp_options();
    options.timeouts.greeting = options.timeouts.data = options.timeouts.end = kShort;
    {
      ScriptedPeer peer(stalls);
      EXPECT_THROW(connect_to(peer, options), TimeoutError);
    }
    options.timeouts.greeting = test_smtp_options().timeouts.greeting;
    for (std::size_t i = 0; i < verbs.size(); ++i) {
      ScriptedPeer peer(all[i + 1] + stalls);
      SMTP smtp = connect_to(peer, options);
      for (std::size_t j = 0; j < i; ++j) verbs[j](smtp);
      smtp.set_deadline(Deadline::after(kShort));
      EXPECT_THROW(verbs[i](smtp), TimeoutError) << i;
    }
    ScriptedPeer at_data(all[4] + stalls);
    SMTP smtp = connect_to(at_data, options);
    EXPECT_THROW(smtp.send(kEnvelope, kMessage), TimeoutError);
    ScriptedPeer at_end(all[5] + stalls);
    options.timeouts.data = test_smtp_options().timeouts.data;
    SMTP other = connect_to(at_end, options);
    EXPECT_TRUE(other.send(kEnvelope, kMessage).all(Verdict::unknown));
  }
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
