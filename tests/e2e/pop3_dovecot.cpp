// The client and popsubjects with Dovecot.
#include <gtest/gtest.h>

#include <algorithm>

#include "proto/pop3.h"
#include "support/dovecot.h"
#include "support/servers.h"

namespace proto {
namespace {

using namespace test;

Dovecot& server() {
  static Dovecot dovecot;
  return dovecot;
}

POP3Options with(TLSMode mode, const TLSOptions& more = {}) {
  POP3Options options;
  options.tls = mode;
  TLSOptions tls = more;
  tls.ca_file = test_certificates().ca_file;
  options.connect.tls = TLSContext::client(tls);
  return options;
}

POP3 connect(TLSMode mode) {
  return POP3("localhost", mode == TLSMode::implicit ? server().tls_port() : server().port(),
              with(mode));
}

Credentials login_of(std::string user) {
  Credentials credentials;
  credentials.user = std::move(user);
  credentials.password = Secret("secret");
  return credentials;
}

// Over implicit TLS and with the right password, unless the arguments say otherwise.
ProcessResult popsubjects(const std::vector<std::string>& arguments,
                          const std::string& user = "ann") {
  std::vector<std::string> argv = {our_program("popsubjects"), "--host", "localhost", "--user",
                                   user};
  const auto add_unless = [&](std::string_view given, const std::vector<std::string>& more) {
    if (std::find(arguments.begin(), arguments.end(), given) == arguments.end())
      argv.insert(argv.end(), more.begin(), more.end());
  };
  add_unless("--tls", {"--port", std::to_string(server().tls_port()), "--cacert",
                       test_certificates().ca_file});
  add_unless("--password-file", {"--password-file", server().password_file()});
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run(argv);
}

std::string behind_heading(const std::string& out) {
  return out.substr(out.find("\n\n") + 2);
}

TEST(Dovecot, EachKindOfConnection) {
  for (const TLSMode mode : {TLSMode::none, TLSMode::starttls, TLSMode::implicit}) {
    POP3 pop = connect(mode);
    EXPECT_EQ(pop.is_secure(), mode != TLSMode::none);
    pop.login(login_of("empty"));
    EXPECT_EQ(pop.stat().count, 0U);
    EXPECT_TRUE(pop.list().empty());
    EXPECT_TRUE(pop.uidl().empty());
    EXPECT_THROW(pop.retr(1), POP3MessageError);
    pop.noop();
    pop.quit();
  }
}

TEST(Dovecot, EachMechanism) {
  for (const char* mechanism : {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"}) {
    POP3 pop = connect(TLSMode::implicit);
    pop.auth(mechanism, login_of("empty"));
    EXPECT_EQ(pop.stat().count, 0U) << mechanism;
    pop.quit();
    Credentials wrong = login_of("empty");
    wrong.password = Secret("hunter2");
    POP3 refused = connect(TLSMode::implicit);
    EXPECT_THROW(refused.auth(mechanism, wrong), POP3AuthenticationError) << mechanism;
  }
}

TEST(Dovecot, UserAndApop) {
  POP3 pop("127.0.0.1", server().port());
  pop.user("empty");
  pop.pass_("secret");
  pop.quit();
  POP3 apop("::1", server().port());
  apop.apop("empty", Secret("secret"));
  apop.quit();
}

TEST(Dovecot, Tokens) {
  Credentials credentials;
  credentials.user = "ann";
  std::string token = read_file(server().token_file());
  token.pop_back();
  credentials.oauth_token = Secret(token);
  for (const char* mechanism : {"XOAUTH2", "OAUTHBEARER"}) {
    POP3 pop = connect(TLSMode::implicit);
    pop.auth(mechanism, credentials);
    pop.quit();
  }
  credentials.oauth_token = Secret("no token at all");
  POP3 refused = connect(TLSMode::implicit);
  EXPECT_THROW(refused.login(credentials), POP3AuthenticationError);
}

TEST(Dovecot, AClientCertificate) {
  TLSOptions tls;
  tls.certificate_file = test_certificates().client_certificate_file;
  tls.key_file = test_certificates().client_key_file;
  POP3 pop("localhost", server().tls_port(), with(TLSMode::implicit, tls));
  Credentials credentials;
  credentials.user = "client";
  pop.auth("EXTERNAL", credentials);
  pop.stat();
  pop.quit();
}

TEST(Dovecot, MessagesAreGoneAfterQuitOnly) {
  server().deliver("client", "Subject: one\n\n.dot\n..dots\n");
  server().deliver("client", "Subject: two\n\nbody\n");
  {
    POP3 pop = connect(TLSMode::none);
    pop.login(login_of("client"));
    EXPECT_EQ(pop.retr(1).lines, (std::vector<std::string>{"Subject: one", "", ".dot", "..dots"}));
    EXPECT_EQ(pop.top(2, 0).lines.at(0), "Subject: two");
    pop.dele(1);
    pop.rset();
    pop.dele(2);
    pop.close();  // no QUIT: nothing happens
  }
  POP3 pop = connect(TLSMode::none);
  pop.login(login_of("client"));
  EXPECT_EQ(pop.stat().count, 2U);
  pop.dele(1);
  pop.dele(2);
  pop.quit();
  POP3 again = connect(TLSMode::none);
  again.login(login_of("client"));
  EXPECT_EQ(again.stat().count, 0U);
  again.quit();
}

TEST(Dovecot, SubjectsOfTwoThousand) {
  std::string wanted;
  for (int i = 1; i <= 2000; ++i) {
    const std::string subject = "Subject: number " + std::to_string(i) + "\n";
    server().deliver("many", "From: a@example.org\n" + subject + "\nx\n");
    wanted += subject;
  }
  const auto all = popsubjects({}, "many");
  EXPECT_EQ(all.status, 0) << all.describe();
  EXPECT_TRUE(all.out.starts_with("Number of messages 2000\n")) << all.out.substr(0, 100);
  EXPECT_EQ(behind_heading(all.out), wanted);
  const auto two =
      popsubjects({"--limit", "2", "--reverse", "--format", "{number}:{subject}"}, "many");
  EXPECT_EQ(behind_heading(two.out), "2000:number 2000\n1999:number 1999\n");
  EXPECT_EQ(popsubjects({"--count"}, "many").out, "2000\n");
  EXPECT_EQ(behind_heading(popsubjects({"--retr", "--limit", "1"}, "many").out),
            "Subject: number 2000\n");
}

std::string long_subject() {
  std::string text;
  while (text.size() < 10'000) text += "word" + std::to_string(text.size()) + ' ';
  text.pop_back();
  return text;
}

std::string folded(std::string text) {
  for (auto at = text.find(' ', 70); at != std::string::npos; at = text.find(' ', at + 70))
    text.insert(at, "\n");
  return text;
}

TEST(Dovecot, SubjectsOfEveryKind) {
  const std::vector<std::pair<std::string, std::string>> mails = {
      {"Subject: =?UTF-8?B?R3LDvMOfZSBhdXMgS8O2bG4=?=\n", "Subject: Grüße aus Köln"},
      {"Subject: =?ISO-8859-1?Q?Gr=FC=DFe?=\n", "Subject: Grüße"},
      {"Subject: =?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=\n", "Subject: 日本語"},
      {"Subject: =?Shift_JIS?B?k/qWe4zq?=\n", "Subject: 日本語"},
      {"Subject: =?KOI8-R?B?8NLJ18XU?=\n", "Subject: Привет"},
      {"Subject: =?windows-1252?Q?=93so=94_=80?=\n", "Subject: “so” €"},
      {"Subject: raw Gr\xfc\xdf"
       "e\n",
       "Subject: raw Grüße"},
      {"Subject: folded\n over two lines\n", "Subject: folded over two lines"},
      {"From: x@example.org\n", "Subject:"},
      {"Subject: first\nSubject: second\n", "Subject: first"},
      {"X-Subject: not this\n\nSubject: in the body\n", "Subject:"},
      {"Subject: " + folded(long_subject()) + "\n", "Subject: " + long_subject()},
      {"Subject: \x1b[2J\x1b]0;title\x07 bell\n", R"(Subject: \x1b[2J\x1b]0;title\x07 bell)"},
      {"Subject: =?utf-8?Q?=1B[31m=E2=80=AEtxt.exe?=\n", R"(Subject: \x1b[31m\u{202e}txt.exe)"},
  };
  std::string wanted;
  for (const auto& [header, line] : mails) {
    server().deliver("ann", header + "\nbody\n");
    wanted += line + "\n";
  }
  const auto result = popsubjects({});
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_TRUE(result.out.starts_with("Number of messages " + std::to_string(mails.size()) + "\n"));
  EXPECT_EQ(behind_heading(result.out), wanted);
}

TEST(Dovecot, EveryWayToLogInByTheTool) {
  for (const char* auth : {"auto", "user", "apop", "plain", "login", "cram-md5", "scram-sha-256"}) {
    EXPECT_EQ(popsubjects({"--auth", auth, "--count"}, "empty").out, "0\n") << auth;
    const auto refused =
        popsubjects({"--auth", auth, "--password-file", server().wrong_password_file()}, "empty");
    EXPECT_EQ(refused.status, 77) << auth;
    EXPECT_EQ(refused.out, "");
    EXPECT_EQ(refused.err.find("hunter2"), std::string::npos);
    EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1);
  }
  for (const char* auth : {"xoauth2", "oauthbearer"}) {
    const auto result =
        popsubjects({"--auth", auth, "--quiet", "--password-file", server().token_file()});
    EXPECT_EQ(result.status, 0) << result.describe();
  }
}

TEST(Dovecot, EachKindOfConnectionByTheTool) {
  const std::string port = std::to_string(server().port());
  const std::string& ca = test_certificates().ca_file;
  const auto count = [&](const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"--port", port, "--count", "--tls"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return popsubjects(all, "empty");
  };
  EXPECT_EQ(count({"none"}).out, "0\n");
  EXPECT_EQ(count({"starttls", "--cacert", ca}).out, "0\n");
  EXPECT_EQ(count({"starttls", "-k"}).out, "0\n");
  EXPECT_EQ(count({"starttls"}).status, 69) << "nobody here trusts that certificate";
  EXPECT_EQ(count({"starttls", "--cacert", "/nonexistent"}).status, 78);
}

TEST(Dovecot, OnlyWhatIsNew) {
  const TempFolder folder;
  const std::string state = folder.file("state/of/client");
  const auto fresh = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--new", "--state", state});
    return popsubjects(more, "client");
  };
  EXPECT_EQ(fresh({}).status, 1);
  server().deliver("client", "Subject: one\n\nx\n");
  server().deliver("client", "Subject: two\n\nx\n");
  EXPECT_EQ(fresh({"--quiet"}).status, 0);
  EXPECT_EQ(fresh({"--count"}).out, "2\n");
  EXPECT_EQ(behind_heading(fresh({"--limit", "1"}).out), "Subject: two\n");
  EXPECT_EQ(behind_heading(fresh({}).out), "Subject: one\n");
  const auto none = fresh({});
  EXPECT_EQ(none.status, 1);
  EXPECT_EQ(none.out, "");
  server().deliver("client", "Subject: three\n\nx\n");
  EXPECT_EQ(fresh({"--baseline"}).status, 0);
  EXPECT_EQ(fresh({}).status, 1);
}

TEST(Dovecot, ALockedMailboxIsForLater) {
  POP3 holder = connect(TLSMode::none);
  holder.login(login_of("client"));
  const auto result = popsubjects({}, "client");
  EXPECT_EQ(result.status, 75) << result.describe();
  EXPECT_NE(result.err.find("[IN-USE]"), std::string::npos) << result.err;
  holder.quit();
}

}  // namespace
}  // namespace proto
