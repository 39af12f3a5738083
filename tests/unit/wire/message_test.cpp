#include "proto/message.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/characters.h"
#include "proto/message_edit.h"
#include "wire/line_ends.h"

namespace proto {
namespace {

Message letter() {
  Message message;
  message.from("Jörg <joerg@example.org>").to("ann@example.net").subject("Grüße aus Köln");
  return message;
}

// Whatever is composed may go to any server, and is read back without a defect.
std::string checked(const Message& message, bool allow_8bit = false) {
  const std::string text = message.to_string({allow_8bit});
  const MessageNeeds needs = analyse_message(text);
  EXPECT_FALSE(needs.eight_bit_header || needs.nul || has_bare_line_end(text)) << text;
  EXPECT_TRUE(allow_8bit || !needs.eight_bit_body) << text;
  EXPECT_FALSE(needs.long_line);
  EXPECT_EQ(needs.size, text.size()) << "the last line has its end";
  const ParsedMessage parsed(text);
  EXPECT_TRUE(parsed.defects().empty()) << text;
  return text;
}

TEST(Message, ComposesPlainText) {
  Message message = letter();
  message.text("Hallo,\nWelt\n").set("Date", "Tue, 02 Jan 2024 15:04:05 +0100");
  message.set("Message-ID", "<1@example.org>");
  EXPECT_EQ(checked(message),
            "From: =?utf-8?B?SsO2cmc=?= <joerg@example.org>\r\n"
            "To: ann@example.net\r\n"
            "Subject: =?utf-8?B?R3LDvMOfZQ==?= aus =?utf-8?B?S8O2bG4=?=\r\n"
            "Date: Tue, 02 Jan 2024 15:04:05 +0100\r\n"
            "Message-ID: <1@example.org>\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 7bit\r\n"
            "\r\n"
            "Hallo,\r\nWelt\r\n");
}

TEST(Message, AddsDateAndMessageId) {
  const Message message = letter();
  const std::string text = checked(message);
  const ParsedMessage parsed(text);
  EXPECT_TRUE(parsed.date());
  EXPECT_EQ(parsed.message_id(), message.message_id());
  EXPECT_TRUE(parsed.message_id().ends_with("@example.org>"));
  EXPECT_EQ(message.to_string(), text) << "sent again it is the same";
  EXPECT_NE(letter().message_id(), message.message_id());
}

TEST(Message, SaysWhichOfItsAuthorsSentIt) {  // RFC 5322 §3.6.2
  Message message;
  message.from("Ann <ann@x.org>, bob@x.org").to("you@x.org").text("x\n");
  EXPECT_NE(checked(message).find("\r\nSender: Ann <ann@x.org>\r\n"), std::string::npos);
  message.set("Sender", "bob@x.org");
  EXPECT_EQ(checked(message).find("Sender: Ann"), std::string::npos);
  EXPECT_EQ(checked(letter()).find("Sender:"), std::string::npos);
}

TEST(Message, LeavesBlindCopiesOut) {
  Message message = letter();
  message.bcc("Secret <secret@example.org>").cc("bob@example.net");
  const auto recipients = message.recipients();
  ASSERT_EQ(recipients.size(), 3U);
  EXPECT_EQ(recipients[1].address(), "secret@example.org");
  EXPECT_EQ(message.sender()->address(), "joerg@example.org");
  message.add("Resent-Bcc", "secret@example.org");
  EXPECT_EQ(checked(message).find("secret"), std::string::npos);
}

TEST(Message, AnEmptyGroupIsWrittenAndAnEmptyListIsNot) {
  Message message;
  message.from("a@example.org").to("undisclosed-recipients:;").cc("").bcc("b@example.org");
  const std::string text = checked(message);
  EXPECT_NE(text.find("\r\nTo: undisclosed-recipients:;\r\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("Cc:"), std::string::npos) << text;
  EXPECT_EQ(message.recipients().size(), 1U);
}

TEST(Message, WritesNoListOfCommentsAlone) {
  Message message = letter();
  message.set("To", "(nobody").cc(" , (x) ,").set("Reply-To", "Grüße alle:; (y)");
  const std::string text = checked(message);
  const ParsedMessage parsed(text);
  EXPECT_EQ(parsed.header().find("To"), nullptr) << text;
  EXPECT_EQ(parsed.header().find("Cc"), nullptr) << text;
  EXPECT_EQ(parsed.reply_to().empty_groups, std::vector<std::string>{"Grüße alle"}) << text;
  EXPECT_TRUE(parsed.reply_to().defects.empty()) << text;
}

TEST(Message, GoesToWhomItIsResent) {
  Message message = letter();
  message.set("Resent-From", "bob@example.net").set("Resent-Bcc", "carl@example.net");
  ASSERT_EQ(message.recipients().size(), 1U);
  EXPECT_EQ(message.recipients()[0].address(), "carl@example.net");
  EXPECT_EQ(message.sender()->address(), "bob@example.net");
  const std::string text = checked(message);
  EXPECT_EQ(text.find("carl"), std::string::npos) << text;
  EXPECT_NE(text.find("To: ann@example.net"), std::string::npos) << text;
}

TEST(Message, KeepsFieldsInOrderAndSetsThemAnew) {
  Message message = letter();
  message.add("X-One", "1").add("X-Two", "2").add("x-one", "3").set("X-ONE", "4");
  message.to("Bob <bob@example.net>");
  const std::string text = checked(message);
  EXPECT_NE(text.find("X-ONE: 4\r\nX-Two: 2\r\n"), text.npos) << text;
  EXPECT_NE(text.find("To: ann@example.net, Bob <bob@example.net>\r\n"), text.npos) << text;
  EXPECT_EQ(message.get("to"), "ann@example.net, Bob <bob@example.net>");
  EXPECT_EQ(message.get("subject"), "Grüße aus Köln");
  EXPECT_EQ(message.get("X-None"), std::nullopt);
}

TEST(Message, ChoosesTheTransferEncodingByContent) {
  const auto encoding = [](std::string_view content, bool allow_8bit) {
    Message message = letter();
    message.text(content);
    const std::string text = checked(message, allow_8bit);
    const ParsedMessage parsed(text);
    EXPECT_EQ(parsed.text(), content);
    return parsed.root().transfer_encoding();
  };
  EXPECT_EQ(encoding("plain\n", false), "7bit");
  EXPECT_EQ(encoding("Grüße\n", true), "8bit");
  EXPECT_EQ(encoding("Mostly ASCII, and a single ü.\n", false), "quoted-printable");
  EXPECT_EQ(encoding("日本語\n", false), "base64");
  EXPECT_EQ(encoding(std::string(998, 'x') + "\n", false), "7bit");
  EXPECT_EQ(encoding(std::string(999, 'x') + "\n", true), "quoted-printable");
  EXPECT_EQ(encoding(std::string("a\0b, and so on and on\n", 22), true), "quoted-printable");
}

TEST(Message, TakesOtherBytesForLatin1) {
  Message message = letter();
  message
      .text(
          "Gr\xfc\xdf"
          "e\n")
      .subject("K\xf6ln");
  const std::string text = checked(message);
  const ParsedMessage parsed(text);
  EXPECT_EQ(parsed.text(), "Grüße\n");
  EXPECT_EQ(parsed.subject(), "Köln");
}

TEST(Message, NestsItsPartsAsTheyBelong) {
  Message message = letter();
  message.text("text\n").html("<img src=\"cid:pic@x\">\n");
  message.embed("pic@x", {"pic.png", {}, "\x89PNG"});
  message.attach("Bericht für März.pdf", "%PDF \xff\x00");
  message.attach({"", "application/x-thing", "bytes"});
  const std::string text = checked(message);
  const ParsedMessage parsed(text);
  const MessagePart& mixed = parsed.root();
  ASSERT_EQ(mixed.type(), "multipart/mixed");
  ASSERT_EQ(mixed.parts().size(), 3U);
  const MessagePart& alternative = mixed.parts()[0];
  ASSERT_EQ(alternative.type(), "multipart/alternative");
  ASSERT_EQ(alternative.parts().size(), 2U);
  EXPECT_EQ(alternative.parts()[0].type(), "text/plain");
  const MessagePart& related = alternative.parts()[1];
  ASSERT_EQ(related.type(), "multipart/related");
  EXPECT_EQ(related.parts()[1].content_id(), "pic@x");
  EXPECT_EQ(related.parts()[1].bytes(), "\x89PNG");
  EXPECT_FALSE(related.parts()[1].is_attachment());
  EXPECT_EQ(parsed.text(), "text\n");
  EXPECT_EQ(parsed.html(), "<img src=\"cid:pic@x\">\n");
  const auto attachments = parsed.attachments();
  ASSERT_EQ(attachments.size(), 3U);
  EXPECT_EQ(attachments[1]->file_name(), "Bericht für März.pdf");
  EXPECT_EQ(attachments[1]->type(), "application/pdf");
  EXPECT_TRUE(attachments[1]->is_attachment());
  EXPECT_EQ(attachments[2]->file_name(), "");
}

TEST(Message, KeepsAttachmentsByteForByte) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i * 7);
  for (const std::string& content :
       {bytes, std::string(), std::string("a\nb\n"), std::string("a\r\nb\r\n"), std::string("a\rb"),
        std::string("--=_1_\r\n"), std::string("Grüße\r\n"), std::string(2000, 'x')}) {
    for (const char* name : {"a.txt", "a.bin", "../../etc/passwd", "a\\b.txt"}) {
      for (const bool allow_8bit : {false, true}) {
        Message message = letter();
        message.text("x").attach(name, content);
        const std::string text = checked(message, allow_8bit);
        const ParsedMessage parsed(text);
        ASSERT_EQ(parsed.attachments().size(), 1U);
        EXPECT_EQ(parsed.attachments()[0]->bytes(), content);
        EXPECT_EQ(parsed.attachments()[0]->file_name().find_first_of("/\\"), std::string::npos);
      }
    }
  }
}

// RFC 2046 §5.2.1: what holds a message cannot be encoded as a whole; its parts are not ours to
// rewrite.
TEST(Message, DoesNotRewriteTheMessagesItCarries) {
  const std::string plain = "Subject: x\n\none\ntwo\n";
  const std::string eight = "Subject: x\n\nGrüße\n";
  const auto carried = [](const std::string& content, bool allow_8bit) {
    Message message = letter();
    message.attach("old.eml", content);
    const std::string text = checked(message, allow_8bit);
    const ParsedMessage parsed(text);
    const auto attachments = parsed.attachments();
    return attachments.back()->type() + " " + attachments.back()->bytes();
  };
  EXPECT_EQ(carried(plain, false), "message/rfc822 Subject: x\r\n\r\none\r\ntwo\r\n");
  EXPECT_EQ(carried(eight, true), "message/rfc822 Subject: x\r\n\r\nGrüße\r\n");
  EXPECT_EQ(carried(eight, false), "application/octet-stream " + eight);
  for (const std::string& content : {"Subject: Köln\n\nx\n" + std::string(),
                                     plain + std::string(999, 'x'), plain + std::string(1, '\0')}) {
    for (const bool allow_8bit : {false, true})
      EXPECT_EQ(carried(content, allow_8bit), "application/octet-stream " + content);
  }
}

TEST(Message, CarriesMessages) {
  Message message = letter();
  message.text("see below\n")
      .attach("old.eml",
              "Subject: =?utf-8?Q?K=C3=B6ln?=\n\nGr\xc3\xbc\xc3\x9f"
              "e\n");
  const std::string text = checked(message, true);
  const ParsedMessage parsed(text);
  const auto attachments = parsed.attachments();
  ASSERT_EQ(attachments.size(), 1U);
  EXPECT_EQ(attachments[0]->type(), "message/rfc822");
  ASSERT_EQ(attachments[0]->parts().size(), 1U);
  EXPECT_EQ(attachments[0]->parts()[0].header().text("Subject"), "Köln");
  EXPECT_EQ(attachments[0]->parts()[0].text(), "Grüße\n");
}

// Copies have the same boundaries: those of a message within a message must be others.
TEST(Message, CarriesACopyOfItself) {
  Message first = letter();
  first.text("first\n").attach("a.txt", "a\n");
  Message second = first;
  second.attach({"first.eml", "message/rfc822", first.to_string()});
  second.text(first.to_string());
  const std::string text = checked(second);
  const ParsedMessage parsed(text);
  ASSERT_EQ(parsed.root().parts().size(), 3U);
  EXPECT_EQ(parsed.root().parts()[2].raw_body(), first.to_string());
}

TEST(Message, GivesInternationalDomainsALabels) {
#ifdef PROTO_WITH_IDN
  Message message;
  message.from("a@köln.example").text("x");
  EXPECT_NE(checked(message).find("a@xn--kln-sna.example"), std::string::npos);
#endif
  Message other;
  other.from("jörg@example.org").text("x");
  EXPECT_TRUE(analyse_message(other.to_string()).eight_bit_header);
}

// RFC 5322 §3.6.
TEST(Message, HasOneOfWhatMayComeOnce) {
  for (const char* name : {"Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID",
                           "In-Reply-To", "References", "Subject"}) {
    const std::string value = name == std::string("Date") ? "1 Jan 2024 00:00 +0000" : "a@b";
    Message message;
    message.add(name, value);
    EXPECT_THROW(message.add(name, value), std::invalid_argument) << name;
    EXPECT_NO_THROW(message.set(name, value)) << name;
    EXPECT_EQ(message.recipients().size(), is_one_of(name, {"To", "Cc", "Bcc"}) ? 1U : 0U);
  }
  Message message = letter();
  EXPECT_THROW(message.add("from", "e@f"), std::invalid_argument);
  EXPECT_NO_THROW(message.add("Comments", "1").add("Comments", "2"));
  EXPECT_NO_THROW(message.to("one@x.org").to("two@x.org"));
}

TEST(Message, HasADateThatIsOne) {
  Message message = letter();
  EXPECT_THROW(message.set("Date", "rubbish"), std::invalid_argument);
  EXPECT_THROW(message.add("Resent-Date", "tomorrow"), std::invalid_argument);
  message.set("Date", "Tue Jan  2 15:04:05 2024");
  EXPECT_EQ(message.get("date"), "Tue, 02 Jan 2024 15:04:05 -0000") << "the order of ctime()";
}

TEST(Message, RefusesATypeThatNoLineCouldHold) {
  Message message = letter();
  const std::string most(400 - 12, 'z');
  EXPECT_NO_THROW(message.attach({"x", "application/" + most, "c"}));
  checked(message);
  EXPECT_THROW(message.attach({"x", "application/" + std::string(2000, 'z'), "c"}),
               std::invalid_argument);
  EXPECT_THROW(message.attach({"x", "a/b; " + std::string(1100, 'n') + "=x", "c"}),
               std::invalid_argument);
}

TEST(Message, RefusesToInject) {
  Message message;
  EXPECT_THROW(message.subject("a\r\nBcc: x@y"), std::invalid_argument);
  EXPECT_THROW(message.to("a@b\r\nBcc: x@y"), std::invalid_argument);
  EXPECT_THROW(message.to("a b c"), std::invalid_argument);
  EXPECT_THROW(message.from("<a@b> c"), std::invalid_argument);
  EXPECT_THROW(message.add("X\r\nY", "z"), std::invalid_argument);
  EXPECT_THROW(message.add("Content-Type", "text/html"), std::invalid_argument);
  EXPECT_THROW(message.attach("a\nb", "x"), std::invalid_argument);
  EXPECT_THROW(message.attach({"a", "text", "x"}), std::invalid_argument);
  EXPECT_THROW(message.attach({"a", "multipart/mixed", "x"}), std::invalid_argument);
  EXPECT_THROW(message.attach({"a", "text/plain\r\nX: y", "x"}), std::invalid_argument);
  EXPECT_THROW(message.embed("a>b", {"a", {}, "x"}), std::invalid_argument);
  EXPECT_THROW(message.to_string(), std::invalid_argument) << "no From";
}

TEST(GuessMediaType, KnowsCommonNames) {
  EXPECT_EQ(guess_media_type("a.PDF"), "application/pdf");
  EXPECT_EQ(guess_media_type("a.tar.gz"), "application/gzip");
  EXPECT_EQ(guess_media_type("README"), "application/octet-stream");
  EXPECT_EQ(guess_media_type(""), "application/octet-stream");
}

}  // namespace
}  // namespace proto
