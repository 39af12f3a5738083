#include "proto/smtp.h"

#include <gtest/gtest.h>

#include "support/naive_data.h"
#include "support/smtp_scripts.h"

namespace proto {
namespace {

using namespace test;

Script says_bye() {
  return answers("QUIT", "221 bye\r\n") + Script{close()};
}

// What a server with these keywords receives of one message, when it takes everything.
std::string sent_to(const std::vector<std::string>& keywords, const Envelope& envelope,
                    const std::string& message) {
  const Script taken = {expect_until("\r\n"), send("250 ok\r\n")};
  ScriptedPeer peer(greets(keywords) + taken + taken +
                    Script{expect_until("DATA\r\n"), send("354 go\r\n"), expect_until("\r\n.\r\n"),
                           send("250 ok\r\n"), expect_end()});
  SMTP smtp = connect_to(peer);
  EXPECT_TRUE(smtp.send(envelope, message).all(Verdict::accepted));
  smtp.close();
  peer.finish();
  const std::string all = peer.received();
  return all.substr(all.find("\r\n") + 2);
}

TEST(SMTP, TheTutorialsThreeLines) {
  ScriptedPeer peer(greets() + takes_message() + Script{send("250 ok\r\n")} + says_bye());
  SMTP smtp = connect_to(peer);
  smtp.sendmail("me@example.org", {"you@example.net"}, "Subject: x\n\nhello\n");
  smtp.quit();
  peer.finish();
  EXPECT_TRUE(peer.received().find("DATA\r\nSubject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n") !=
              std::string::npos);
}

TEST(SMTP, FiftyRecipientsInThreeFlights) {
  Envelope envelope{"me@example.org", {}, "", ""};
  std::string replies = "250 ok\r\n", expected = "MAIL FROM:<me@example.org>\r\n";
  for (int i = 0; i < 50; ++i) {
    const std::string address = "r" + std::to_string(i) + "@example.net";
    envelope.to.emplace_back(address);
    expected += "RCPT TO:<" + address + ">\r\n";
    replies += i % 10 == 3 ? "550 5.1.1 no\r\n" : "250 ok\r\n";
  }
  ScriptedPeer peer(greets({"PIPELINING"}) +
                    Script{expect(expected + "DATA\r\n"), send(replies + "354 go\r\n"),
                           expect_until("\r\n.\r\n"), send("250 taken\r\n")} +
                    says_bye());
  SMTP smtp = connect_to(peer);
  smtp.ehlo();
  const std::size_t before = peer.counts().flights;
  const SendResult result = smtp.send(envelope, kMessage);
  smtp.quit();
  peer.finish();
  EXPECT_EQ(peer.counts().flights - before, 3U);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(result.recipients[static_cast<std::size_t>(i)].verdict,
              i % 10 == 3 ? Verdict::for_good : Verdict::accepted);
  }
}

TEST(SMTP, ChunkingIsOneFlight) {
  ScriptedPeer peer(greets({"PIPELINING", "CHUNKING"}) +
                    Script{expect("MAIL FROM:<me@example.org>\r\nRCPT TO:<you@example.net>\r\n"
                                  "BDAT 32 LAST\r\n" +
                                  kMessage),
                           send("250 ok\r\n250 ok\r\n250 taken\r\n")} +
                    says_bye());
  SMTP smtp = connect_to(peer);
  smtp.ehlo();
  const std::size_t before = peer.counts().flights;
  EXPECT_TRUE(smtp.send(kEnvelope, kMessage).all(Verdict::accepted));
  smtp.quit();
  peer.finish();
  EXPECT_EQ(peer.counts().flights - before, 2U);
}

TEST(SMTP, ChunkingWithAllRecipientsRefusedStaysInStep) {
  ScriptedPeer peer(greets({"PIPELINING", "CHUNKING"}) +
                    Script{expect_until("How are you?\r\n"),
                           send("250 ok\r\n550 no\r\n503 nobody\r\n"),
                           expect("RSET\r\nMAIL FROM:<me@example.org>\r\n"
                                  "RCPT TO:<you@example.net>\r\nBDAT 32 LAST\r\n" +
                                  kMessage),
                           send("250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n")} +
                    says_bye());
  SMTP smtp = connect_to(peer);
  EXPECT_TRUE(smtp.send(kEnvelope, kMessage).all(Verdict::for_good));
  EXPECT_TRUE(smtp.send(kEnvelope, kMessage).all(Verdict::accepted));
  smtp.quit();
}

TEST(SMTP, ABatchByDataIsOneFlightAMessage) {
  const std::string commands =
      "MAIL FROM:<me@example.org>\r\nRCPT TO:<you@example.net>\r\nDATA\r\n";
  const std::string go = "250 ok\r\n250 ok\r\n354 go\r\n";
  const std::string wire = kMessage + ".\r\n";
  ScriptedPeer peer(greets({"PIPELINING"}) +
                    Script{expect(commands), send(go), expect(wire + commands),
                           send("250 first\r\n" + go), expect(wire + commands),
                           send("550 second\r\n" + go), expect(wire), send("250 third\r\n")} +
                    says_bye());
  SMTP smtp = connect_to(peer);
  smtp.ehlo();
  const std::vector<SMTP::Outgoing> three(3, {&kEnvelope, kMessage});
  std::string told;
  int commits = 0;
  SendOptions options;
  options.before_commit = [&] { ++commits; };
  smtp.send_all(
      three,
      [&](std::size_t index, const SendResult& r) {
        told += std::to_string(index) + r.recipients[0].reply.text + " ";
      },
      options);
  smtp.quit();
  EXPECT_EQ(told, "0first 1second 2third ");
  EXPECT_EQ(commits, 3);
}

TEST(SMTP, ABatchWithoutPipeliningTakesItsTurns) {
  ScriptedPeer peer(greets() + takes_message() + Script{send("250 one\r\n")} + takes_message() +
                    Script{send("250 two\r\n")} + says_bye());
  SMTP smtp = connect_to(peer);
  const std::vector<SMTP::Outgoing> two(2, {&kEnvelope, kMessage});
  std::size_t done = 0;
  smtp.send_all(two, [&](std::size_t, const SendResult& r) { done += r.all(Verdict::accepted); });
  EXPECT_EQ(done, 2U);
  smtp.quit();
}

TEST(SMTP, InABatchAMessageThatCannotGoIsToldInItsTurn) {
  ScriptedPeer peer(greets({"SIZE 100"}) + Script{expect_until("SIZE=32\r\n"), send("250 ok\r\n")} +
                    answers("RCPT TO:<you@example.net>", "250 ok\r\n") +
                    answers("DATA", "354 go\r\n") +
                    Script{expect_until("\r\n.\r\n"), send("250 ok\r\n")} + says_bye());
  SMTP smtp = connect_to(peer);
  const std::string large(200, 'x');
  const SMTP::Outgoing messages[] = {
      {&kEnvelope, large}, {&kEnvelope, kMessage}, {&kEnvelope, large}};
  std::vector<Verdict> verdicts;
  smtp.send_all(messages, [&](std::size_t index, const SendResult& r) {
    EXPECT_EQ(index, verdicts.size());
    verdicts.push_back(r.recipients[0].verdict);
  });
  EXPECT_EQ(verdicts, (std::vector{Verdict::for_good, Verdict::accepted, Verdict::for_good}));
  smtp.quit();
}

TEST(SMTP, ParametersGoWhereTheyAreOffered) {
  Envelope envelope{"me@example.org", {}, "hdrs", "a b+c"};
  envelope.to.push_back({"you@example.net", "failure,delay", "old@example.net"});
  const std::string eight = "Subject: x\n\ngr\xc3\xbc\n";
  EXPECT_TRUE(sent_to({"SIZE", "8BITMIME", "DSN"}, envelope, eight)
                  .starts_with("MAIL FROM:<me@example.org> SIZE=20 BODY=8BITMIME RET=HDRS "
                               "ENVID=a+20b+2Bc\r\nRCPT TO:<you@example.net> NOTIFY=FAILURE,DELAY "
                               "ORCPT=rfc822;old@example.net\r\nDATA\r\n"));
  EXPECT_TRUE(sent_to({}, envelope, "Subject: x\n\nx\n")
                  .starts_with("MAIL FROM:<me@example.org>\r\nRCPT TO:<you@example.net>\r\n"));
  EXPECT_TRUE(sent_to({"8BITMIME", "SMTPUTF8"}, {"j\xc3\xb6@example.org", {"a@b.example"}, "", ""},
                      "Subject: \xc3\xbc\n\nx\n")
                  .starts_with("MAIL FROM:<j\xc3\xb6@example.org> BODY=8BITMIME SMTPUTF8\r\n"));
}

TEST(SMTP, WhatTheServerCannotCarryIsReencoded) {
  const std::string eight =
      "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
      "Content-Transfer-Encoding: 8bit\nSubject: x\n\ngr\xc3\xbc\xc3\x9f"
      "e\n";
  const std::string sent = sent_to({}, kEnvelope, eight);
  EXPECT_EQ(sent.find('\xc3'), std::string::npos);
  EXPECT_EQ(sent.find("Content-Transfer-Encoding: 8bit"), std::string::npos) << sent;
  const std::string lines = "Subject: x\n\n" + std::string(5000, 'x') + "\n";
  const std::string reencoded = sent_to({"8BITMIME"}, kEnvelope, lines);
  for (std::string_view rest = reencoded; !rest.empty();) {
    const auto line = rest.substr(0, rest.find("\r\n"));
    EXPECT_LE(line.size(), 998U);
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
  }
}

TEST(SMTP, BinaryGoesAsItIsWhereItMay) {
  const std::string binary("Subject: x\r\n\r\n\0\n\r.\r\nend", 22);
  ScriptedPeer peer(greets({"PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME"}) +
                    Script{expect("MAIL FROM:<me@example.org> BODY=BINARYMIME\r\n"
                                  "RCPT TO:<you@example.net>\r\nBDAT 22 LAST\r\n" +
                                  binary),
                           send("250 ok\r\n250 ok\r\n250 ok\r\n"), expect_end()});
  SMTP smtp = connect_to(peer);
  EXPECT_TRUE(smtp.send(kEnvelope, binary).all(Verdict::accepted));
  smtp.close();
}

// A header whose lines end in LF is no header where bytes go as they are.
TEST(SMTP, BinaryWithABareLineEndInItsHeaderIsReencoded) {
  const std::string sent = sent_to({"CHUNKING", "BINARYMIME", "8BITMIME"}, kEnvelope,
                                   std::string("Subject: x\nTo: y@example.net\n\na\0b\n", 34));
  EXPECT_EQ(sent.find("BINARYMIME"), std::string::npos) << sent;
  EXPECT_EQ(sent.find('\0'), std::string::npos) << sent;
  EXPECT_NE(sent.find("Subject: x\r\nTo: y@example.net\r\n"), std::string::npos) << sent;
}

// RFC 6532 §3, and RFC 6531 §3.2: a server behind this one may not know SMTPUTF8.
TEST(SMTP, Smtputf8IsForLocalPartsAlone) {
  const std::vector<std::string> all = {"8BITMIME", "SMTPUTF8"};
  const std::string mail = "MAIL FROM:<me@example.org>";
  const std::string to = "\r\nRCPT TO:<you@example.net>\r\nDATA\r\n";
  EXPECT_EQ(sent_to(all, kEnvelope, "Subject: K\xf6ln\n\nx\n"),
            mail + to + "Subject: =?utf-8?B?S8O2bG4=?=\r\n\r\nx\r\n.\r\n")
      << "no UTF-8";
  EXPECT_EQ(
      sent_to(all, kEnvelope, "Subject: K\xc3\xb6ln\n\n\xc3\xb6\n"),
      mail + " BODY=8BITMIME" + to + "Subject: =?utf-8?B?S8O2bG4=?=\r\n\r\n\xc3\xb6\r\n.\r\n");
  EXPECT_EQ(sent_to(all, kEnvelope, "Subject: K\xc3\xb6ln\nTo: j\xc3\xb6@example.org\n\nx\n"),
            mail + " BODY=8BITMIME SMTPUTF8" + to +
                "Subject: K\xc3\xb6ln\r\nTo: j\xc3\xb6@example.org\r\n\r\nx\r\n.\r\n");
  EXPECT_EQ(sent_to(all, kEnvelope, "Subject: K\xf6ln\nTo: j\xc3\xb6@example.org\n\nx\n"),
            mail + " BODY=8BITMIME SMTPUTF8" + to +
                "Subject: =?utf-8?B?S8O2bG4=?=\r\nTo: j\xc3\xb6@example.org\r\n\r\nx\r\n.\r\n");
  EXPECT_EQ(sent_to({"8BITMIME"}, kEnvelope, "Gr\xc3\xbc no header\nTo: \xc3\xb6@b\n"),
            mail + " BODY=8BITMIME" + to + "Gr\xc3\xbc no header\r\nTo: \xc3\xb6@b\r\n.\r\n");
#ifdef PROTO_WITH_IDN
  EXPECT_TRUE(sent_to(all, {"me@k\xc3\xb6ln.example", {"you@k\xc3\xb6ln.example"}, "", ""},
                      "Subject: x\n\nx\n")
                  .starts_with("MAIL FROM:<me@xn--kln-sna.example>\r\n"
                               "RCPT TO:<you@xn--kln-sna.example>\r\n"));
#endif
}

// What must not be re-encoded goes as it is where the server has BINARYMIME.
TEST(SMTP, WhatCannotBeReencodedGoesAsBinary) {
  for (const std::string end : {"\r\n", "\n"}) {
    const auto signed_part = [](const std::string& e) {
      return "Subject: K\xc3\xb6ln" + e + "Content-Type: multipart/signed; boundary=q" + e + e +
             "--q" + e + e + std::string(1200, 'a') + e + "--q" + e + e + "sig" + e + "--q--" + e;
    };
    std::string wire = signed_part("\r\n");
    wire.replace(0, wire.find('\r'), "Subject: =?utf-8?B?S8O2bG4=?=");
    ScriptedPeer peer(greets({"PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME"}) +
                      Script{expect("MAIL FROM:<me@example.org> BODY=BINARYMIME\r\n"
                                    "RCPT TO:<you@example.net>\r\nBDAT " +
                                    std::to_string(wire.size()) + " LAST\r\n" + wire),
                             send("250 ok\r\n250 ok\r\n250 ok\r\n"), expect_end()});
    SMTP smtp = connect_to(peer);
    EXPECT_TRUE(smtp.send(kEnvelope, signed_part(end)).all(Verdict::accepted));
    smtp.close();
  }
}

// The estimate takes the first line's end for that of all.
TEST(SMTP, SizeRefusesOnlyWhatDoesNotFit) {
  std::string text = "Subject: x\n\n";
  for (int i = 0; i < 1000; ++i) text += "line\r\n";
  const std::string size = std::to_string(text.size() + 2);
  EXPECT_TRUE(sent_to({"SIZE " + size}, kEnvelope, text)
                  .starts_with("MAIL FROM:<me@example.org> SIZE=" + size + "\r\n"));
  ScriptedPeer peer(greets({"SIZE " + std::to_string(text.size() + 1)}) + Script{expect_end()});
  SMTP smtp = connect_to(peer);
  EXPECT_THROW(smtp.send(kEnvelope, text), SMTPNotSupportedError);
  smtp.close();
}

// Only the header is read into memory; the rest goes out of the source as it stands there.
TEST(SMTP, AHeaderIsReencodedInFrontOfALargeBody) {
  struct Source final : MessageSource {
    explicit Source(std::size_t size) : text("Subject: K\xf6ln\n\n") {
      for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i) + "\n";
    }
    std::uint64_t size() const override { return text.size(); }
    std::size_t read_at(std::uint64_t offset, std::span<char> into) override {
      return text.copy(into.data(), into.size(), offset);
    }
    std::string text;
  };
  for (const std::size_t size : {std::size_t{100}, std::size_t{16'380}, std::size_t{700'000}}) {
    Source source(size);
    const Script taken = {expect_until("\r\n"), send("250 ok\r\n")};
    ScriptedPeer peer(greets({"SMTPUTF8", "8BITMIME"}) + taken + taken +
                      Script{expect_until("DATA\r\n"), send("354 go\r\n"),
                             expect_until("\r\n.\r\n"), send("250 ok\r\n"), expect_end()});
    SMTP smtp = connect_to(peer);
    EXPECT_TRUE(smtp.send(kEnvelope, source).all(Verdict::accepted));
    smtp.close();
    peer.finish();
    const std::string all = peer.received();
    const std::string expected =
        "Subject: =?utf-8?B?S8O2bG4=?=\n" + source.text.substr(source.text.find("\n\n") + 1);
    EXPECT_TRUE(all.ends_with("DATA\r\n" + naive_data(expected, true))) << all.substr(0, 400);
  }
}

