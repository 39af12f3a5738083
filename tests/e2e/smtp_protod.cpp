// Mail through our own protod: what SMTP puts in, POP3 gives out.
#include <gtest/gtest.h>

#include "proto/credentials.h"
#include "proto/message.h"
#include "proto/pop3.h"
#include "proto/smtp.h"
#include "support/naive_data.h"
#include "support/process.h"
#include "support/servers.h"

namespace proto {
namespace {

using namespace test;

class Protod {
 public:
  Protod() {
    const Certificates& files = test_certificates();
    child_ = std::make_unique<Child>(std::vector<std::string>{
        our_program("protod"), "--smtp-port", "0", "--pop3-port", "0", "--maildir",
        folder_.file("mail"), "--users", folder_.write("users", "ann:secret\n"), "--tls-cert",
        files.certificate_file, "--tls-key", files.key_file});
    smtp_port_ = port_of(child_->read_line());
    pop3_port_ = port_of(child_->read_line());
  }

  std::uint16_t smtp_port() const { return smtp_port_; }
  SMTP smtp(TLSMode mode = TLSMode::none) const {
    SMTPOptions options;
    options.tls = mode;
    options.helo_name = "client.example.org";
    TLSOptions tls;
    tls.ca_file = test_certificates().ca_file;
    options.connect.tls = TLSContext::client(tls);
    return SMTP("localhost", smtp_port_, options);
  }
  // What an example of tests/examples prints, given `arguments`.
  std::string example(const std::string& name, const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv = {our_program("../tests/example_" + name)};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const ProcessResult result = run(argv);
    EXPECT_EQ(result.status, 0) << result.describe();
    return result.out;
  }
  std::string popsubjects() const {
    const ProcessResult result = run({our_program("popsubjects"), "--host", "127.0.0.1", "--port",
                                      std::to_string(pop3_port_), "--tls", "none", "--user", "ann",
                                      "--password-file", password_file()});
    EXPECT_EQ(result.status, 0) << result.describe();
    return result.out;
  }
  std::string password_file() const { return folder_.write("password", "secret\n"); }
  std::string file(const std::string& name) const { return folder_.file(name); }
  std::uint16_t pop3_port() const { return pop3_port_; }

  // All that is in the mailbox, and then no more.
  std::vector<std::string> take() const {
    POP3 pop("localhost", pop3_port_);
    pop.login({"ann", Secret("secret"), Secret()});
    std::vector<std::string> messages;
    const std::uint32_t count = pop.stat().count;
    for (std::uint32_t i = 1; i <= count; ++i) {
      std::string text;
      pop.retr(i, [&](std::string_view piece) { text += piece; });
      messages.push_back(std::move(text));
      pop.dele(i);
    }
    pop.quit();
    return messages;
  }

 private:
  static std::uint16_t port_of(const std::string& line) {
    return static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  }
  TempFolder folder_;
  std::unique_ptr<Child> child_;
  std::uint16_t smtp_port_ = 0, pop3_port_ = 0;
};

const Envelope kTo{"me@example.org", {"you@example.net"}, "", ""};

std::string text_of(std::size_t size) {
  std::string text =
      "Subject: lines\n\nGr\xc3\xbc\xc3\x9f"
      "e\n";
  for (int i = 0; text.size() < size; ++i)
    text += (i % 5 == 0 ? "." : "") + std::to_string(i) + "\n";
  return text;
}

TEST(ProtodSMTP, WhatGoesInComesOut) {
  const Protod protod;
  for (const auto transfer : {SendOptions::Transfer::data, SendOptions::Transfer::bdat}) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{5000}, std::size_t{2'000'000}}) {
      SendOptions options;
      options.transfer = transfer;
      SMTP smtp = protod.smtp(size == 5000 ? TLSMode::starttls : TLSMode::none);
      const std::string text = text_of(size);
      ASSERT_TRUE(smtp.send(kTo, text, options).all(Verdict::accepted));
      smtp.quit();
      const auto mail = protod.take();
      ASSERT_EQ(mail.size(), 1U);
      EXPECT_TRUE(mail[0] == naive_data(text, false));
    }
  }
}

// What a program of ten lines sends is what popsubjects lists.
TEST(ProtodSMTP, TenLinesSendAndPopsubjectsLists) {
  const Protod protod;
  protod.example("send_message", {"127.0.0.1", std::to_string(protod.smtp_port()), "me@example.org",
                                  "you@example.net"});
  EXPECT_TRUE(protod.popsubjects().ends_with("\n\nSubject: Grüße aus Köln\n"));
  const auto mail = protod.take();
  ASSERT_EQ(mail.size(), 1U);
  const ParsedMessage message(mail[0]);
  ASSERT_EQ(message.attachments().size(), 1U);
  EXPECT_EQ(message.attachments()[0]->text(), "Im März war es kalt.\n");
}

TEST(ProtodSMTP, MailIsListedAsItCame) {
  const Protod protod;
  SMTP smtp = protod.smtp();
  std::string subjects;
  for (char c = 'a'; c <= 'p'; ++c) {
    const std::string subject = std::string("Subject: ") + c + "\n";
    smtp.sendmail("me@example.org", {"you@example.net"}, subject + "\nx\n");
    subjects += subject;
  }
  smtp.quit();
  EXPECT_TRUE(protod.popsubjects().ends_with("\n\n" + subjects)) << protod.popsubjects();
}

