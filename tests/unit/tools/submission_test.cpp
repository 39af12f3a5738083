#include "sendmail-lite/submission.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace proto::sendmail {
namespace {

constexpr Time kNow{std::chrono::seconds(1700000000)};

struct Case {
  SubmissionRules rules;
  Aliases aliases;
  Request request;

  Case() {
    rules.identity = {"joe", "Joe Doe", "host.example.net", "box"};
    request.recipients = {"a@example.org"};
  }
  Case& alias(std::string_view text) {
    std::vector<std::string> warnings;
    aliases = Aliases::parse(text, warnings);
    rules.aliases = &aliases;
    return *this;
  }
  Submission of(std::string_view message) const { return prepare(message, request, rules, kNow); }
};

std::string field(const Submission& s, const std::string& name) {
  const std::size_t at = ("\n" + s.header).find("\n" + name + ":");
  if (at == std::string::npos) return "(none)";
  const std::size_t begin = at + name.size() + 1;
  return s.header.substr(begin + 1, s.header.find('\n', begin) - begin - 1);
}

const std::string kPlain = "From: me@example.org\nSubject: hi\n\nbody\n";

TEST(Submission, AddsWhatIsMissing) {
  const Submission s = Case().of("Subject: hi\n\nbody\n");
  EXPECT_EQ(s.envelope.from, "joe@host.example.net");
  EXPECT_EQ(field(s, "From"), "Joe Doe <joe@host.example.net>");
  EXPECT_NE(field(s, "Date"), "(none)");
  EXPECT_EQ(field(s, "Message-ID"), s.envelope.message_id);
  EXPECT_EQ(s.body, "body\n");
}

TEST(Submission, LeavesWhatIsThere) {
  const std::string header =
      "From: me@example.org\nDate: Mon, 1 Jan 2024 00:00:00 +0000\nMessage-ID: <x@y>\n"
      "Subject: =?utf-8?q?a?=\n b\n\n";
  const Submission s = Case().of(header + "body");
  EXPECT_EQ(s.header, header);
  EXPECT_EQ(s.envelope.message_id, "<x@y>");
}

TEST(Submission, SendersName) {
  Case c;
  c.request.sender = "root";
  c.rules.full_name = "CronDaemon";
  const Submission s = c.of("Subject: x\n\n");
  EXPECT_EQ(s.envelope.from, "root@host.example.net");
  EXPECT_EQ(field(s, "From"), "CronDaemon <root@host.example.net>");
}

TEST(Submission, TheNullSender) {
  for (const char* said : {"", "<>", " "}) {
    Case c;
    c.request.sender = said;
    EXPECT_EQ(c.of(kPlain).envelope.from, "");
    c.rules.from = "me@example.com";
    EXPECT_EQ(c.of(kPlain).envelope.from, "") << "a bounce must not be answered";
  }
}

TEST(Submission, OneFromSettingGovernsBothAndKeepsTheName) {
  Case c;
  c.rules.from = "alerts@example.com";
  c.request.sender = "root";
  const Submission s = c.of("From: root (Cron Daemon)\nTo: a@example.org\n\n");
  EXPECT_EQ(s.envelope.from, "alerts@example.com");
  EXPECT_EQ(field(s, "From"), "Cron Daemon <alerts@example.com>");
}

TEST(Submission, AliasesRewriteEnvelopeAndHeader) {
  Case c;
  c.alias("root: admin@example.org\n");
  c.request.recipients = {"root"};
  const Submission s = c.of("To: root\n\nx");
  EXPECT_EQ(s.envelope.to, std::vector<std::string>{"admin@example.org"});
  EXPECT_EQ(field(s, "To"), "root <admin@example.org>");
}

// What is queued while nobody knows the rules comes out the same when it is prepared later.
TEST(Submission, PreparedInTwoStepsIsPreparedAsInOne) {
  const std::string date = "Date: Mon, 1 Jan 2024 00:00:00 +0000\nMessage-ID: <x@y>\n";
  for (const char* header :
       {"To: root\nBcc: joe\n", "From: \"(Cron Daemon)\" <root>\nTo: root, \"a b\"@x.org\n",
        "From x Mon Jan  1\nTo: root\r\nCc: g: joe, root;\n", "Resent-To: root\nTo: ann@x.org\n",
        "Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\n folded\n"}) {
    for (const char* sender : {"-", "<>", "", "root", "me@x.org"}) {
      Case c;
      c.request = {std::nullopt, {"root", "joe@localhost, x@example.org", "\"c d\"@x.org"}, true};
      if (*sender != '-') c.request.sender = sender;
      const std::string message = date + header + "\nFrom here on: the body\n";
      SubmissionRules raw;
      raw.identity = c.rules.identity;
      raw.as_it_came = true;
      const Submission first = prepare(message, c.request, raw, kNow);
      EXPECT_EQ(first.header.find("Bcc"), std::string::npos);
      EXPECT_EQ(first.header.find("Joe Doe"), std::string::npos);
      c.alias("root: admin@example.org\njoe: root, b@example.org\n");
      c.rules.from = "alerts@example.com";
      c.rules.domain = c.rules.identity.domain = "example.com";
      const Submission once = c.of(message);
      c.request = {first.envelope.from, first.envelope.to, false};
      const std::string queued = first.header + std::string(first.body);
      const Submission twice = c.of(queued);
      EXPECT_EQ(twice.envelope.from, once.envelope.from) << header << sender;
      EXPECT_EQ(twice.envelope.to, once.envelope.to) << header << sender;
      EXPECT_EQ(twice.header, once.header) << header << sender;
      EXPECT_EQ(twice.body, once.body);
      EXPECT_EQ(twice.envelope.message_id, "<x@y>");
    }
  }
}

TEST(Submission, MailForThisMachineIsLocalToo) {
  Case c;
  c.alias("default: admin@example.org\n");
  c.request.recipients = {"root@localhost", "joe@BOX", "x@example.com"};
  EXPECT_EQ(c.of(kPlain).envelope.to,
            (std::vector<std::string>{"admin@example.org", "x@example.com"}));
}

TEST(Submission, LocalNamesGetTheDomainWhereThereIsOne) {
  Case c;
  c.request.recipients = {"root"};
  EXPECT_EQ(c.of(kPlain).envelope.to, std::vector<std::string>{"root"});
  c.rules.domain = "example.net";
  EXPECT_EQ(c.of(kPlain).envelope.to, std::vector<std::string>{"root@example.net"});
}

TEST(Submission, CommaListsAndDoubles) {
  Case c;
  c.request.recipients = {"a@x.org,b@x.org", "\"Doe, C\" <c@x.org>", "a@x.org"};
  EXPECT_EQ(c.of(kPlain).envelope.to, (std::vector<std::string>{"a@x.org", "b@x.org", "c@x.org"}));
}

TEST(Submission, RecipientsOfTheHeader) {
  Case c;
  c.request = {{}, {}, true};
  const Submission s =
      c.of("To: Group: a@x.org, b@x.org;\nCc: \"C\"\n <c@x.org>\nBcc: d@x.org\n\nx");
  EXPECT_EQ(s.envelope.to, (std::vector<std::string>{"a@x.org", "b@x.org", "c@x.org", "d@x.org"}));
  EXPECT_EQ(field(s, "Bcc"), "(none)");
}

TEST(Submission, ResentFieldsCountWhereThereAreSome) {
  Case c;
  c.request = {{}, {}, true};
  const Submission s =
      c.of("Resent-To: r@x.org\nResent-Bcc: s@x.org\nTo: a@x.org\nFrom: m@x.org\n\nx");
  EXPECT_EQ(s.envelope.to, (std::vector<std::string>{"r@x.org", "s@x.org"}));
  EXPECT_EQ(field(s, "Resent-Bcc"), "(none)");
}

TEST(Submission, AFromLineOfAMailboxIsDropped) {
  const Submission s = Case().of("From root Mon Jan  1 00:00:00 2024\nSubject: x\n\nbody");
  EXPECT_EQ(s.header.find("From root"), std::string::npos);
  EXPECT_EQ(s.body, "body");
}

TEST(Submission, WhatCouldEndItsLineIsRefused) {
  Case c;
  for (const char* bad : {"a@b>\r\nRCPT TO:<x", "a> SIZE=1", "a@b\nx"}) {
    c.request.recipients = {bad};
    EXPECT_THROW(c.of(kPlain), std::invalid_argument) << bad;
    c.request.recipients = {bad, "good@example.org"};
    const Submission s = c.of(kPlain);
    EXPECT_EQ(s.envelope.to.back(), "good@example.org");
    EXPECT_FALSE(s.rejected.empty()) << bad;
  }
  c.request.recipients = {"a@example.org"};
  c.request.sender = "a@b>\r\nRCPT TO:<x";
  EXPECT_THROW(c.of(kPlain), std::invalid_argument);
}

TEST(Submission, NobodyToSendTo) {
  Case c;
  c.request = {{}, {}, true};
  EXPECT_THROW(c.of("Subject: x\n\n"), std::invalid_argument);
}

}  // namespace
}  // namespace proto::sendmail
