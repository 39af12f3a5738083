// The SMTP rows of the hostile cases, at the library: replies. Each test's number is its row's.
#include <gtest/gtest.h>

#include "proto/credentials.h"
#include "support/smtp_scripts.h"

namespace proto {
namespace {

using namespace test;
using std::chrono_literals::operator""s;

// What sending kMessage throws when the server does as `script` says.
template <typename Thrown>
void expect_send_throws(const Script& script, const std::string& what) {
  ScriptedPeer peer(script);
  SMTP smtp = connect_to(peer);
  EXPECT_THROW((void)smtp.send(kEnvelope, kMessage), Thrown) << what;
  EXPECT_FALSE(smtp.is_open()) << what;
}

RecipientResult send_one(const Script& script) {
  ScriptedPeer peer(script);
  SMTP smtp = connect_to(peer);
  return smtp.send(kEnvelope, kMessage).recipients.at(0);
}

TEST(HostileSMTP, Row1GreetingRefuses) {
  {
    ScriptedPeer peer({send("554-5.7.1 no\r\n554 5.7.1 go away\r\n"), expect_end()});
    try {
      connect_to(peer);
      ADD_FAILURE();
    } catch (const SMTPConnectError& e) {
      EXPECT_EQ(e.code(), 554);
      EXPECT_EQ(e.enhanced(), "5.7.1");
      EXPECT_FALSE(e.for_now());
      EXPECT_NE(std::string(e.what()).find("go away"), std::string::npos);
    }
  }
  ScriptedPeer peer({send("421 later\r\n"), expect_end()});
  try {
    connect_to(peer);
    ADD_FAILURE();
  } catch (const SMTPConnectError& e) {
    EXPECT_TRUE(e.for_now());
  }
}

// An address with colons stands in brackets where its port follows.
TEST(HostileSMTP, AnErrorNamesAnIPv6PeerWithItsPort) {
  ScriptedPeer peer({send("554 no\r\n"), expect_end()}, ScriptedPeer::On::ipv6);
  try {
    connect_to(peer);
    ADD_FAILURE();
  } catch (const SMTPConnectError& e) {
    EXPECT_NE(std::string(e.what()).find(peer.address()), std::string::npos) << e.what();
  }
}

TEST(HostileSMTP, Row2AnotherProtocol) {
  // At once: the peer then waits for us.
  for (const char* greeting : {"HTTP/1.1 200", "+OK ready\r\n", "\x15\x03\x01", "* OK\r\n"}) {
    ScriptedPeer peer({send(greeting), expect_end()});
    EXPECT_THROW(connect_to(peer), ProtocolError) << greeting;
  }
}

TEST(HostileSMTP, Row3GreetingCutOff) {
  for (const char* greeting : {"", "2", "220", "220 hi", "220-hi\r\n", "220 hi\r"}) {
    ScriptedPeer peer({send(greeting), close()});
    EXPECT_THROW(connect_to(peer), SMTPServerDisconnected) << greeting;
  }
}

TEST(HostileSMTP, Row4EndlessGreetingLines) {
  ScriptedPeer peer({send_endlessly("220-a\r\n")});
  EXPECT_THROW(connect_to(peer), LimitError);
}

TEST(HostileSMTP, Row5EndlessGreetingLine) {
  ScriptedPeer peer({send("220 "), send_endlessly("aaaaaaaaaaaaaaaa")});
  EXPECT_THROW(connect_to(peer), LimitError);
}

TEST(HostileSMTP, Row6EndlessEhlo) {
  ScriptedPeer peer({send("220 hi\r\n"), expect_line("EHLO client.example.org"),
                     send_endlessly("250-SIZE 1\r\n")});
  SMTP smtp = connect_to(peer);
  EXPECT_THROW(smtp.ehlo(), LimitError);
}

TEST(HostileSMTP, Row7TwoCodesInOneReply) {
  expect_send_throws<ProtocolError>(
      greets() + answers("MAIL FROM:<me@example.org>", "250-x\r\n550 y\r\n") + Script{expect_end()},
      "MAIL");
}

TEST(HostileSMTP, Rows8To11NoReply) {
  for (const char* reply : {"25\r\n", "2500 ok\r\n", "000 ok\r\n", "999 ok\r\n", "199 ok\r\n",
                            "600 ok\r\n", "250 ok\r250 x\r\n", "\r\n", "ok\r\n", "-250 ok\r\n"}) {
    expect_send_throws<ProtocolError>(
        greets() + answers("MAIL FROM:<me@example.org>", reply) + Script{expect_end()}, reply);
  }
  expect_send_throws<ProtocolError>(
      greets() + answers("MAIL FROM:<me@example.org>", std::string("250 o\0k\r\n", 9)) +
          Script{expect_end()},
      "NUL");
}

TEST(HostileSMTP, Row12HeloWhereEhloIsUnknown) {
  const Script no_ehlo = {send("220 old\r\n"), expect_line("EHLO client.example.org"),
                          send("502 what?\r\n")};
  ScriptedPeer peer(no_ehlo + answers("HELO client.example.org", "250 hello\r\n") +
                    takes_message() +
                    Script{send("250 ok\r\n"), expect_line("QUIT"), send("221 bye\r\n"), close()});
  SMTP smtp = connect_to(peer);
  EXPECT_TRUE(smtp.send(kEnvelope, kMessage).all(Verdict::accepted));
  smtp.quit();
  EXPECT_FALSE(smtp.is_open());

  ScriptedPeer for_login(no_ehlo + answers("HELO client.example.org", "250 hello\r\n") +
                         Script{expect_end()});
  SMTP without_auth = connect_to(for_login);
  EXPECT_THROW(without_auth.login({"joe", Secret("secret"), Secret()}), SMTPNotSupportedError);
  without_auth.close();

  ScriptedPeer for_tls(no_ehlo + Script{expect_end()});
  SMTPOptions options = test_smtp_options();
  options.tls = TLSMode::starttls;
  EXPECT_THROW(connect_to(for_tls, options), TLSError);
}

TEST(HostileSMTP, Row12bEhloRefusedForNowIsNoHelo) {
  ScriptedPeer peer({send("220 hi\r\n"), expect_line("EHLO client.example.org"),
                     send("451 later\r\n"), expect_end()});
  SMTP smtp = connect_to(peer);
  EXPECT_THROW((void)smtp.send(kEnvelope, kMessage), SMTPHeloError);
}

TEST(HostileSMTP, Row17BadOrEndlessChallenge) {
  const Credentials joe{"joe", Secret("secret"), Secret()};
  {
    ScriptedPeer peer(greets({"AUTH CRAM-MD5"}) + answers("AUTH CRAM-MD5", "334 !!!\r\n") +
                      answers("*", "501 cancelled\r\n") + Script{expect_end()});
    SMTP smtp = connect_to(peer);
    EXPECT_THROW(smtp.login(joe), ProtocolError);
  }
  ScriptedPeer peer(greets({"AUTH LOGIN"}) + answers("AUTH LOGIN", "334 VXNlcm5hbWU6\r\n") +
                    Script{expect_until("\r\n"), send("334 UGFzc3dvcmQ6\r\n"), expect_until("\r\n"),
                           send("334 UGFzc3dvcmQ6\r\n"), expect_until("\r\n"),
                           send("501 cancelled\r\n"), expect_end()});
  SMTP smtp = connect_to(peer);
  EXPECT_THROW(smtp.login(joe), Error);
  EXPECT_FALSE(smtp.is_open());
  peer.finish();
  EXPECT_TRUE(peer.received().ends_with("\r\n*\r\n")) << peer.received();
}

TEST(HostileSMTP, Row18LoginRefused) {
  // The server quotes what it refuses.
  std::string shown;
  SMTPOptions options = test_smtp_options();
  options.connect.trace = [&](const TraceEvent& event) { shown += std::string(event.text) + "\n"; };
  ScriptedPeer peer(greets({"AUTH PLAIN"}) +
                    Script{expect_line("AUTH PLAIN AGpvZQBzM2NyZXQ="),
                           send("535 5.7.8 not AGpvZQBzM2NyZXQ= nor s3cret\r\n"),
                           expect_line("QUIT"), send("221 bye\r\n"), close()});
  SMTP smtp = connect_to(peer, options);
  try {
    smtp.login({"joe", Secret("s3cret"), Secret()});
    ADD_FAILURE();
  } catch (const SMTPAuthenticationError& e) {
    EXPECT_EQ(e.code(), 535);
    EXPECT_EQ(e.enhanced(), "5.7.8");
    shown += std::string(e.what()) + e.text();
  }
  EXPECT_TRUE(smtp.is_open()) << "a refusal is no breach";
  smtp.quit();
  EXPECT_EQ(shown.find("s3cret"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("AGpvZQBzM2NyZXQ"), std::string::npos) << shown;
}

TEST(HostileSMTP, Row18bOnly235IsALogin) {
  for (const char* reply : {"250 ok\r\n", "220 ok\r\n", "354 go\r\n"}) {
    ScriptedPeer peer(greets({"AUTH PLAIN"}) +
                      Script{expect_until("\r\n"), send(reply), expect_end()});
    SMTP smtp = connect_to(peer);
    EXPECT_THROW(smtp.login({"joe", Secret("secret"), Secret()}), ProtocolError) << reply;
  }
  ScriptedPeer peer(greets({"AUTH PLAIN"}) +
                    Script{expect_until("\r\n"), send("503 already\r\n"), expect_end()});
  SMTP smtp = connect_to(peer);
  EXPECT_THROW(smtp.login({"joe", Secret("secret"), Secret()}), SMTPAuthenticationError);
}

TEST(HostileSMTP, Row19OneOfThreeRecipientsRefused) {
  ScriptedPeer peer(greets() + answers("MAIL FROM:<me@example.org>", "250 ok\r\n") +
                    answers("RCPT TO:<a@example.net>", "250 2.1.5 ok\r\n") +
                    answers("RCPT TO:<b@example.net>", "550-5.1.1 no\r\n550 5.1.1 such user\r\n") +
                    answers("RCPT TO:<c@example.net>", "451 4.3.0 later\r\n") +
                    answers("DATA", "354 go\r\n") +
                    Script{expect_until("\r\n.\r\n"), send("250 2.0.0 taken\r\n"), expect_end()});
  SMTP smtp = connect_to(peer);
  const SendResult result = smtp.send(
      {"me@example.org", {"a@example.net", "b@example.net", "c@example.net"}, "", ""}, kMessage);
  smtp.close();
  ASSERT_EQ(result.recipients.size(), 3U);
  EXPECT_EQ(result.recipients[0].verdict, Verdict::accepted);
  EXPECT_EQ(result.recipients[0].reply.text, "taken");
  EXPECT_EQ(result.recipients[1].verdict, Verdict::for_good);
  EXPECT_EQ(result.recipients[1].reply.code, 550);
  EXPECT_EQ(result.recipients[1].reply.enhanced, "5.1.1");
  EXPECT_EQ(result.recipients[1].reply.text, "no\nsuch user");
  EXPECT_EQ(result.recipients[2].verdict, Verdict::for_now);
  EXPECT_FALSE(result.sender_refused);
  EXPECT_FALSE(result.message_refused);
}

TEST(HostileSMTP, Row20AllRecipientsRefusedIsNoData) {
  ScriptedPeer peer(greets() + answers("MAIL FROM:<me@example.org>", "250 ok\r\n") +
                    answers("RCPT TO:<you@example.net>", "550 no\r\n") +
                    answers("RSET", "250 ok\r\n") +
                    answers("MAIL FROM:<me@example.org>", "250 ok\r\n") +
                    answers("RCPT TO:<you@example.net>", "550 no\r\n") + Script{expect_end()});
  SMTP smtp = connect_to(peer);
  EXPECT_TRUE(smtp.send(kEnvelope, kMessage).all(Verdict::for_good));
  try {
    smtp.sendmail("me@example.org", {"you@example.net"}, kMessage);
    ADD_FAILURE();
  } catch (const SMTPRecipientsRefused& e) {
    EXPECT_EQ(e.code(), 550);
    EXPECT_EQ(e.result().recipients.size(), 1U);
  }
  smtp.close();
}

TEST(HostileSMTP, Row20bPipelinedAllRefusedButDataTaken) {
  // RFC 2920 §3.1: the lone dot, and what comes of it is nobody's mail.
  for (const char* reply : {"554 no recipients\r\n", "250 whatever\r\n"}) {
    ScriptedPeer peer(greets({"PIPELINING"}) +
                      Script{expect_until("DATA\r\n"), send("250 ok\r\n550 no\r\n354 go\r\n"),
                             expect(".\r\n"), send(reply), expect_line("QUIT"), send("221 bye\r\n"),
                             close()});
    SMTP smtp = connect_to(peer);
    EXPECT_TRUE(smtp.send(kEnvelope, kMessage).all(Verdict::for_good));
    smtp.quit();
  }
}

TEST(HostileSMTP, Row21GoAheadToRcpt) {
  expect_send_throws<ProtocolError>(greets() + answers("MAIL FROM:<me@example.org>", "250 ok\r\n") +
                                        answers("RCPT TO:<you@example.net>", "354 go\r\n") +
                                        Script{expect_end()},
                                    "RCPT");
}

TEST(HostileSMTP, Row22DataAnsweredBy250) {
  for (const std::vector<std::string>& keywords :
       {std::vector<std::string>{}, std::vector<std::string>{"PIPELINING"}}) {
    const Script envelope =
        keywords.empty() ? takes_envelope() + answers("DATA", "250 ok\r\n")
                         : Script{expect_until("DATA\r\n"), send("250 a\r\n250 b\r\n250 c\r\n")};
    expect_send_throws<ProtocolError>(greets(keywords) + envelope + Script{expect_end()}, "DATA");
  }
}

TEST(HostileSMTP, Row23ThreeRepliesToOneRcpt) {
  expect_send_throws<ProtocolError>(
      greets() + answers("MAIL FROM:<me@example.org>", "250 ok\r\n") +
          answers("RCPT TO:<you@example.net>", "250\r\n354\r\n250\r\n") + Script{expect_end()},
      "RCPT");
  expect_send_throws<ProtocolError>(
      greets({"PIPELINING"}) +
          Script{expect_until("DATA\r\n"), send("250\r\n250\r\n354\r\n250\r\n"), expect_end()},
      "pipelined");
}

TEST(HostileSMTP, Row24ServiceClosing) {
  const std::string bye = "421 4.3.2 bye\r\n";
  const Script mail = answers("MAIL FROM:<me@example.org>", "250 ok\r\n");
  const Script rcpt = answers("RCPT TO:<you@example.net>", "250 ok\r\n");
  const Script scripts[] = {
      mail + answers("RCPT TO:<you@example.net>", bye) + Script{close()},
      mail + rcpt + answers("DATA", bye) + Script{close()},
      takes_message() + Script{send(bye), close()},
  };
  for (const Script& script : scripts) {
    const RecipientResult result = send_one(greets() + script);
    EXPECT_EQ(result.verdict, Verdict::for_now);
    EXPECT_EQ(result.reply.code, 421);
  }
  ScriptedPeer peer(greets() + answers("MAIL FROM:<me@example.org>", bye) + Script{close()});
  SMTP smtp = connect_to(peer);
  try {
    (void)smtp.send(kEnvelope, kMessage);
    ADD_FAILURE();
  } catch (const SMTPSenderRefused& e) {
    EXPECT_TRUE(e.for_now());
  }
  EXPECT_FALSE(smtp.is_open());
  EXPECT_THROW(smtp.noop(), std::logic_error);
}

TEST(HostileSMTP, Row29EndOfStreamAtQuit) {
  for (const Script& script : {Script{close()}, Script{send("221 by"), close()},
                               Script{close_now()}, Script{send("500 what\r\n"), close()}}) {
    ScriptedPeer peer(greets() + Script{expect_line("QUIT")} + script);
    SMTP smtp = connect_to(peer);
    smtp.ehlo();
    EXPECT_NO_THROW(smtp.quit());
    EXPECT_FALSE(smtp.is_open());
    EXPECT_NO_THROW(smtp.quit());
  }
}

TEST(HostileSMTP, Row31LargerThanSize) {
  ScriptedPeer peer(greets({"SIZE 10"}) + Script{expect_end()});
  SMTP smtp = connect_to(peer);
  EXPECT_THROW((void)smtp.send(kEnvelope, kMessage), SMTPNotSupportedError);
  smtp.close();
}

TEST(HostileSMTP, Row32EightBitAddressWithoutSmtputf8) {
  ScriptedPeer peer(greets({"8BITMIME"}) + Script{expect_end()});
  SMTP smtp = connect_to(peer);
  EXPECT_THROW((void)smtp.send({"j\xc3\xb6rg@example.org", {"a@example.net"}, "", ""}, kMessage),
               SMTPNotSupportedError);
  EXPECT_THROW((void)smtp.send({"a@example.org", {"j\xc3\xb6rg@example.net"}, "", ""}, kMessage),
               SMTPNotSupportedError);
  smtp.close();
}

// The domain's form in ASCII would be "b> SIZE=1" and the like.
TEST(HostileSMTP, Row32bAWideBracketIsNoWayRoundSmtputf8) {
  ScriptedPeer peer(greets() + Script{expect_end()});
  SMTP smtp = connect_to(peer);
  for (const char* address : {"a@b\uff1eSIZE", "a@b\u00a0SIZE\uff1d1"}) {
    EXPECT_THROW((void)smtp.send({"a@example.org", {address}, "", ""}, kMessage),
                 SMTPNotSupportedError)
        << address;
  }
  smtp.close();
}

TEST(HostileSMTP, Row34AddressesThatWouldEndTheLine) {
  ScriptedPeer peer({send("220 hi\r\n"), expect_end()});
  SMTP smtp = connect_to(peer);
  for (const char* address : {"a@b>\r\nRCPT TO:<x", "a> SIZE=1", "a b@c", "a@b\n", "<a@b> NOTIFY=x",
                              "a@b>", "<a@b", "a@b c", "\"a@b"}) {
    EXPECT_THROW((void)smtp.send({address, {"you@example.net"}, "", ""}, kMessage),
                 std::invalid_argument)
        << address;
    EXPECT_THROW((void)smtp.send({"me@example.org", {address}, "", ""}, kMessage),
                 std::invalid_argument)
        << address;
    EXPECT_THROW(smtp.mail(address), std::invalid_argument) << address;
    EXPECT_THROW(smtp.rcpt(address), std::invalid_argument) << address;
  }
  EXPECT_THROW((void)smtp.send({"me@example.org", {}, "", ""}, kMessage), std::invalid_argument);
  EXPECT_THROW((void)smtp.send({"me@example.org", {""}, "", ""}, kMessage), std::invalid_argument);
  EXPECT_THROW(smtp.docmd("NOOP\r\nQUIT"), std::invalid_argument);
  EXPECT_THROW(smtp.ehlo("x\r\nQUIT"), std::invalid_argument);
  smtp.close();
}

TEST(HostileSMTP, ACodeWithoutASpaceIsTaken) {
  const RecipientResult result =
      send_one({send("220\r\n"), expect_line("EHLO client.example.org"), send("250\r\n"),
                expect_line("MAIL FROM:<me@example.org>"), send("250\r\n"),
                expect_line("RCPT TO:<you@example.net>"), send("250\r\n"), expect_line("DATA"),
                send("354\r\n"), expect_until("\r\n.\r\n"), send("250\r\n"), expect_end()});
  EXPECT_EQ(result.verdict, Verdict::accepted);
}

TEST(HostileSMTP, CapabilityNamesInAnyCase) {
  ScriptedPeer peer(greets({"pipelining", "Size 100", "auth plain"}) + Script{expect_end()});
  SMTP smtp = connect_to(peer);
  smtp.ehlo();
  EXPECT_TRUE(smtp.capabilities().pipelining);
  EXPECT_EQ(smtp.capabilities().max_size, 100U);
  EXPECT_EQ(smtp.capabilities().auth, std::vector<std::string>{"PLAIN"});
  smtp.close();
}

}  // namespace
}  // namespace proto
