// SMTP against Postfix and Exim: what arrives is what was sent, byte for byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "proto/credentials.h"
#include "proto/message.h"
#include "proto/smtp.h"
#include "support/dovecot.h"
#include "support/mta.h"
#include "support/servers.h"

namespace proto {
namespace {

using namespace test;

Dovecot& dovecot() {
  static Dovecot server;
  return server;
}

// One of each for all tests: they start slowly.
MailServer& server(const std::string& name) {
  if (name == "Postfix") {
    static Postfix postfix(dovecot().auth_socket());
    return postfix;
  }
  static Exim exim;
  return exim;
}

SMTPOptions trusting(TLSMode mode = TLSMode::none) {
  SMTPOptions options;
  options.tls = mode;
  options.helo_name = "client.example.org";
  TLSOptions tls;
  tls.ca_file = test_certificates().ca_file;
  options.connect.tls = TLSContext::client(tls);
  return options;
}

class SMTPServers : public testing::TestWithParam<std::string> {
 protected:
  SMTP connect(TLSMode mode = TLSMode::none) {
    return SMTP(
        "localhost",
        mode == TLSMode::implicit ? server(GetParam()).tls_port() : server(GetParam()).port(),
        trusting(mode));
  }
  // Sends it and compares what the Maildir has of it.
  void expect_arrives(const Envelope& envelope, const std::string& message,
                      const SendOptions& options = {}) {
    SMTP smtp = connect();
    const SendResult result = smtp.send(envelope, message, options);
    for (const RecipientResult& r : result.recipients)
      ASSERT_EQ(r.verdict, Verdict::accepted) << r.reply.text;
    smtp.quit();
    for (const std::string& mail : server(GetParam()).take_mail(1)) {
      ASSERT_GE(mail.size(), message.size());
      // Above it stand the server's own trace fields.
      EXPECT_TRUE(mail.substr(mail.size() - message.size()) == message) << mail.substr(0, 2000);
    }
  }
};

const Envelope kTo{"me@example.org", {"you@example.net"}, "", ""};

std::string numbered_lines(std::size_t bytes) {
  std::string text =
      "From: me@example.org\nTo: you@example.net\nDate: Mon, 23 Nov 2026 04:00:00 +0000\n"
      "Message-ID: <1@example.org>\nSubject: lines\n\n";
  for (int i = 0; text.size() < bytes; ++i) {
    text += (i % 7 == 0 ? "." : "") + std::to_string(i) + ". a line of text, and a dot.\n.\n";
  }
  return text;
}

TEST_P(SMTPServers, ByDataAndByChunks) {
  for (const auto transfer : {SendOptions::Transfer::data, SendOptions::Transfer::bdat}) {
    SendOptions options;
    options.transfer = transfer;
    for (const std::size_t size : {std::size_t{300}, std::size_t{15'000}, std::size_t{3'000'000}})
      expect_arrives(kTo, numbered_lines(size), options);
  }
}

TEST_P(SMTPServers, StarttlsAndImplicitTls) {
  for (const TLSMode mode : {TLSMode::starttls, TLSMode::implicit}) {
    SMTP smtp = connect(mode);
    EXPECT_TRUE(smtp.is_secure());
    EXPECT_TRUE(smtp.send(kTo, numbered_lines(300'000)).all(Verdict::accepted));
    smtp.quit();
    EXPECT_EQ(server(GetParam()).take_mail(1).size(), 1U);
  }
}

TEST_P(SMTPServers, EightBitAndSmtputf8) {
  expect_arrives(kTo,
                 "From: me@example.org\nDate: Mon, 23 Nov 2026 04:00:00 +0000\n"
                 "Message-ID: <2@example.org>\nMIME-Version: 1.0\n"
                 "Content-Type: text/plain; charset=utf-8\n"
                 "Content-Transfer-Encoding: 8bit\n\nGr\xc3\xbc\xc3\x9f"
                 "e\n");
  expect_arrives({"j\xc3\xb6rg@example.org", {"m\xc3\xbcller@example.net"}, "", ""},
                 "From: j\xc3\xb6rg@example.org\nDate: Mon, 23 Nov 2026 04:00:00 +0000\n"
                 "Message-ID: <3@example.org>\nSubject: Gr\xc3\xbc\xc3\x9f"
                 "e\n\nHallo\n");
}

// Both servers have SMTPUTF8, and the next one may not.
TEST_P(SMTPServers, HeaderTextNeedsNoSmtputf8) {
  SMTP smtp = connect();
  EXPECT_TRUE(smtp.send(kTo, "From: me@example.org\nSubject: K\xc3\xb6ln\n\nHallo\n")
                  .all(Verdict::accepted));
  EXPECT_TRUE(smtp.capabilities().smtputf8);
  smtp.quit();
  for (const std::string& mail : server(GetParam()).take_mail(1)) {
    EXPECT_NE(mail.find("\nSubject: =?utf-8?B?S8O2bG4=?=\n"), std::string::npos) << mail;
    EXPECT_EQ(mail.find("UTF8"), std::string::npos) << mail;
  }
}

TEST_P(SMTPServers, SizeIsCheckedBeforeMail) {
  SMTP smtp = connect();
  smtp.ehlo();
  ASSERT_TRUE(smtp.capabilities().max_size);
  class Huge : public MessageSource {
   public:
    std::uint64_t size() const override { return 70'000'000; }
    std::size_t read_at(std::uint64_t, std::span<char> into) override {
      for (std::size_t i = 0; i < into.size(); ++i) into[i] = i % 64 == 63 ? '\n' : 'x';
      return into.size();
    }
  } huge;
  EXPECT_THROW((void)smtp.send(kTo, huge), SMTPNotSupportedError);
  smtp.noop();
  smtp.quit();
}

TEST_P(SMTPServers, ADeliveryIsNotified) {
  Envelope envelope{"me@example.net", {}, "HDRS", "id-12"};
  envelope.to.push_back({"you@example.net", "SUCCESS,FAILURE", "old@example.org"});
  envelope.to.push_back({"you2@example.net", "never", ""});
  SMTP smtp = connect();
  EXPECT_TRUE(smtp.send(envelope, numbered_lines(300)).all(Verdict::accepted));
  EXPECT_TRUE(smtp.capabilities().dsn);
  smtp.quit();
  std::string status;
  for (const std::string& mail : server(GetParam()).take_mail(3)) {
    if (mail.find("message/delivery-status") != mail.npos) status += mail;
  }
  EXPECT_NE(status.find("id-12"), std::string::npos) << status;
  EXPECT_NE(status.find("old@example.org"), std::string::npos) << status;
  EXPECT_EQ(status.find("you2@example.net"), std::string::npos) << status;
}

TEST_P(SMTPServers, RefusedRecipientsAreResults) {
  SMTP smtp = connect();
  const SendResult result = smtp.send(
      {"me@example.org", {"a@elsewhere.test", "you@example.net"}, "", ""}, numbered_lines(300));
  EXPECT_NE(result.recipients[0].verdict, Verdict::accepted);
  EXPECT_GE(result.recipients[0].reply.code, 400);
  EXPECT_EQ(result.recipients[1].verdict, Verdict::accepted);
  server(GetParam()).take_mail(1);
  const SendResult none =
      smtp.send({"me@example.org", {"a@elsewhere.test"}, "", ""}, numbered_lines(300));
  EXPECT_FALSE(none.any(Verdict::accepted));
  const SendResult check = smtp.rehearse({"me@example.org", {"you@example.net"}, "", ""});
  EXPECT_TRUE(check.all(Verdict::accepted));
  smtp.quit();
}

TEST_P(SMTPServers, ManyMessagesOverOneConnection) {
  const std::string message = numbered_lines(2000);
  const std::vector<SMTP::Outgoing> batch(20, {&kTo, message});
  for (const auto transfer : {SendOptions::Transfer::data, SendOptions::Transfer::bdat}) {
    SendOptions options;
    options.transfer = transfer;
    SMTP smtp = connect();
    std::size_t taken = 0;
    smtp.send_all(
        batch,
        [&](std::size_t, const SendResult& r) {
          if (r.all(Verdict::accepted)) ++taken;
        },
        options);
    EXPECT_EQ(taken, batch.size());
    smtp.quit();
    for (const std::string& mail : server(GetParam()).take_mail(batch.size()))
      EXPECT_TRUE(mail.ends_with(message));
  }
}

TEST_P(SMTPServers, ARefusedMessageIsNoMatterOfTheNext) {
  const std::string message = numbered_lines(2000);
  const Envelope refused{"me@example.org", {"a@elsewhere.test"}, "", ""};
  const std::vector<SMTP::Outgoing> batch{{&refused, message},
                                          {&kTo, message},
                                          {&refused, message},
                                          {&refused, message},
                                          {&kTo, message}};
  for (const auto transfer : {SendOptions::Transfer::data, SendOptions::Transfer::bdat}) {
    SendOptions options;
    options.transfer = transfer;
    SMTP smtp = connect();
    std::string taken;
    smtp.send_all(
        batch,
        [&](std::size_t, const SendResult& r) { taken += r.any(Verdict::accepted) ? "y" : "n"; },
        options);
    EXPECT_EQ(taken, "nynny");
    smtp.quit();
    for (const std::string& mail : server(GetParam()).take_mail(2))
      EXPECT_TRUE(mail.ends_with(message));
  }
}

// The example as a user runs it.
TEST_P(SMTPServers, UmlautAndAttachmentInTenLines) {
  const ProcessResult sent =
      run({our_program("../tests/example_send_message"), "127.0.0.1",
           std::to_string(server(GetParam()).port()), "me@example.org", "you@example.net"});
  ASSERT_EQ(sent.status, 0) << sent.describe();
  const std::string mail = server(GetParam()).take_mail(1).at(0);
  const ParsedMessage message(mail);
  EXPECT_EQ(message.subject(), "Grüße aus Köln") << mail;
  EXPECT_EQ(message.text(), "Hallo,\nder Bericht hängt an.\n");
  ASSERT_EQ(message.attachments().size(), 1U);
  EXPECT_EQ(message.attachments()[0]->file_name(), "Bericht für März.txt");
  EXPECT_EQ(message.attachments()[0]->text(), "Im März war es kalt.\n");
}

// Connects, offers only `mechanism`, and logs in.
void log_in(std::uint16_t port, const std::string& mechanism, const Credentials& credentials) {
  SMTP smtp("localhost", port, trusting(TLSMode::starttls));
  ASSERT_TRUE(smtp.capabilities().has("AUTH"));
  ASSERT_NO_THROW(smtp.auth(mechanism, credentials)) << mechanism;
  EXPECT_TRUE(smtp.send(kTo, numbered_lines(300)).all(Verdict::accepted)) << mechanism;
  smtp.quit();
}

// Whatever a server offers is among them; what takes a certificate or a token is tried elsewhere.
void expect_tried(std::uint16_t port, const std::vector<std::string>& mechanisms) {
  SMTP smtp("localhost", port, trusting(TLSMode::starttls));
  for (const std::string& offered : smtp.capabilities().auth) {
    if (offered == "XOAUTH2" || offered == "OAUTHBEARER" || offered == "EXTERNAL") continue;
    EXPECT_TRUE(std::count(mechanisms.begin(), mechanisms.end(), offered)) << offered;
  }
  smtp.quit();
}

TEST_P(SMTPServers, EachLogin) {
  const bool postfix = GetParam() == "Postfix";
  const std::vector<std::string> mechanisms =
      postfix
          ? std::vector<std::string>{"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"}
          : std::vector<std::string>{"PLAIN", "LOGIN", "CRAM-MD5"};
  MailServer& mta = server(GetParam());
  expect_tried(mta.port(), mechanisms);
  for (const std::string& mechanism : mechanisms) {
    log_in(mta.port(), mechanism, {"ann", Secret("secret"), Secret()});
    mta.take_mail(1);
  }
  if (postfix) {
    std::string token = read_file(dovecot().token_file());
    token.pop_back();
    for (const char* mechanism : {"XOAUTH2", "OAUTHBEARER"}) {
      log_in(mta.port(), mechanism, {"ann", Secret(), Secret(token)});
      mta.take_mail(1);
    }
  }
  SMTP smtp("localhost", mta.port(), trusting(TLSMode::starttls));
  EXPECT_THROW(smtp.login({"ann", Secret("wrong"), Secret()}), SMTPAuthenticationError);
  smtp.close();
}

INSTANTIATE_TEST_SUITE_P(Each, SMTPServers, testing::Values("Postfix", "Exim"),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace proto