TEST(SMTP, LimitsPartTheRecipients) {
  const Envelope five{
      "me@example.org", {"a@x.test", "b@x.test", "c@x.test", "d@y.test", "e@y.test"}, "", ""};
  const std::string ok3 = "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n";
  ScriptedPeer peer(greets({"PIPELINING", "LIMITS RCPTMAX=2 RCPTDOMAINMAX=1 MAILMAX=3"}) +
                    Script{expect_until("RCPT TO:<b@x.test>\r\nDATA\r\n"), send(ok3),
                           expect_until("\r\n.\r\nMAIL FROM:<me@example.org>\r\n"
                                        "RCPT TO:<c@x.test>\r\nDATA\r\n"),
                           send("250 one\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
                           expect_until("RCPT TO:<e@y.test>\r\nDATA\r\n"),
                           send("550 two\r\n" + ok3), expect_until("\r\n.\r\n"),
                           send("250 three\r\n")} +
                    says_bye());
  SMTP smtp = connect_to(peer);
  const SendResult result = smtp.send(five, kMessage);
  std::string texts;
  for (const RecipientResult& r : result.recipients) texts += r.reply.text + " ";
  EXPECT_EQ(texts, "one one two three three ");
  EXPECT_FALSE(result.sender_refused);
  EXPECT_THROW((void)smtp.send(five, kMessage), SMTPNotSupportedError) << "MAILMAX";
  smtp.quit();
}

TEST(SMTP, LmtpHasAVerdictForEachRecipient) {
  SMTPOptions options = test_smtp_options();
  options.lmtp = true;
  for (const bool bdat : {false, true}) {
    const std::string keyword = bdat ? "250-CHUNKING\r\n" : "";
    ScriptedPeer peer(
        {send("220 lmtp\r\n"), expect_line("LHLO client.example.org"),
         send("250-mx\r\n" + keyword + "250 PIPELINING\r\n"),
         expect_until(bdat ? "RCPT TO:<c@x.test>\r\n" : "DATA\r\n"),
         send(std::string("250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n") + (bdat ? "" : "354 go\r\n")),
         expect_until(bdat ? "How are you?\r\n" : "\r\n.\r\n"),
         send("250 stored\r\n452 4.2.2 full\r\n"), expect_line("QUIT"), send("221 bye\r\n"),
         close()});
    SMTP lmtp = connect_to(peer, options);
    const SendResult result =
        lmtp.send({"me@example.org", {"a@x.test", "b@x.test", "c@x.test"}, "", ""}, kMessage);
    EXPECT_EQ(result.recipients[0].verdict, Verdict::accepted);
    EXPECT_EQ(result.recipients[1].verdict, Verdict::for_good);
    EXPECT_EQ(result.recipients[2].verdict, Verdict::for_now);
    lmtp.quit();
  }
}

TEST(SMTP, LmtpVerdictsThatDoNotComeAreUnknown) {
  SMTPOptions options = test_smtp_options();
  options.lmtp = true;
  ScriptedPeer peer({send("220 lmtp\r\n"), expect_line("LHLO client.example.org"),
                     send("250-mx\r\n250 PIPELINING\r\n"), expect_until("DATA\r\n"),
                     send("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"), expect_until("\r\n.\r\n"),
                     send("250 stored\r\n"), close()});
  SMTP lmtp = connect_to(peer, options);
  const SendResult result =
      lmtp.send({"me@example.org", {"a@x.test", "b@x.test"}, "", ""}, kMessage);
  EXPECT_EQ(result.recipients[0].verdict, Verdict::accepted);
  EXPECT_EQ(result.recipients[1].verdict, Verdict::unknown);
}

TEST(SMTP, OverAUnixSocket) {
  ScriptedPeer peer(greets() + takes_message() + Script{send("250 ok\r\n")} + says_bye(),
                    ScriptedPeer::On::local);
  SMTPOptions options = test_smtp_options();
  options.connect.unix_socket = peer.host();
  SMTP smtp("localhost", 0, options);
  EXPECT_TRUE(smtp.send(kEnvelope, kMessage).all(Verdict::accepted));
  smtp.quit();
}

TEST(SMTP, EveryReplyCutAtEveryByte) {
  const std::vector<std::string> replies = {"220-mx\r\n220 hi\r\n", "250-mx\r\n250 SIZE\r\n",
                                            "250 2.1.0 ok\r\n",     "550-no\r\n550 user\r\n",
                                            "250 ok\r\n",           "354\r\n",
                                            "250 2.0.0 taken\r\n",  "221 bye\r\n"};
  const auto run = [&](std::size_t which, std::size_t cut) {
    const auto say = [&](std::size_t i) {
      return i == which ? send_cut(replies[i], {cut}) : send(replies[i]);
    };
    ScriptedPeer peer({say(0), expect_line("EHLO client.example.org"), say(1),
                       expect_line("MAIL FROM:<me@example.org> SIZE=32"), say(2),
                       expect_line("RCPT TO:<a@x.test>"), say(3), expect_line("RCPT TO:<b@x.test>"),
                       say(4), expect_line("DATA"), say(5), expect_until("\r\n.\r\n"), say(6),
                       expect_line("QUIT"), say(7), close()});
    SMTP smtp = connect_to(peer);
    const SendResult r = smtp.send({"me@example.org", {"a@x.test", "b@x.test"}, "", ""}, kMessage);
    smtp.quit();
    EXPECT_EQ(r.recipients[0].reply.text, "no\nuser");
    EXPECT_EQ(r.recipients[1].reply.text, "taken");
  };
  for (std::size_t which = 0; which < replies.size(); ++which) {
    for (std::size_t cut = 1; cut < replies[which].size(); ++cut) run(which, cut);
  }
}

TEST(SMTP, EveryReplyEndedAtEveryByte) {
  // Cut off in any reply, it is never a success.
  const std::vector<std::string> replies = {"250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n"};
  for (std::size_t which = 0; which < replies.size(); ++which) {
    for (std::size_t cut = 0; cut < replies[which].size(); ++cut) {
      const std::string ends[] = {"MAIL FROM:<me@example.org>\r\n", "RCPT TO:<you@example.net>\r\n",
                                  "DATA\r\n", "\r\n.\r\n"};
      Script script = greets();
      for (std::size_t i = 0; i <= which; ++i) {
        script.push_back(expect_until(ends[i]));
        script.push_back(send(i == which ? replies[i].substr(0, cut) : replies[i]));
      }
      script.push_back(close());
      ScriptedPeer peer(script);
      SMTP smtp = connect_to(peer);
      if (which == 3) {
        EXPECT_TRUE(smtp.send(kEnvelope, kMessage).all(Verdict::unknown)) << cut;
      } else {
        EXPECT_THROW((void)smtp.send(kEnvelope, kMessage), SMTPServerDisconnected)
            << which << " " << cut;
      }
    }
  }
}

TEST(SMTP, RehearseSendsNothing) {
  ScriptedPeer peer(
      greets({"SIZE 1000"}) + answers("MAIL FROM:<me@example.org> SIZE=500", "250 ok\r\n") +
      answers("RCPT TO:<a@x.test>", "250 ok\r\n") + answers("RCPT TO:<b@x.test>", "550 no\r\n") +
      answers("RSET", "250 ok\r\n") + says_bye());
  SMTP smtp = connect_to(peer);
  const SendResult r = smtp.rehearse({"me@example.org", {"a@x.test", "b@x.test"}, "", ""}, 500);
  EXPECT_EQ(r.recipients[0].verdict, Verdict::accepted);
  EXPECT_EQ(r.recipients[1].verdict, Verdict::for_good);
  smtp.quit();
}

TEST(SMTP, EachVerdictIsToldWhenItIsKnown) {
  ScriptedPeer peer(greets({"PIPELINING"}) +
                    Script{expect_until("DATA\r\n"),
                           send("250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n"),
                           expect_until("\r\n.\r\n"), send("250 ok\r\n")} +
                    says_bye());
  SMTP smtp = connect_to(peer);
  std::string told;
  SendOptions options;
  options.before_commit = [&] { told += "commit "; };
  options.on_verdict = [&](std::size_t i, const RecipientResult& r) {
    told += std::to_string(i) + std::string(to_string(r.verdict)) + " ";
  };
  const SendResult result =
      smtp.send({"me@example.org", {"a@x.test", "b@x.test"}, "", ""}, kMessage, options);
  EXPECT_TRUE(result.any(Verdict::accepted));
  EXPECT_EQ(told, "1refused for good commit 0accepted ");
  smtp.quit();
}

TEST(SMTP, TheVerbsByThemselves) {
  ScriptedPeer peer(greets({"CHUNKING"}) + answers("VRFY joe", "252 maybe\r\n") +
                    answers("EXPN list", "250-a\r\n250 b\r\n") + answers("HELP", "214 RFC\r\n") +
                    answers("NOOP", "250 ok\r\n") +
                    answers("MAIL FROM:<me@example.org> SIZE=3", "250 ok\r\n") +
                    answers("RCPT TO:<you@example.net>", "250 ok\r\n") +
                    Script{expect("BDAT 3\r\na\r\n"), send("250 ok\r\n"), expect("BDAT 0 LAST\r\n"),
                           send("250 taken\r\n")} +
                    answers("RSET", "250 ok\r\n") + answers("XYZ", "500 what\r\n") +
                    answers("VRFY x", "550 no\r\n") + says_bye());
  SMTP smtp = connect_to(peer);
  smtp.ehlo();
  EXPECT_EQ(smtp.vrfy("joe").code, 252);
  EXPECT_EQ(smtp.expn("list").text, "a\nb");
  EXPECT_EQ(smtp.help().code, 214);
  smtp.noop();
  smtp.mail("me@example.org", "SIZE=3");
  smtp.rcpt("<you@example.net>");
  smtp.bdat("a\r\n", false);
  EXPECT_EQ(smtp.bdat("", true).text, "taken");
  smtp.rset();
  EXPECT_EQ(smtp.docmd("XYZ").code, 500);
  EXPECT_THROW(smtp.vrfy("x"), SMTPReplyError);
  smtp.quit();
}

TEST(SMTP, TheTraceShowsTheConversation) {
  std::string shown;
  SMTPOptions options = test_smtp_options();
  options.connect.trace = [&](const TraceEvent& e) {
    if (e.kind == TraceEvent::Kind::info) return;
    shown += (e.kind == TraceEvent::Kind::sent ? "> " : "< ") + std::string(e.text) + "\n";
  };
  ScriptedPeer peer(greets({"SIZE"}) + says_bye());
  SMTP smtp = connect_to(peer, options);
  smtp.ehlo();
  smtp.quit();
  EXPECT_EQ(shown,
            "< 220 mx.example.org ESMTP\n> EHLO client.example.org\n< 250-mx.example.org\n"
            "< 250-SIZE\n< 250 HELP\n> QUIT\n< 221 bye\n");
}

TEST(SMTP, PhasesHaveTheirOwnTimes) {
  SMTPOptions options = test_smtp_options();
  options.timeouts.greeting = std::chrono::milliseconds(30);
  ScriptedPeer silent({stall()});
  EXPECT_THROW(connect_to(silent, options), TimeoutError);
  options = test_smtp_options();
  options.timeouts.data = std::chrono::milliseconds(30);
  ScriptedPeer at_data(greets() + takes_envelope() + Script{expect_line("DATA"), stall()});
  SMTP smtp = connect_to(at_data, options);
  EXPECT_THROW((void)smtp.send(kEnvelope, kMessage), TimeoutError);
  EXPECT_FALSE(smtp.is_open());
}

}  // namespace
}  // namespace proto