// POP3 in, SMTP out, both ours.
TEST(ProtodSMTP, MailpingAnswersOnce) {
  const Protod protod;
  SMTP smtp = protod.smtp();
  for (const char* subject : {"hello", "ping"}) {
    smtp.sendmail("you@example.net", {"ann@example.org"},
                  "From: You <you@example.net>\nMessage-ID: <" + std::string(subject) +
                      "@example.net>\nSubject: " + subject + "\n\n");
  }
  smtp.quit();
  const std::vector<std::string> arguments = {"127.0.0.1",
                                              std::to_string(protod.pop3_port()),
                                              std::to_string(protod.smtp_port()),
                                              "ann",
                                              protod.password_file(),
                                              "ann@example.org",
                                              protod.file("state")};
  EXPECT_EQ(protod.example("mailping", arguments), "1 answered\n");
  EXPECT_EQ(protod.example("mailping", arguments), "0 answered\n");
  const auto mail = protod.take();
  ASSERT_EQ(mail.size(), 3U);
  const ParsedMessage answer(mail[2]);
  EXPECT_EQ(answer.subject(), "pong") << mail[2];
  EXPECT_EQ(answer.header().text("In-Reply-To"), "<ping@example.net>");
}

TEST(ProtodSMTP, ABatch) {
  const Protod protod;
  const std::string text = text_of(2000);
  const std::vector<SMTP::Outgoing> batch(100, {&kTo, text});
  SMTP smtp = protod.smtp();
  std::size_t taken = 0;
  smtp.send_all(batch,
                [&](std::size_t, const SendResult& r) { taken += r.all(Verdict::accepted); });
  smtp.quit();
  EXPECT_EQ(taken, 100U);
  EXPECT_EQ(protod.take().size(), 100U);
}

TEST(ProtodSMTP, EachLogin) {
  const Protod protod;
  for (const char* mechanism : {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"}) {
    SMTP smtp = protod.smtp();
    EXPECT_NO_THROW(smtp.auth(mechanism, {"ann", Secret("secret"), Secret()})) << mechanism;
    smtp.quit();
    SMTP wrong = protod.smtp();
    EXPECT_THROW(wrong.auth(mechanism, {"ann", Secret("hunter2"), Secret()}),
                 SMTPAuthenticationError)
        << mechanism;
    wrong.close();
  }
}

TEST(ProtodSMTP, RefusesWhatItShould) {
  const Protod protod;
  SMTP smtp = protod.smtp();
  EXPECT_EQ(smtp.docmd("MAIL FROM:<a@b.example>").code, 503) << "before EHLO";
  smtp.ehlo();
  EXPECT_EQ(smtp.docmd("RCPT TO:<a@b.example>").code, 503);
  EXPECT_EQ(smtp.docmd("DATA").code, 554);
  EXPECT_EQ(smtp.docmd("MAIL FROM: <a@b.example>").code, 501);
  EXPECT_EQ(smtp.docmd("MAIL FROM:<a@b.example> SIZE=99999999999").code, 552);
  EXPECT_EQ(smtp.docmd("MAIL FROM:<a@b.example> XYZ=1").code, 555);
  EXPECT_EQ(smtp.docmd("MAIL FROM:<j\xc3\xb6@b.example>").code, 553);
  EXPECT_EQ(smtp.docmd("MAIL FROM:<\"a>b\"@b.example> BODY=8BITMIME SIZE=5 RET=FULL").code, 250);
  EXPECT_EQ(smtp.docmd("MAIL FROM:<a@b.example>").code, 503);
  EXPECT_EQ(smtp.docmd("RCPT TO:<>").code, 501);
  EXPECT_EQ(smtp.docmd("RCPT TO:<a@b.example> NOTIFY=MAYBE").code, 555);
  EXPECT_EQ(smtp.docmd("AUTH PLAIN").code, 503) << "within a transaction";
  smtp.rset();
  EXPECT_EQ(smtp.docmd("EXPN list").code, 500);
  EXPECT_EQ(smtp.vrfy("joe").code, 252);
  EXPECT_THROW(
      {
        for (int i = 0; i < 30; ++i) smtp.docmd("NONSENSE");
      },
      SMTPReplyError)
      << "421 after too many of them";
}

TEST(ProtodSMTP, NobodyCanSmuggle) {
  const Protod protod;
  const std::string commands =
      "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";
  const std::string evil =
      "MAIL FROM:<evil@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx\r\n.\r\n";
  for (const std::string end : {"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n"}) {
    Stream stream = Stream::connect("localhost", protod.smtp_port(), {});
    stream.write(commands + "first" + end + evil);
    std::string all;
    try {
      while (stream.fill()) {
        all += stream.peek();
        stream.consume(stream.peek().size());
      }
    } catch (const NetworkError&) {  // it closes with our bytes unread
    }
    EXPECT_EQ(all.find("250 2.0.0 taken"), std::string::npos) << all;
  }
  EXPECT_TRUE(protod.take().empty());
}

TEST(ProtodSMTP, AClientThatLeavesHalfwayLeavesNothing) {
  const Protod protod;
  {
    Stream stream = Stream::connect("localhost", protod.smtp_port(), {});
    stream.write("EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nhalf");
    std::string_view line;
    while (!(line = stream.read_line(1000)).starts_with("354")) {
    }
  }
  SMTP smtp = protod.smtp();
  EXPECT_TRUE(smtp.send(kTo, "Subject: whole\n\nx\n").all(Verdict::accepted));
  smtp.quit();
  EXPECT_EQ(protod.take().size(), 1U);
}

}  // namespace
}  // namespace proto
