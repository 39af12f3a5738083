// The SMTP rows of the hostile cases, at the tool: its exit status with and without the queue, one
// line on stderr, and mail that stays where it must. Each test's name holds its row's number.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <ostream>

#include "sendmail-lite/queue.h"
#include "support/mail_sink.h"
#include "support/scripted_peer.h"
#include "support/sendmail_program.h"
#include "support/sendmail_scripts.h"

namespace proto::test {
namespace {

struct Row {
  const char* name;
  Script script;
  int without_queue;  // exit status
  int with_queue;
  int waiting;  // entries in the queue afterwards
  int failed;   // in failed/
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

Script only(const std::string& bytes) {
  return {send(bytes), drain()};
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"Row01Greeting554", only("554 no\r\n"), 69, 69, 1, 0},
      {"Row01Greeting421", only("421 later\r\n"), 75, 0, 1, 0},
      {"Row02HTTP", only("HTTP/1.1 200 OK\r\n"), 76, 76, 1, 0},
      {"Row03CutGreeting", {send("220 hi"), close()}, 75, 0, 1, 0},
      {"Row04EndlessGreetingLines", {send_endlessly("220-a\r\n")}, 76, 76, 1, 0},
      {"Row05EndlessGreetingLine", {send_endlessly("220 aaaaaaaaaaaaaaaaaaaaaaaa")}, 76, 76, 1, 0},
      {"Row06EndlessEHLO",
       {send("220 mx\r\n"), expect_until("\r\n"), send_endlessly("250-x\r\n")},
       76,
       76,
       1,
       0},
      {"Row07TwoCodes",
       {send("220 mx\r\n"), expect_until("\r\n"), send("250-x\r\n550 y\r\n"), drain()},
       76,
       76,
       1,
       0},
      {"Row08ShortCode", only("25 x\r\n"), 76, 76, 1, 0},
      {"Row08LongCode", only("2500 x\r\n"), 76, 76, 1, 0},
      {"Row09NUL", only(std::string("220 a\0b\r\n", 9)), 76, 76, 1, 0},
      {"Row10BareCR", only("220 ok\r220 x\r\n"), 76, 76, 1, 0},
      {"Row11BlankLine", only("\r\n"), 76, 76, 1, 0},
      {"Row12NoEHLONoHELO",
       {send("220 mx\r\n"), expect_until("\r\n"), send("502 no\r\n"), expect_until("\r\n"),
        send("550 no\r\n"), drain()},
       69,
       69,
       1,
       0},
      {"Row20AllRefused",
       after(joined(joined(greeted(), said("250 ok\r\n")), said("550 5.1.1 nobody\r\n")), ""), 67,
       67, 0, 1},
      {"RelayingDeferredAtRCPT",
       after(joined(joined(greeted(), said("250 ok\r\n")), said("454 4.7.1 denied\r\n")), ""), 75,
       0, 1, 0},
      {"Row21GoAheadToRCPT",
       after(joined(joined(greeted(), said("250 ok\r\n")), said("354 go\r\n")), ""), 76, 76, 1, 0},
      {"Row22YesToDATA",
       after(joined(joined(joined(greeted(), said("250 ok\r\n")), said("250 ok\r\n")),
                    said("250 ok\r\n")),
             ""),
       76, 76, 1, 0},
      {"Row23ThreeRepliesToOne",
       after(joined(joined(greeted(), said("250 ok\r\n")), said("250 ok\r\n354 go\r\n250 ok\r\n")),
             ""),
       76, 76, 1, 0},
      {"Row24LaterAtMAIL", after(joined(greeted(), said("421 later\r\n")), ""), 75, 0, 1, 0},
      {"Row24LaterAtEHLO",
       {send("220 mx\r\n"), expect_until("\r\n"), send("421 later\r\n"), drain()},
       75,
       0,
       1,
       0},
      {"Row24LaterAtRCPT",
       after(joined(joined(greeted(), said("250 ok\r\n")), said("421 later\r\n")), ""), 75, 0, 1,
       0},
      {"Row24LaterAfterTheDot", after(sent(), "421 later\r\n"), 75, 0, 1, 0},
      {"Row25AnotherYesAfterTheDot", after(sent(), "354 go\r\n"), 75, 0, 1, 0},
      {"Row26EndAfterTheDot", joined(sent(), {close_now()}), 75, 0, 1, 0},
      {"Row26ResetAfterTheDot", joined(sent(), {reset()}), 75, 0, 1, 0},
      {"Row27CutVerdict", joined(sent(), {send("250"), close_now()}), 75, 0, 1, 0},
      {"Row28NoRoomAfterTheDot", after(sent(), "452 4.3.1 full\r\n"), 75, 0, 1, 0},
      {"Row28TooLargeAfterTheDot", after(sent(), "552 5.3.4 too large\r\n"), 69, 69, 0, 1},
      {"Row29EndAtQUIT", joined(sent(), {send("250 ok\r\n"), close_now()}), 0, 0, 0, 0},
      {"Row31LargerThanSIZE", joined(greeted("250-SIZE 10\r\n"), {drain()}), 69, 69, 0, 1},
  };
  return all;
}

class SendmailReplies : public ::testing::TestWithParam<Row> {};

TEST_P(SendmailReplies, WithoutTheQueue) {
  ScriptedPeer peer = ScriptedPeer::forever(GetParam().script);
  const SendmailLite program(peer.port());
  const ProcessResult result = program.run({"--no-queue", "-f", "me@x.org", "you@x.org"}, kAlert);
  EXPECT_EQ(result.status, GetParam().without_queue) << result.describe();
  expect_one_line(result, GetParam().without_queue != 0);
}

TEST_P(SendmailReplies, WithTheQueue) {
  ScriptedPeer peer = ScriptedPeer::forever(GetParam().script);
  const SendmailLite program(peer.port());
  const ProcessResult result = program.run({"-f", "me@x.org", "you@x.org"}, kAlert);
  EXPECT_EQ(result.status, GetParam().with_queue) << result.describe();
  expect_one_line(result, GetParam().with_queue != 0);
  const sendmail::Queue queue(sendmail::real_file_system(), program.queue());
  EXPECT_EQ(queue.waiting().size(), static_cast<std::size_t>(GetParam().waiting));
  EXPECT_EQ(queue.failed().size(), static_cast<std::size_t>(GetParam().failed));
}

INSTANTIATE_TEST_SUITE_P(Rows, SendmailReplies, ::testing::ValuesIn(rows()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(SendmailHostile, Row33OnlyCRLFAndStuffedDotsGoOut) {
  ScriptedPeer peer(joined(sent(), {send("250 ok\r\n"), drain()}));
  const SendmailLite program(peer.port());
  EXPECT_EQ(
      program.run({"-i", "-f", "me@x.org", "you@x.org"}, "Subject: x\n\na\n.\nb\r.\rc\r\n.\r\nd\n")
          .status,
      0);
  peer.finish();
  const std::string wire = peer.received();
  EXPECT_NE(wire.find("\r\na\r\n..\r\nb\r\n..\r\nc\r\n..\r\nd\r\n.\r\n"), std::string::npos)
      << wire;
  for (std::size_t i = 0; i + 1 < wire.size(); ++i)
    EXPECT_EQ(wire[i] == '\r', wire[i + 1] == '\n') << i;
}

TEST(SendmailHostile, Row34AnAddressThatWouldEndItsLineIsRefusedBeforeConnecting) {
  ScriptedPeer peer = ScriptedPeer::forever(Script{drain()});
  const SendmailLite program(peer.port());
  for (const char* bad : {"a@b>\r\nRCPT TO:<x", "a> SIZE=1"}) {
    EXPECT_EQ(program.run({"--no-queue", bad}, kAlert).status, 64) << bad;
    EXPECT_EQ(program.run({"--no-queue", "-f", bad, "you@x.org"}, kAlert).status, 64) << bad;
  }
  EXPECT_EQ(peer.connections(), 0U);
}

// The reply says more than the broken pipe behind it.
TEST(SendmailHostile, Row30AnEarlyRefusalInTheBodyIsAVerdict) {
  Script script = greeted();
  for (const char* reply : {"250 ok\r\n", "250 ok\r\n", "354 go\r\n"})
    script = joined(std::move(script), said(reply));
  script = joined(std::move(script),
                  {expect_until("\r\n\r\n"), send("552 5.3.4 too large\r\n"), close_now()});
  std::string large = "Subject: large\n\n";
  while (large.size() < 16U << 20) large += std::string(70, 'x') + "\n";
  ScriptedPeer peer = ScriptedPeer::forever(script);
  const SendmailLite program(peer.port());
  for (const bool queued : {false, true}) {
    std::vector<std::string> arguments = {"-f", "me@x.org", "you@x.org"};
    if (!queued) arguments.insert(arguments.begin(), "--no-queue");
    const ProcessResult result = program.run(arguments, large);
    EXPECT_EQ(result.status, 69) << result.describe();
    EXPECT_NE(result.err.find("552"), std::string::npos) << result.err;
    expect_one_line(result, true);
  }
  const sendmail::Queue queue(sendmail::real_file_system(), program.queue());
  EXPECT_EQ(queue.failed().size(), 1U);
  EXPECT_TRUE(queue.waiting().empty());
}

TEST(SendmailHostile, Row32AnAddressOfEightBitsNeedsSMTPUTF8) {
  ScriptedPeer peer = ScriptedPeer::forever(joined(greeted(), {drain()}));
  const SendmailLite program(peer.port());
  const auto result = program.run({"--no-queue", "-f", "me@x.org", "jörg@x.org"}, kAlert);
  EXPECT_EQ(result.status, 69) << result.describe();
  EXPECT_EQ(peer.received().find("MAIL"), std::string::npos);
}

// Nor does it keep the message from those whom the server can be told of.
TEST(SendmailHostile, Row32TheOthersHaveTheMessageAllTheSame) {
  SinkRules rules;
  rules.ehlo = "250 PIPELINING";
  const MailSink sink(rules);
  const SendmailLite program(sink.port());
  const auto result =
      program.run({"-f", "me@x.org", "a@x.org", "jörg@x.org", "b@köln.example"}, kAlert);
  EXPECT_EQ(result.status, 69) << result.describe();
  EXPECT_NE(result.err.find("refused: jörg@x.org: the server does not offer SMTPUTF8"),
            std::string::npos)
      << result.err;
  EXPECT_EQ(sink.mails().at(0).to, (std::vector<std::string>{"a@x.org", "b@xn--kln-sna.example"}));
  const sendmail::Queue queue(sendmail::real_file_system(), program.queue());
  EXPECT_EQ(queue.look_failed(queue.failed().at(0))->journal.verdicts[1].fate,
            sendmail::Fate::refused);
  EXPECT_TRUE(queue.waiting().empty());
}

TEST(SendmailHostile, ABlackHoleAndAStallEndByTheTimeout) {
  const BlackHole hole;
  ScriptedPeer stalled = ScriptedPeer::forever(Script{stall()});
  for (const std::uint16_t port : {hole.port(), stalled.port()}) {
    const SendmailLite program(port);
    for (const char* bound : {"--timeout=0.2", "--deadline=0.2"}) {
      EXPECT_EQ(program.run({bound, "--no-queue", "you@x.org"}, kAlert).status, 75);
      EXPECT_EQ(program.run({bound, "you@x.org"}, kAlert).status, 0);
    }
    EXPECT_NE(program.status().find("\"waiting\":2"), std::string::npos);
  }
}

// RFC 9422: the third message goes over another connection; none is refused for the count of them.
TEST(SendmailHostile, AServerWithAMaximumOfMessagesGetsAnotherConnection) {
  SinkRules rules;
  rules.ehlo = "250-PIPELINING\r\n250 LIMITS MAILMAX=2";
  const MailSink sink(rules);
  const SendmailLite program(sink.port());
  for (int i = 0; i < 5; ++i)
    ASSERT_EQ(program.run({"-odq", "-f", "me@x.org", "you@x.org"}, kAlert).status, 0);
  const auto flushed = program.run({"-q"});
  EXPECT_EQ(flushed.status, 0) << flushed.describe();
  EXPECT_EQ(sink.mails().size(), 5U);
  EXPECT_EQ(sink.connections(), 3U);
  EXPECT_EQ(program.run({"--status"}).status, 0);
}

// Recipients that go in several transactions: the verdicts of the first are kept when the second is
// cut off.
TEST(SendmailHostile, VerdictsOfAnEarlierTransactionAreKept) {
  Script script = greeted("250-LIMITS RCPTMAX=1\r\n");
  for (const char* reply : {"250 ok\r\n", "250 ok\r\n", "354 go\r\n"})
    script = joined(std::move(script), said(reply));
  script.push_back(expect_until("\r\n.\r\n"));
  script.push_back(send("250 taken\r\n"));
  script = joined(std::move(script), {expect_until("\r\n"), reset()});
  ScriptedPeer peer = ScriptedPeer::forever(script);
  const SendmailLite program(peer.port());
  EXPECT_EQ(program.run({"-f", "me@x.org", "a@x.org", "b@x.org"}, kAlert).status, 0);
  const sendmail::Queue queue(sendmail::real_file_system(), program.queue());
  const auto entry = queue.look(queue.waiting().at(0));
  EXPECT_EQ(entry->journal.verdicts[0].fate, sendmail::Fate::taken);
  EXPECT_EQ(entry->journal.verdicts[1].fate, sendmail::Fate::waiting);
}

// RFC 5321 §4.5.3.1.10: those whom one transaction had no room for go in the next, at once; five
// days of attempts that are put off for longer and longer would not be enough for many.
TEST(SendmailHostile, TooManyRecipientsGoInSeveralTransactions) {
  SinkRules rules;
  auto room = std::make_shared<std::atomic<int>>(2);
  rules.on_rcpt = [room](const std::string& to) -> std::string {
    if (to == "bad@x.org") return "550 5.1.1 nobody";
    return --*room < 0 ? "452 4.5.3 too many recipients" : "250 ok";
  };
  rules.on_message = [room](const SunkMail&) -> std::string {
    *room = 2;
    return "250 taken";
  };
  const MailSink sink(rules);
  const SendmailLite program(sink.port());
  for (const std::string& queue : {"--queue-dir=" + program.queue(), std::string("--no-queue")}) {
    const std::size_t before = sink.mails().size(), connections = sink.connections();
    const auto sent = program.run({queue, "-f", "me@x.org", "a@x.org", "bad@x.org", "b@x.org",
                                   "c@x.org", "d@x.org", "e@x.org"},
                                  kAlert);
    EXPECT_EQ(sent.status, 67) << sent.describe();
    EXPECT_NE(sent.err.find("bad@x.org: 550"), std::string::npos) << sent.err;
    ASSERT_EQ(sink.mails().size(), before + 3);
    EXPECT_EQ(sink.mails()[before + 2].to, std::vector<std::string>{"e@x.org"});
    EXPECT_EQ(sink.connections(), connections + 1);
  }
  EXPECT_EQ(sendmail::Queue(sendmail::real_file_system(), program.queue()).waiting().size(), 0U);
}

// RFC 9422: as many as one connection may carry, and the rest over others, at once.
TEST(SendmailHostile, RecipientsBeyondWhatAConnectionCarriesGoOverTheNext) {
  SinkRules rules;
  rules.ehlo = "250-PIPELINING\r\n250 LIMITS MAILMAX=1 RCPTMAX=2";
  const MailSink sink(rules);
  const SendmailLite program(sink.port());
  const auto sent = program.run(
      {"-f", "me@x.org", "a@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org"}, kAlert);
  EXPECT_EQ(sent.status, 0) << sent.describe();
  EXPECT_EQ(sent.err, "");
  ASSERT_EQ(sink.mails().size(), 3U);
  EXPECT_EQ(sink.mails()[2].to, std::vector<std::string>{"e@x.org"});
  EXPECT_EQ(sink.connections(), 3U);
  EXPECT_EQ(sendmail::Queue(sendmail::real_file_system(), program.queue()).waiting().size(), 0U);
}

// A mailbox that stays full is asked once more, and then waits.
TEST(SendmailHostile, AFullMailboxIsNotAskedForEver) {
  SinkRules rules;
  auto asked = std::make_shared<std::atomic<int>>(0);
  rules.on_rcpt = [asked](const std::string& to) -> std::string {
    if (to != "full@x.org") return "250 ok";
    ++*asked;
    return "452 4.2.2 mailbox full";
  };
  const MailSink sink(rules);
  const SendmailLite program(sink.port());
  const auto sent = program.run({"-f", "me@x.org", "a@x.org", "full@x.org"}, kAlert);
  EXPECT_EQ(sent.status, 0) << sent.describe();
  EXPECT_EQ(*asked, 2);
  EXPECT_EQ(sink.mails().size(), 1U);
  EXPECT_EQ(sendmail::Queue(sendmail::real_file_system(), program.queue()).waiting().size(), 1U);
}

// RFC 3461 §4: what cannot be said of NOTIFY or ENVID costs the notice, not the mail.
TEST(SendmailHostile, AWrongNotifyOrEnvidKeepsNoMailBack) {
  const MailSink sink;
  const SendmailLite program(sink.port());
  const std::vector<std::vector<std::string>> wrong = {{"-N", "success,"},
                                                       {"-N", "success,,delay"},
                                                       {"-N", "never,delay"},
                                                       {"-N", ","},
                                                       {"-V", std::string(34, '+')}};
  for (auto words : wrong) {
    const std::string warning = words[0] + ": ";
    words.insert(words.end(), {"-f", "me@x.org", "you@x.org"});
    const auto result = program.run(words, kAlert);
    EXPECT_EQ(result.status, 0) << result.describe();
    EXPECT_NE(result.err.find(warning), std::string::npos) << result.err;
  }
  EXPECT_EQ(sink.mails().size(), wrong.size());
}

// LMTP over a Unix socket: a verdict for each recipient.
TEST(SendmailHostile, LMTPTellsOfEachRecipient) {
  Script script{send("220 mx LMTP\r\n"), expect_until("LHLO "), expect_until("\r\n"),
                send("250-mx\r\n250 HELP\r\n")};
  for (const char* reply : {"250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"})
    script = joined(std::move(script), said(reply));
  script.push_back(expect_until("\r\n.\r\n"));
  script.push_back(send("250 2.1.5 ok\r\n550 5.2.2 mailbox full\r\n"));
  script.push_back(drain());
  ScriptedPeer peer(script, ScriptedPeer::On::local);
  const SendmailLite program(1);
  const auto result = program.run(
      {"--lmtp", "--unix-socket=" + peer.host(), "-f", "me@x.org", "a@x.org", "b@x.org"}, kAlert);
  EXPECT_EQ(result.status, 69) << result.describe();
  EXPECT_NE(result.err.find("b@x.org: 550 5.2.2 mailbox full"), std::string::npos) << result.err;
  EXPECT_EQ(result.err.find("a@x.org: "), std::string::npos) << result.err;
}

// RFC 2033 §4.2: behind the dot, too, it is the recipient that is unknown.
TEST(SendmailHostile, AnUnknownRecipientByLMTP) {
  Script script{send("220 mx LMTP\r\n"), expect_until("\r\n"), send("250-mx\r\n250 HELP\r\n")};
  for (const char* reply : {"250 ok\r\n", "250 ok\r\n", "354 go\r\n"})
    script = joined(std::move(script), said(reply));
  script.push_back(expect_until("\r\n.\r\n"));
  script.push_back(send("550 5.1.1 nobody\r\n"));
  script.push_back(drain());
  ScriptedPeer peer = ScriptedPeer::forever(script);
  const SendmailLite program(peer.port());
  const auto result = program.run({"--lmtp", "-f", "me@x.org", "a@x.org"}, kAlert);
  EXPECT_EQ(result.status, 67) << result.describe();
}

// The same message goes out again with the same Message-ID, and is counted as perhaps delivered.
TEST(SendmailHostile, Row26TheSameMessageGoesOutAgain) {
  ScriptedPeer peer({joined(sent(), {close_now()}), joined(sent(), {send("250 ok\r\n"), drain()})});
  const SendmailLite program(peer.port());
  EXPECT_EQ(program.run({"-f", "me@x.org", "you@x.org"}, kAlert).status, 0);
  EXPECT_NE(program.status().find("\"uncertain\":1"), std::string::npos) << program.status();
  EXPECT_EQ(program.run({"-q"}).status, 0);
  peer.finish();
  const auto id = [&](std::size_t connection) {
    const std::string wire = peer.received(connection);
    const std::size_t at = wire.find("Message-ID:");
    return wire.substr(at, wire.find('\r', at) - at);
  };
  EXPECT_EQ(id(0), id(1));
  EXPECT_GT(id(0).size(), 12U);
}

}  // namespace
}  // namespace proto::test
