// sendmail-lite with Postfix and Exim: through an outage, over TLS, logged in, in part refused,
// large.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/dovecot.h"
#include "support/mta.h"
#include "support/queue_proofs.h"
#include "support/sendmail_program.h"
#include "support/servers.h"

namespace proto::test {
namespace {

Dovecot& dovecot() {
  static Dovecot server;
  return server;
}

MailServer& server(const std::string& name) {
  if (name == "Postfix") {
    static Postfix postfix(dovecot().auth_socket());
    return postfix;
  }
  static Exim exim;
  return exim;
}

class SendmailServers : public ::testing::TestWithParam<std::string> {
 protected:
  MailServer& mta() { return server(GetParam()); }
  SendmailLite program_{mta().port()};

  // STARTTLS is offered, and taken: the certificate is one that --cacert knows.
  ProcessResult send(std::vector<std::string> words, const std::string& message) {
    words.insert(words.begin(),
                 {"--cacert=" + test_certificates().ca_file, "-i", "-f", "me@example.org"});
    return program_.run(words, message);
  }
};

INSTANTIATE_TEST_SUITE_P(Of, SendmailServers, ::testing::Values("Postfix", "Exim"));

TEST_P(SendmailServers, QueuedWhileDownDeliveredOnceWhenUp) {
  const RefusingPort nobody;
  program_.port(nobody.port());
  ASSERT_EQ(send({"ann@example.net"}, "Subject: outage\n\nalert\n").status, 0);
  EXPECT_EQ(program_.run({"--status"}).status, 75);
  const std::string up = "--port=" + std::to_string(mta().port());
  const auto flushed = program_.run({"-q", up});
  EXPECT_EQ(flushed.status, 0) << flushed.describe() << mta().log();
  EXPECT_EQ(program_.run({"-q", up}).status, 0);
  const auto mails = mta().take_mail(1);
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_NE(mails[0].find("Subject: outage"), std::string::npos);
  EXPECT_EQ(program_.run({"--status"}).status, 0);
}

TEST_P(SendmailServers, SomeRecipientsRefused) {
  const auto sent = send({"ann@example.net", "stranger@elsewhere.example"}, "Subject: part\n\nx\n");
  EXPECT_TRUE(sent.status == 67 || sent.status == 69) << sent.describe();
  EXPECT_NE(sent.err.find("stranger@elsewhere.example: 5"), std::string::npos) << sent.err;
  EXPECT_EQ(mta().take_mail(1).size(), 1U);
  EXPECT_EQ(program_.run({"--status"}).status, 69);
}

TEST_P(SendmailServers, TLSBothWaysAndALogin) {
  const std::string password = program_.folder().write("pw", "secret\n");
  const std::vector<std::string> login{"--user=ann", "--password-file=" + password};
  auto starttls = login, implicit = login;
  starttls.insert(starttls.end(), {"--tls=starttls", "ann@example.net"});
  implicit.insert(implicit.end(), {"--tls=implicit", "--port=" + std::to_string(mta().tls_port()),
                                   "ann@example.net"});
  for (const auto& words : {starttls, implicit}) {
    const auto sent = send(words, "Subject: secure\n\nx\n");
    EXPECT_EQ(sent.status, 0) << sent.describe() << mta().log();
    EXPECT_EQ(sent.err, "");
    EXPECT_EQ(mta().take_mail(1).size(), 1U);
  }
}

TEST_P(SendmailServers, EachWayToLogIn) {
  const bool postfix = GetParam() == "Postfix";
  const std::string password = program_.folder().write("pw", "secret\n");
  std::vector<std::string> ways{"auto", "plain", "login", "cram-md5"};
  if (postfix) ways.insert(ways.end(), {"scram-sha-1", "scram-sha-256", "xoauth2", "oauthbearer"});
  for (const auto& way : ways) {
    const bool token = way == "xoauth2" || way == "oauthbearer";
    const auto sent = send({"--tls=starttls", "--user=ann", "--auth=" + way, "ann@example.net",
                            "--password-file=" + (token ? dovecot().token_file() : password)},
                           "Subject: " + way + "\n\nx\n");
    EXPECT_EQ(sent.status, 0) << way << sent.describe() << mta().log();
    EXPECT_EQ(mta().take_mail(1).size(), 1U);
  }
}

TEST_P(SendmailServers, AWrongPasswordKeepsTheMail) {
  const std::string password = program_.folder().write("pw", "wrong\n");
  const auto sent =
      send({"--user=ann", "--password-file=" + password, "--tls=starttls", "ann@example.net"},
           "Subject: login\n\nx\n");
  EXPECT_EQ(sent.status, 77) << sent.describe();
  EXPECT_EQ(sent.err.find("wrong"), std::string::npos);
  program_.folder().write("pw", "secret\n");
  EXPECT_EQ(program_.run({"-q"}).status, 0);
  EXPECT_EQ(mta().take_mail(1).size(), 1U);
}

TEST_P(SendmailServers, AnUntrustedCertificateKeepsTheMail) {
  const auto sent = program_.run({"--tls=starttls", "-f", "me@example.org", "ann@example.net"},
                                 "Subject: tls\n\nx\n");
  EXPECT_EQ(sent.status, 69) << sent.describe();
  EXPECT_EQ(program_.run({"--status"}).status, 75);
  EXPECT_EQ(program_.run({"-q", "--cacert=" + test_certificates().ca_file}).status, 0);
  EXPECT_EQ(mta().take_mail(1).size(), 1U);
}

TEST_P(SendmailServers, ManyWaitingMessagesGoAtOnce) {
  const int count = full_size() > 0 ? 1000 : 20;
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(
        send({"-odq", "ann@example.net"}, "Subject: n" + std::to_string(i) + "\n\nx\n").status, 0);
  const auto flushed = program_.run({"-q"});
  EXPECT_EQ(flushed.status, 0) << flushed.describe() << mta().log();
  const auto wanted = static_cast<std::size_t>(count);
  EXPECT_EQ(mta().take_mail(wanted).size(), wanted);
}

TEST_P(SendmailServers, TwentyMebibytesArriveAsTheyWere) {
  std::string body;
  while (body.size() < (20U << 20))
    body += "line " + std::to_string(body.size()) + " of some length\n";
  const auto sent = send({"ann@example.net"}, "Subject: large\n\n" + body);
  ASSERT_EQ(sent.status, 0) << sent.describe() << mta().log();
  const auto mails = mta().take_mail(1);
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_EQ(mails[0].substr(mails[0].find("\n\n") + 2), body);
}

TEST_P(SendmailServers, Check) {
  const auto checked = program_.run({"--check", "--cacert=" + test_certificates().ca_file, "-f",
                                     "me@example.org", "ann@example.net"});
  EXPECT_EQ(checked.status, 0) << checked.describe();
  EXPECT_NE(checked.out.find("TLS: TLSv1."), std::string::npos) << checked.out;
}

}  // namespace
}  // namespace proto::test
