// Transactions one behind the other, at a server that keeps their state.
#include <gtest/gtest.h>

#include "proto/mail_address.h"
#include "proto/message.h"
#include "support/naive_data.h"
#include "support/process.h"
#include "support/smtp_scripts.h"
#include "support/smtp_server.h"

namespace proto {
namespace {

using namespace test;

SMTP connect_to(SMTPServer& server, SMTPOptions options = test_smtp_options()) {
  return SMTP("127.0.0.1", server.port(), std::move(options));
}

const std::vector<std::vector<std::string>> kKinds = {
    {}, {"PIPELINING"}, {"PIPELINING", "CHUNKING"}, {"CHUNKING"}};

// Sends one message to each of these, and returns the verdicts.
std::vector<Verdict> send_to_each(SMTP& smtp, const std::vector<std::string>& addresses) {
  std::vector<Envelope> envelopes;
  for (const std::string& to : addresses) envelopes.push_back({"me@example.org", {to}, "", ""});
  std::vector<SMTP::Outgoing> messages;
  for (const Envelope& envelope : envelopes) messages.emplace_back(&envelope, kMessage);
  std::vector<Verdict> verdicts;
  smtp.send_all(messages, [&](std::size_t, const SendResult& result) {
    verdicts.push_back(result.recipients.at(0).verdict);
  });
  return verdicts;
}

TEST(SMTPTransactions, ARefusedRecipientIsNoMatterOfTheNextMessage) {
  for (const auto& keywords : kKinds) {
    SMTPServer server(keywords, [](const std::string& line) {
      return line.find("<no@") != line.npos ? "550 5.1.1 no such user" : "";
    });
    SMTP smtp = connect_to(server);
    EXPECT_EQ(send_to_each(smtp, {"no@x.test", "a@x.test", "no@x.test", "no@x.test", "b@x.test"}),
              (std::vector{Verdict::for_good, Verdict::accepted, Verdict::for_good,
                           Verdict::for_good, Verdict::accepted}));
    smtp.quit();
    ASSERT_EQ(server.mails().size(), 2U);
    for (const auto& mail : server.mails()) {
      EXPECT_EQ(mail.to.size(), 1U);
      EXPECT_EQ(mail.text, kMessage);
    }
  }
}

TEST(SMTPTransactions, RefusedDataIsNoMatterOfTheNextMessage) {
  for (const auto& keywords : {kKinds[0], kKinds[1]}) {
    int datas = 0;
    SMTPServer server(keywords, [&](const std::string& line) {
      return line == "DATA" && ++datas == 1 ? "451 4.3.0 later" : "";
    });
    SMTP smtp = connect_to(server);
    EXPECT_EQ(send_to_each(smtp, {"a@x.test", "b@x.test"}),
              (std::vector{Verdict::for_now, Verdict::accepted}));
    smtp.quit();
    ASSERT_EQ(server.mails().size(), 1U);
    EXPECT_EQ(server.mails()[0].to, std::vector<std::string>{"<b@x.test>"});
    EXPECT_EQ(server.mails()[0].text, kMessage);
  }
}

TEST(SMTPTransactions, NoRsetBehindADot) {
  SMTPServer server({"PIPELINING"});
  SMTP smtp = connect_to(server);
  EXPECT_EQ(send_to_each(smtp, {"a@x.test", "b@x.test"}),
            (std::vector{Verdict::accepted, Verdict::accepted}));
  smtp.quit();
  EXPECT_EQ(server.verbs(), "EHLO MAIL RCPT DATA MAIL RCPT DATA QUIT ");
}

TEST(SMTPTransactions, OneBatchOfLimitsDoesNotDamnTheNext) {
  for (const auto& keywords : kKinds) {
    auto with_limits = keywords;
    with_limits.emplace_back("LIMITS RCPTMAX=1");
    SMTPServer server(with_limits, [](const std::string& line) {
      return line.find("<no@") != line.npos ? "550 5.1.1 no such user" : "";
    });
    SMTP smtp = connect_to(server);
    const SendResult result =
        smtp.send({"me@example.org", {"no@x.test", "a@x.test", "b@x.test"}, "", ""}, kMessage);
    smtp.quit();
    EXPECT_EQ(result.recipients[0].verdict, Verdict::for_good);
    EXPECT_EQ(result.recipients[1].verdict, Verdict::accepted);
    EXPECT_EQ(result.recipients[2].verdict, Verdict::accepted);
    EXPECT_EQ(server.mails().size(), 2U);
  }
}

// RFC 9422 §4.1.
TEST(SMTPTransactions, BatchesBeyondMailmaxWaitForAnotherConnection) {
  SMTPServer server({"PIPELINING", "LIMITS RCPTMAX=1 MAILMAX=2"});
  SMTP smtp = connect_to(server);
  const SendResult result =
      smtp.send({"me@example.org", {"a@x.test", "b@x.test", "c@x.test"}, "", ""}, kMessage);
  smtp.quit();
  EXPECT_EQ(server.verbs(), "EHLO MAIL RCPT DATA MAIL RCPT DATA QUIT ");
  EXPECT_EQ(result.recipients[1].verdict, Verdict::accepted);
  EXPECT_EQ(result.recipients[2].verdict, Verdict::for_now);
  EXPECT_EQ(result.recipients[2].reply.code, 0);
  EXPECT_FALSE(result.recipients[2].reply.text.empty());
}

TEST(SMTPTransactions, TheMessagesRefusalIsTheOneThatIsThrown) {
  SMTPServer server({"PIPELINING"}, [](const std::string& line) -> std::string {
    if (line == ".") return "552 5.3.4 too large";
    return line.find("<no@") != line.npos ? "550 5.1.1 no such user" : "";
  });
  SMTP smtp = connect_to(server);
  try {
    smtp.sendmail("me@example.org", {"no@x.test", "a@x.test"}, kMessage);
    FAIL() << "nobody was accepted for";
  } catch (const SMTPDataError& e) {
    EXPECT_EQ(e.code(), 552);
    ASSERT_EQ(e.result().recipients.size(), 2U);
    EXPECT_EQ(e.result().recipients[0].reply.code, 550);
    EXPECT_EQ(e.result().recipients[1].reply.code, 552);
  }
  smtp.quit();
}

TEST(SMTPTransactions, AnEndAtTheSecondRecipientIsNoRefusalOfTheMessage) {
  SMTPServer server({}, [](const std::string& line) {
    return line.find("<b@") != line.npos ? "421 4.3.2 bye" : "";
  });
  SMTP smtp = connect_to(server);
  EXPECT_THROW(smtp.sendmail("me@example.org", {"a@x.test", "b@x.test"}, kMessage),
               SMTPRecipientsRefused);
  EXPECT_FALSE(smtp.is_open());
}

// As smtplib has it.
TEST(SMTPTransactions, AMessageThatNobodyIsAcceptedForIsAnException) {
  Message message;
  message.from("me@example.org").to("no@x.test").subject("x");
  message.text("x\n");
  for (const bool at_the_end : {false, true}) {
    SMTPServer server({}, [&](const std::string& line) {
      const bool refused = at_the_end ? line == "." : line.starts_with("RCPT");
      return refused ? "550 5.1.1 no" : "";
    });
    SMTP smtp = connect_to(server);
    if (at_the_end) {
      EXPECT_THROW(smtp.send_message(message), SMTPDataError);
    } else {
      EXPECT_THROW(smtp.send_message(message), SMTPRecipientsRefused);
    }
    smtp.quit();
  }
}

std::string large_message(const char* line_end) {
  std::string text = std::string("Subject: large") + line_end + line_end;
  for (int i = 0; text.size() < 3'000'000; ++i) {
    text += (i % 9 == 0 ? "." : "") + std::to_string(i * 7919) + " and more" + line_end;
  }
  return text;
}

TEST(SMTPTransactions, LargeMessagesFromMemoryAndFile) {
  for (const char* line_end : {"\n", "\r\n"}) {
    const std::string text = large_message(line_end);
    const TempFolder folder;
    FileSource file(folder.write("message", text));
    for (const auto& keywords : kKinds) {
      SMTPServer server(keywords);
      SMTP smtp = connect_to(server);
      EXPECT_TRUE(smtp.send(kEnvelope, text).all(Verdict::accepted));
      EXPECT_TRUE(smtp.send(kEnvelope, file).all(Verdict::accepted));
      smtp.quit();
      ASSERT_EQ(server.mails().size(), 2U);
      for (const auto& mail : server.mails()) EXPECT_TRUE(mail.text == naive_data(text, false));
    }
  }
}

TEST(SMTPTransactions, ALargeBinaryMessageGoesInChunks) {
  std::string binary = "Subject: x\r\n\r\n";
  for (std::size_t i = 0; i < 3'000'000; ++i) binary += static_cast<char>(i * 7919 >> 8);
  SMTPServer server({"PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME"});
  SMTP smtp = connect_to(server);
  int commits = 0;
  SendOptions options;
  options.before_commit = [&] { ++commits; };
  EXPECT_TRUE(smtp.send(kEnvelope, binary, options).all(Verdict::accepted));
  smtp.quit();
  ASSERT_EQ(server.mails().size(), 1U);
  EXPECT_TRUE(server.mails()[0].text == binary);
  EXPECT_EQ(commits, 1);
  EXPECT_TRUE(server.verbs().find("BDAT BDAT BDAT BDAT") != std::string::npos) << server.verbs();
}

TEST(SMTPTransactions, ARefusedChunkLeavesTheConnectionInStep) {
  const std::string text = large_message("\r\n");
  int chunks = 0;
  SMTPServer server({"PIPELINING", "CHUNKING"}, [&](const std::string& line) {
    if (line == "RSET") chunks = 0;
    return line.starts_with("BDAT") && ++chunks > 2 ? "552 too large" : "";
  });
  SMTP smtp = connect_to(server);
  const SendResult result = smtp.send(kEnvelope, text);
  EXPECT_EQ(result.recipients[0].reply.code, 552);
  EXPECT_TRUE(result.message_refused);
  EXPECT_EQ(result.message_reply.code, 552);
  if (!smtp.is_open()) return;  // it was heard within a chunk
  EXPECT_TRUE(smtp.send(kEnvelope, kMessage).all(Verdict::accepted));
  smtp.quit();
}

// The kernel's buffers hold less than a message of 30 MB: the server reads no more than its first
// chunk, and waits.
TEST(SMTPTransactions, ARefusedChunkIsHeardWithoutWaitingForTheRestToGo) {
  const std::string text(30'000'000, 'x');
  ScriptedPeer peer(greets({"PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME"}) +
                    Script{expect_until("RCPT TO:<you@example.net>\r\n"),
                           send("250 ok\r\n250 ok\r\n"), expect_until("\r\n"),
                           send("552 5.3.4 too large\r\n"), stall()});
  SMTPOptions options = test_smtp_options();
  options.timeouts.end = std::chrono::seconds(2);
  SMTP smtp = test::connect_to(peer, options);
  const SendResult result = smtp.send(kEnvelope, std::string("Subject: x\r\n\r\n\0", 15) + text);
  EXPECT_EQ(result.recipients[0].reply.code, 552);
  EXPECT_FALSE(smtp.is_open());
}

TEST(SMTPTransactions, TheVerbsHearAnEarlyRefusal) {
  const std::string text = large_message("\r\n");
  for (const bool bdat : {false, true}) {
    ScriptedPeer peer(greets({"CHUNKING"}) + takes_envelope() +
                      Script{expect_until("\r\n"), send(bdat ? "" : "354 go\r\n"), receive(100'000),
                             send("552 5.3.4 too large\r\n"), stall()});
    SMTP smtp = test::connect_to(peer);
    smtp.mail("me@example.org");
    smtp.rcpt("you@example.net");
    try {
      bdat ? smtp.bdat(text + text + text, true) : smtp.data(text + text + text);
      FAIL() << "it was refused";
    } catch (const SMTPDataError& e) {
      EXPECT_EQ(e.code(), 552);
    }
    EXPECT_FALSE(smtp.is_open());
  }
}

TEST(SMTPTransactions, TheVerbsCarryALargeMessage) {
  const std::string text = large_message("\n");
  SMTPServer server({"CHUNKING"});
  SMTP smtp = connect_to(server);
  smtp.mail("me@example.org");
  smtp.rcpt("you@example.net");
  EXPECT_EQ(smtp.data(text).text, "taken");
  smtp.mail("me@example.org");
  smtp.rcpt("you@example.net");
  smtp.bdat(std::string_view(text).substr(0, 2'000'000), false);
  EXPECT_EQ(smtp.bdat(std::string_view(text).substr(2'000'000), true).text, "taken");
  smtp.quit();
  ASSERT_EQ(server.mails().size(), 2U);
  EXPECT_TRUE(server.mails()[0].text == naive_data(text, false));
  EXPECT_TRUE(server.mails()[1].text == text);
}

TEST(SMTPTransactions, TheVerbsAndSendShareTheirState) {
  SMTPServer server({});
  SMTP smtp = connect_to(server);
  smtp.ehlo();
  EXPECT_TRUE(smtp.docmd("MAIL FROM:<me@example.org>").ok());
  EXPECT_TRUE(smtp.send(kEnvelope, kMessage).all(Verdict::accepted));
  smtp.quit();
  EXPECT_EQ(server.verbs(), "EHLO MAIL RSET MAIL RCPT DATA QUIT ");
}

TEST(SMTPTransactions, TheVerbsAskForSmtputf8) {
  {
    SMTPServer server({});
    SMTP smtp = connect_to(server);
    EXPECT_THROW(smtp.mail("j\xc3\xb6rg@example.org"), SMTPNotSupportedError);
    EXPECT_THROW(smtp.rcpt("j\xc3\xb6rg@example.org"), SMTPNotSupportedError);
    EXPECT_THROW(smtp.vrfy("j\xc3\xb6rg"), SMTPNotSupportedError);
    EXPECT_THROW(smtp.expn("j\xc3\xb6rg"), SMTPNotSupportedError);
    smtp.quit();
    EXPECT_EQ(server.verbs(), "EHLO QUIT ");
  }
  std::string line_seen;
  SMTPServer server({"SMTPUTF8", "SIZE"}, [&](const std::string& line) {
    if (line.starts_with("MAIL") || line.starts_with("VRFY")) line_seen += line + "\n";
    return std::string();
  });
  SMTP smtp = connect_to(server);
  smtp.vrfy("j\xc3\xb6rg");
  smtp.mail("j\xc3\xb6rg@example.org", "SIZE=10");
  smtp.quit();
  server.mails();
  EXPECT_EQ(line_seen,
            "VRFY j\xc3\xb6rg SMTPUTF8\nMAIL FROM:<j\xc3\xb6rg@example.org> SIZE=10 SMTPUTF8\n");
}

// What is no answer to a verb ends the connection, as it does in send().
TEST(SMTPTransactions, TheVerbsTakeNoOtherReplyForARefusal) {
  const auto run = [](const std::string& verb, const std::function<void(SMTP&)>& say) {
    SMTPServer server(
        {}, [&](const std::string& line) { return line.starts_with(verb) ? "354 go" : ""; });
    SMTP smtp = connect_to(server);
    smtp.ehlo();
    EXPECT_THROW(say(smtp), ProtocolError) << verb;
    EXPECT_FALSE(smtp.is_open()) << verb;
  };
  run("MAIL", [](SMTP& smtp) { smtp.mail("me@example.org"); });
  run("RCPT", [](SMTP& smtp) {
    smtp.mail("me@example.org");
    smtp.rcpt("you@example.net");
  });
  run("NOOP", [](SMTP& smtp) { smtp.noop(); });
  run("RSET", [](SMTP& smtp) { smtp.rset(); });
}

struct DiskFull : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST(SMTPTransactions, BeforeCommitEndsTheConnectionWhateverItThrows) {
  SMTPServer server({});
  SMTP smtp = connect_to(server);
  SendOptions options;
  options.before_commit = [] { throw SMTPNotSupportedError("not by the server"); };
  EXPECT_THROW((void)smtp.send(kEnvelope, kMessage, options), SMTPNotSupportedError);
  EXPECT_FALSE(smtp.is_open());
}

TEST(SMTPTransactions, WhatWasDeliveredBeforeItIsTold) {
  SMTPServer server({"LIMITS RCPTMAX=1"});
  SMTP smtp = connect_to(server);
  int commits = 0;
  SendOptions options;
  options.before_commit = [&] {
    if (++commits == 2) throw DiskFull("no room");
  };
  const SendResult result =
      smtp.send({"me@example.org", {"a@x.test", "b@x.test"}, "", ""}, kMessage, options);
  EXPECT_EQ(result.recipients[0].verdict, Verdict::accepted);
  EXPECT_EQ(result.recipients[1].verdict, Verdict::for_now);
  EXPECT_EQ(result.recipients[1].reply.text, "no room");
  EXPECT_FALSE(smtp.is_open());
}

TEST(SMTPTransactions, ARehearsalThatIsCutOffSentNothing) {
  SMTPServer server({"LIMITS RCPTMAX=1"}, [](const std::string& line) {
    return line.find("<b@") != line.npos ? "421 4.3.2 bye" : "";
  });
  SMTP smtp = connect_to(server);
  const SendResult result =
      smtp.rehearse({"me@example.org", {"a@x.test", "b@x.test", "c@x.test"}, "", ""});
  EXPECT_EQ(result.recipients[0].verdict, Verdict::accepted);
  for (const std::size_t cut_off : {std::size_t{1}, std::size_t{2}}) {
    EXPECT_EQ(result.recipients[cut_off].verdict, Verdict::for_now);
    EXPECT_EQ(result.recipients[cut_off].reply.code, 421);
  }
}

// The third chunk is under way, or about to be.
TEST(SMTPTransactions, ARefusalStandsWhateverComesBehindIt) {
  ScriptedPeer peer(greets({"PIPELINING", "CHUNKING"}) +
                    Script{expect_until("RCPT TO:<you@example.net>\r\n"),
                           send("250 ok\r\n250 ok\r\n"), receive(600'000),
                           send("552 5.3.4 too large\r\nwhat?\r\n"), drain()});
  SMTP smtp = test::connect_to(peer);
  const SendResult result = smtp.send(kEnvelope, large_message("\r\n"));
  EXPECT_EQ(result.recipients[0].verdict, Verdict::for_good);
  EXPECT_EQ(result.recipients[0].reply.code, 552);
  EXPECT_FALSE(smtp.is_open());
}

// RFC 2033 §4.2: a DATA with nobody to take it for is to be refused. Behind 354 a dot would have no
// reply.
TEST(SMTPTransactions, LmtpWithNobodyToTakeItForEndsAtOnce) {
  SMTPOptions options = test_smtp_options();
  options.lmtp = true;
  ScriptedPeer peer({send("220 lmtp\r\n"), expect_line("LHLO client.example.org"),
                     send("250-mx\r\n250 PIPELINING\r\n"), expect_until("DATA\r\n"),
                     send("250 ok\r\n550 no\r\n354 go\r\n"), expect_end()});
  SMTP lmtp = test::connect_to(peer, options);
  EXPECT_TRUE(lmtp.send(kEnvelope, kMessage).all(Verdict::for_good));
  EXPECT_FALSE(lmtp.is_open());
}

}  // namespace
}  // namespace proto
