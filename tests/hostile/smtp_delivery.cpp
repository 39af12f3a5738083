// The SMTP rows of the hostile cases, at the library: what happens around the message itself, where
// mail is lost or doubled. Each test's number is its row's.
#include <gtest/gtest.h>

#include "support/naive_data.h"
#include "support/smtp_scripts.h"

namespace proto {
namespace {

using namespace test;

RecipientResult send_one(const Script& script, bool stays_open = false,
                         const std::string& message = kMessage) {
  ScriptedPeer peer(script);
  SMTP smtp = connect_to(peer);
  const SendResult result = smtp.send(kEnvelope, message);
  EXPECT_EQ(smtp.is_open(), stays_open);
  smtp.close();
  return result.recipients.at(0);
}

TEST(HostileSMTP, Row25AnotherPositiveReplyAfterTheDot) {
  for (const char* reply : {"220 ok\r\n", "354 go\r\n", "251 ok\r\n", "ok\r\n"}) {
    const auto result = send_one(greets() + takes_message() + Script{send(reply), expect_end()});
    EXPECT_EQ(result.verdict, Verdict::unknown) << reply;
    EXPECT_EQ(result.reply.code, 0);
    EXPECT_FALSE(result.reply.text.empty());
  }
}

TEST(HostileSMTP, Row26ConnectionLostAfterTheDot) {
  for (const Script& script : {Script{close()}, Script{reset()}, Script{close_now()}}) {
    EXPECT_EQ(send_one(greets() + takes_message() + script).verdict, Verdict::unknown);
  }
}

TEST(HostileSMTP, Row26bStallAfterTheDot) {
  ScriptedPeer peer(greets() + takes_message() + Script{stall()});
  SMTPOptions options = test_smtp_options();
  options.timeouts.end = std::chrono::milliseconds(50);
  SMTP smtp = connect_to(peer, options);
  EXPECT_TRUE(smtp.send(kEnvelope, kMessage).all(Verdict::unknown));
  EXPECT_FALSE(smtp.is_open());
}

TEST(HostileSMTP, Row26cTheUnknownIsTold) {
  ScriptedPeer peer(greets() + takes_message() + Script{close()});
  SMTP smtp = connect_to(peer);
  EXPECT_THROW(smtp.sendmail("me@example.org", {"you@example.net"}, kMessage),
               SMTPServerDisconnected);
}

// A refused sender has no reply to its RCPT yet when the connection ends, and the message behind it
// may have been taken: each has its own verdict, under its own number.
TEST(HostileSMTP, Row26eTheUnknownBehindARefusedSender) {
  ScriptedPeer peer(greets({"PIPELINING", "CHUNKING"}) +
                    Script{expect_until("RCPT TO:<you@example.net>\r\n"), send("550 not you\r\n"),
                           expect_until("How are you?\r\n"), close()});
  SMTP smtp = connect_to(peer);
  const std::string large(20000, '\n');  // goes only when its recipients are known
  const SMTP::Outgoing two[] = {{&kEnvelope, large}, {&kEnvelope, kMessage}};
  std::vector<std::pair<std::size_t, Verdict>> told;
  EXPECT_THROW(smtp.send_all(two,
                             [&](std::size_t index, const SendResult& result) {
                               told.emplace_back(index, result.recipients[0].verdict);
                             }),
               NetworkError);
  EXPECT_EQ(told, (std::vector<std::pair<std::size_t, Verdict>>{{0, Verdict::for_good},
                                                                {1, Verdict::unknown}}));
}

TEST(HostileSMTP, Row26dTheUnknownOfABatch) {
  // By BDAT three messages are under way when the connection ends: one has its verdict.
  ScriptedPeer peer(greets({"PIPELINING", "CHUNKING"}) +
                    Script{expect_until("How are you?\r\n"), expect_until("How are you?\r\n"),
                           expect_until("How are you?\r\n"),
                           send("250 ok\r\n250 ok\r\n250 taken\r\n"), close()});
  SMTP smtp = connect_to(peer);
  const std::vector<SMTP::Outgoing> three(3, {&kEnvelope, kMessage});
  std::vector<Verdict> verdicts;
  EXPECT_THROW(smtp.send_all(three,
                             [&](std::size_t index, const SendResult& result) {
                               EXPECT_EQ(index, verdicts.size());
                               verdicts.push_back(result.recipients.at(0).verdict);
                             }),
               NetworkError);
  EXPECT_EQ(verdicts, (std::vector{Verdict::accepted, Verdict::unknown, Verdict::unknown}));
}

TEST(HostileSMTP, Row27HalfAReplyAfterTheDot) {
  for (const char* reply : {"250", "2", "250 ok", "250-ok\r\n", "250 ok\r"}) {
    for (const Step& end : {reset(), close()}) {
      const auto result = send_one(greets() + takes_message() + Script{send(reply), end});
      EXPECT_EQ(result.verdict, Verdict::unknown) << reply;
    }
  }
}

TEST(HostileSMTP, Row28RefusedAfterTheDot) {
  const auto script = [](const char* reply) {
    return greets() + takes_message() + Script{send(reply), expect_end()};
  };
  const auto full = send_one(script("452 4.2.2 full\r\n"), true);
  EXPECT_EQ(full.verdict, Verdict::for_now);
  EXPECT_EQ(full.reply.code, 452);
  const auto large = send_one(script("552 5.3.4 large\r\n"), true);
  EXPECT_EQ(large.verdict, Verdict::for_good);
  EXPECT_EQ(large.reply.enhanced, "5.3.4");
  ScriptedPeer peer(script("554 no\r\n"));
  SMTP smtp = connect_to(peer);
  EXPECT_THROW(smtp.sendmail("me@example.org", {"you@example.net"}, kMessage), SMTPDataError);
  smtp.close();
}

TEST(HostileSMTP, Row28bWhatFollowsTheVerdictDoesNotUndoIt) {
  const auto result =
      send_one(greets() + takes_message() + Script{send("250 ok\r\n421 bye\r\n"), close()}, true);
  EXPECT_EQ(result.verdict, Verdict::accepted);
}

// Larger than all buffers on the way.
const std::string& large_message() {
  static const std::string message = [] {
    std::string text = "Subject: large\r\n\r\n";
    while (text.size() < 32 * 1024 * 1024) text += std::string(70, 'x') + "\r\n";
    return text;
  }();
  return message;
}

TEST(HostileSMTP, Row30EarlyRefusalInTheBody) {
  for (const Script& end : {Script{close_now()}, Script{half_close(), drain()}, Script{stall()}}) {
    const auto result =
        send_one(greets() + takes_envelope() + answers("DATA", "354 go\r\n") +
                     Script{expect_until("\r\n\r\n"), send("552 5.3.4 too large\r\n")} + end,
                 false, large_message());
    EXPECT_EQ(result.verdict, Verdict::for_good);
    EXPECT_EQ(result.reply.code, 552);
  }
}

TEST(HostileSMTP, Row30bEarlyRefusalOfAChunk) {
  ScriptedPeer peer(greets({"PIPELINING", "CHUNKING", "SIZE"}) +
                    Script{expect_until("RCPT TO:<you@example.net>\r\n"),
                           send("250 ok\r\n250 ok\r\n"), expect_until("\r\n\r\n"),
                           send("552 5.3.4 too large\r\n"), close_now()});
  SMTP smtp = connect_to(peer);
  const SendResult result = smtp.send(kEnvelope, large_message());
  EXPECT_EQ(result.recipients[0].reply.code, 552);
  smtp.quit();  // heard between two chunks, the connection was still good as far as we know
}

TEST(HostileSMTP, Row30cLostInTheBodyIsNotSent) {
  for (const Step& end : {close_now(), reset()}) {
    ScriptedPeer peer(greets() + takes_envelope() + answers("DATA", "354 go\r\n") +
                      Script{expect_until("\r\n\r\n"), end});
    SMTP smtp = connect_to(peer);
    EXPECT_THROW((void)smtp.send(kEnvelope, large_message()), NetworkError);
    EXPECT_FALSE(smtp.is_open());
  }
}

TEST(HostileSMTP, Row30dAPositiveReplyInTheBody) {
  ScriptedPeer peer(greets() + takes_envelope() + answers("DATA", "354 go\r\n") +
                    Script{expect_until("\r\n\r\n"), send("250 ok\r\n"), drain()});
  SMTP smtp = connect_to(peer);
  EXPECT_THROW((void)smtp.send(kEnvelope, large_message()), ProtocolError);
}

TEST(HostileSMTP, Row33OnlyCRLFAndStuffedDotsOnTheWire) {
  const std::string body = "Subject: x\n\na\n.\nb\r.\rc\r\n.\r\nMAIL FROM:<evil@example.org>\n..";
  ScriptedPeer peer(greets() + takes_message() + Script{send("250 ok\r\n"), expect_end()});
  SMTP smtp = connect_to(peer);
  EXPECT_TRUE(smtp.send(kEnvelope, body).all(Verdict::accepted));
  smtp.close();
  peer.finish();
  const std::string received = peer.received();
  EXPECT_TRUE(received.ends_with("DATA\r\n" + naive_data(body, true))) << received;
}

TEST(HostileSMTP, TheHookIsCalledJustBeforeTheMessageMayBeTaken) {
  struct DiskFull {};
  SendOptions options;
  options.before_commit = [] { throw DiskFull(); };
  ScriptedPeer peer(greets() + takes_envelope() + answers("DATA", "354 go\r\n") +
                    Script{expect_end()});
  SMTP smtp = connect_to(peer);
  EXPECT_THROW((void)smtp.send(kEnvelope, kMessage, options), DiskFull);
  EXPECT_FALSE(smtp.is_open());
}

}  // namespace
}  // namespace proto
