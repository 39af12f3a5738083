#include <gtest/gtest.h>

#include <stdexcept>

#include "proto/message_edit.h"

namespace proto {
namespace {

std::string addresses(const AddressList& list) {
  std::string out;
  for (const MailAddress& a : list.addresses) out += (out.empty() ? "" : " ") + a.address();
  return out;
}

TEST(HeaderEditor, LeavesWhatItDoesNotChange) {
  const std::string header = "Received: a\r\n\tb\r\nX-Odd :  v \xfc\r\nSubject: =?x?\r\n\r\n";
  const std::string message = header + "body\r\n";
  const HeaderEditor editor(message);
  EXPECT_EQ(editor.to_string(), header);
  EXPECT_EQ(editor.header_size(), header.size());
}

TEST(HeaderEditor, EndsTheHeaderThatHasNoEnd) {
  EXPECT_EQ(HeaderEditor("A: b").to_string(), "A: b\n\n");
  EXPECT_EQ(HeaderEditor("").to_string(), "\n");
  const HeaderEditor body_only("Hello,\nthis is text\n");
  EXPECT_EQ(body_only.to_string(), "\n");
  EXPECT_EQ(body_only.header_size(), 0U);
  const HeaderEditor no_separator("A: b\r\nHello you\r\n");
  EXPECT_EQ(no_separator.to_string(), "A: b\r\n\r\n");
  EXPECT_EQ(no_separator.header_size(), 6U);
}

TEST(HeaderEditor, DropsAMailboxLine) {
  const HeaderEditor editor("From joe Tue Jan  2 15:04:05 2024\nA: b\n\nbody");
  EXPECT_EQ(editor.to_string(), "A: b\n\n");
}

TEST(HeaderEditor, FindsRecipients) {
  EXPECT_EQ(addresses(HeaderEditor("To: a@x, B <b@x>\nCc: G: c@x,\n d@x;\nbcc: e@x\nFrom: f@x\n"
                                   "To: root\n\n")
                          .recipients()),
            "a@x b@x c@x d@x e@x root");
  EXPECT_EQ(HeaderEditor("To: a b c\n\n").recipients().defects.size(), 1U);
}

TEST(HeaderEditor, FindsRecipientsOfTheNewestResending) {
  EXPECT_EQ(
      addresses(HeaderEditor("Resent-Date: 2\nResent-To: new@x\nResent-Bcc: blind@x\n"
                             "Received: by x\nResent-Date: 1\nResent-To: old@x\nTo: first@x\n\n")
                    .recipients()),
      "new@x blind@x");
  EXPECT_EQ(addresses(HeaderEditor("Resent-From: a@x\nTo: b@x\n\n").recipients()), "");
}

TEST(HeaderEditor, RemovesBlindCopies) {
  HeaderEditor editor("To: a@x\nBCC: b@x,\n c@x\nResent-Bcc: d@x\nSubject: s\n\n");
  editor.remove_blind_copies();
  EXPECT_EQ(editor.to_string(), "To: a@x\nSubject: s\n\n");
}

// A bare CR becomes CRLF on the wire: what it hides there is a field here.
TEST(HeaderEditor, RemovesBlindCopiesBehindABareCr) {
  HeaderEditor editor("Subject: s\rBcc: b@x\rTo: a@x\n\n");
  editor.remove_blind_copies();
  EXPECT_EQ(editor.to_string(), "Subject: s\rTo: a@x\n\n");
}

TEST(HeaderEditor, AddsWhatIsMissing) {
  HeaderEditor editor("Subject: s\r\n\r\n");
  HeaderEditor::Defaults defaults;
  defaults.from = MailAddress::parse("Jörg <j@example.org>");
  defaults.date = *parse_mail_date("Tue, 02 Jan 2024 15:04:05 +0100");
  editor.add_missing(defaults);
  const std::string header = editor.to_string();
  EXPECT_TRUE(
      header.starts_with("Subject: s\r\nFrom: =?utf-8?B?SsO2cmc=?= <j@example.org>\r\n"
                         "Date: Tue, 02 Jan 2024 15:04:05 +0100\r\nMessage-ID: <"))
      << header;
  EXPECT_TRUE(header.ends_with("@example.org>\r\n\r\n")) << header;

  HeaderEditor whole("From: a@x\nDate: d\nMessage-Id: <m>\n\n");
  whole.add_missing(defaults);
  EXPECT_EQ(whole.to_string(), "From: a@x\nDate: d\nMessage-Id: <m>\n\n");
}

TEST(HeaderEditor, ReplacesTheSenderAndKeepsItsName) {
  const MailAddress sender = MailAddress::parse("Alerts <alerts@example.org>");
  HeaderEditor cron("From: \"(Cron Daemon)\" <root>\n\n");
  cron.replace_sender(sender);
  EXPECT_EQ(cron.to_string(), "From: \"(Cron Daemon)\" <alerts@example.org>\n\n");
  HeaderEditor comment("From: root (Cron Daemon)\n\n");
  comment.replace_sender(sender);
  EXPECT_EQ(comment.to_string(), "From: Cron Daemon <alerts@example.org>\n\n");
  HeaderEditor bare("From: root\n\n");
  bare.replace_sender(sender);
  EXPECT_EQ(bare.to_string(), "From: Alerts <alerts@example.org>\n\n");
}

TEST(HeaderEditor, ReplacesRecipientsByAliases) {
  const HeaderEditor::Alias alias =
      [](const MailAddress& a) -> std::optional<std::vector<MailAddress>> {
    if (!a.domain.empty()) return std::nullopt;
    return std::vector{MailAddress{"", "admin", "example.org", ""},
                       MailAddress{"Two", "two", "example.org", ""}};
  };
  HeaderEditor editor("To: root\nCc: x@y, Op <daemon>\nBcc: root\nReply-To: root\n\n");
  editor.replace_recipients(alias);
  EXPECT_EQ(
      editor.to_string(),
      "To: root <admin@example.org>, Two <two@example.org>\n"
      "Cc: x@y, Op <admin@example.org>, Two <two@example.org>\nBcc: root\nReply-To: root\n\n");
  HeaderEditor untouched("To:   x@y  ,z@w\nCc: not an address, root\n\n");
  untouched.replace_recipients(alias);
  EXPECT_EQ(untouched.to_string(), "To:   x@y  ,z@w\nCc: not an address, root\n\n");
}

TEST(HeaderEditor, RefusesToInject) {
  HeaderEditor editor("\n");
  EXPECT_THROW(editor.add("Subject", "a\nBcc: b@x"), std::invalid_argument);
  EXPECT_THROW(editor.add("Sub ject", "a"), std::invalid_argument);
  EXPECT_THROW(editor.add("Subject:", "a"), std::invalid_argument);
  EXPECT_THROW(editor.add("", "a"), std::invalid_argument);
  EXPECT_EQ(editor.to_string(), "\n");
}

TEST(MessageId, IsUniqueAndWellFormed) {
  EXPECT_NE(make_message_id("x.org"), make_message_id("x.org"));
  EXPECT_TRUE(make_message_id("x.org").ends_with("@x.org>"));
  EXPECT_TRUE(make_message_id("").ends_with("@localhost>"));
  EXPECT_TRUE(make_message_id("a>\r\nb").ends_with("@localhost>"));
}

}  // namespace
}  // namespace proto
