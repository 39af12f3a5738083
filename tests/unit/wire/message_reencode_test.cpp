#include <gtest/gtest.h>

#include "proto/message.h"
#include "proto/message_edit.h"

namespace proto {
namespace {

// The message for a server without extensions; "impossible: why" where there is none.
std::string plain(std::string_view message) {
  const Reencoded result = to_7bit(message);
  if (!result.message) return "impossible: " + result.why_not;
  EXPECT_TRUE(analyse_message(*result.message).is_plain()) << *result.message;
  return *result.message;
}

TEST(Reencode, CopiesWhatFits) {
  const std::string message = "From x\nA : b\r\n\r\nbody\n\rend";
  EXPECT_EQ(plain(message), message);
}

// What cron sends.
TEST(Reencode, LabelsTextThatHasNoLabel) {
  const std::string text = plain(
      "To: root\nSubject: K\xc3\xb6ln\n\nGr\xc3\xbc\xc3\x9f"
      "e, and more text in ASCII than not\n");
  EXPECT_EQ(text,
            "To: root\nSubject: =?utf-8?B?S8O2bG4=?=\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nMIME-Version: 1.0\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe, and more text in "
            "ASCII than not\r\n");
  const std::string latin1 = plain("A: b\n\nK\xf6ln, and more text than that\n");
  EXPECT_NE(latin1.find("charset=iso-8859-1"), latin1.npos);
  EXPECT_EQ(ParsedMessage(std::string_view(latin1)).text(), "Köln, and more text than that\n");
}

TEST(Reencode, ChangesOnlyThePartsThatNeedIt) {
  const std::string message =
      "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: "
      "8bit\n\n"
      "pre \xc3\xbc\n--b\nX-Kept:  as it is\n\nplain\n--b\nContent-Type: text/plain; "
      "charset=utf-8\n"
      "Content-Transfer-Encoding: 8bit\n\nK\xc3\xb6ln is a city\n--b\n"
      "Content-Type: image/png; name=\"K\xc3\xb6ln.png\"\nContent-Transfer-Encoding: binary\n\n"
      "\x89\x01\r\x02\n--b--\n";
  const std::string text = plain(message);
  EXPECT_NE(text.find("X-Kept:  as it is\n\r\nplain\r\n"), text.npos) << text;
  EXPECT_NE(text.find("Content-Transfer-Encoding: 7bit\r\n"), text.npos);
  const ParsedMessage parsed(text);
  EXPECT_TRUE(parsed.defects().empty());
  ASSERT_EQ(parsed.root().parts().size(), 3U);
  EXPECT_EQ(parsed.root().parts()[1].text(), "Köln is a city");
  EXPECT_EQ(parsed.root().parts()[2].bytes(), "\x89\x01\r\x02");
  EXPECT_EQ(parsed.root().parts()[2].file_name(), "Köln.png");
}

TEST(Reencode, BreaksLongLines) {
  const std::string line(5000, 'x');
  const std::string text = plain("A: b\n\n" + line + "\n");
  EXPECT_EQ(ParsedMessage(std::string_view(text)).text(), line + "\n");
  const std::string base64 =
      plain("Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n" +
            std::string(4000, 'A') + "\n");
  EXPECT_EQ(ParsedMessage(std::string_view(base64)).root().bytes(), std::string(3000, '\0'));
  const std::string folded = plain("Subject: " + std::string(3000, 'y') + "\n\nx\n");
  EXPECT_EQ(ParsedMessage(std::string_view(folded)).subject(), std::string(3000, 'y'));
  std::string list = "To: a@b";
  for (int i = 0; i < 100; ++i) list += ",address" + std::to_string(i) + "@example.org";
  const std::string to = plain(list + "\n\nx\n");
  EXPECT_EQ(ParsedMessage(std::string_view(to)).to().addresses.size(), 101U);
}

TEST(Reencode, ReachesIntoMessages) {
  const std::string text = plain(
      "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nSubject: "
      "K\xc3\xb6ln\n\n\xc3\xb6 is o\n");
  const ParsedMessage parsed(text);
  ASSERT_EQ(parsed.root().parts().size(), 1U) << text;
  EXPECT_EQ(parsed.root().parts()[0].header().text("Subject"), "Köln");
  EXPECT_EQ(parsed.root().parts()[0].text(), "ö is o\n");
}

TEST(Reencode, RefusesWhatItMustNotTouch) {
  EXPECT_EQ(
      plain("Content-Type: multipart/signed; boundary=b\n\n--b\n\n\xc3\xb6\n--b\n\nsig\n--b--\n"),
      "impossible: a multipart/signed part must not be changed");
  EXPECT_EQ(plain("To: j\xc3\xb6rg@example.org\n\nx\n"),
            "impossible: an address in To needs SMTPUTF8");
  EXPECT_EQ(plain("Content-Type: message/partial\n\n\xc3\xb6\n"),
            "impossible: a message/partial part cannot be encoded");
  EXPECT_EQ(plain("Content-Transfer-Encoding: x-uu\n\n\xc3\xb6\n"),
            "impossible: a part has an unknown transfer encoding");
  // Its header may be.
  const std::string text = plain(
      "Subject: \xc3\xb6\nContent-Type: multipart/signed; boundary=b\n\n"
      "--b\n\no\n--b\n\nsig\n--b--\n");
  EXPECT_TRUE(text.ends_with("--b\n\no\n--b\n\nsig\n--b--\n"));
}

TEST(Reencode, KeepsAnEmptyGroup) {
  const std::string text = plain(
      "To: Gr\xc3\xbc\xc3\x9f"
      "e:;\n\nx\n");
  EXPECT_EQ(ParsedMessage(std::string_view(text)).to().empty_groups,
            std::vector<std::string>{"Grüße"})
      << text;
}

TEST(Reencode, RefusesWhatNoFoldCanSave) {
  EXPECT_EQ(plain("Content-Type: text/plain; " + std::string(1100, 'n') + "=x\n\nx\n"),
            "impossible: its Content-Type fits no line");
  EXPECT_EQ(plain("Content-Type: application/" + std::string(1200, 'z') + "\n\nx\n"),
            "impossible: its Content-Type fits no line");
  EXPECT_EQ(plain(std::string(1100, 'N') + ": x\n\nx\n"),
            "impossible: a field's name fits no line");
  EXPECT_EQ(plain("Content-Type: multipart/mixed; boundary=\xfc\n\n--\xfc\n\nx\n--\xfc--\n"),
            "impossible: a boundary is not ASCII");
  const std::string name(900, 'N');
  for (const std::string& value : {std::string("ü"), std::string(200, 'x') + " ü"}) {
    const std::string text = plain(name + ": " + value + "\n\nx\n");
    EXPECT_EQ(ParsedMessage(std::string_view(text)).header().text(name), value);
  }
}

TEST(Reencode, BearsBrokenMultiparts) {
  EXPECT_EQ(ParsedMessage(std::string_view(plain("Content-Type: multipart/mixed; boundary=b\n\n"
                                                 "K\xc3\xb6ln is a city\n")))
                .text(),
            "Köln is a city\n");
  plain("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n\xc3\xb6");
  plain(
      "Content-Type: multipart\xaf"
      "signed; boundary=b\n\nx");
  plain(std::string("A: \0\n\n\0\n", 8));
}

// RFC 6532 §3: a header is UTF-8, whatever the server can.
TEST(Reencode, LeavesNothingButUtf8ForSmtputf8) {
  const std::string rest = "To: j\xc3\xb6@example.org\nX: \xc3\xbc\n";
  EXPECT_EQ(reencode_message("Subject: K\xf6ln\n" + rest + "\nx\n", {true, true}).message,
            "Subject: =?utf-8?B?S8O2bG4=?=\r\n" + rest + "\r\nx\n");
}

// The headers of parts stand in the body.
TEST(Reencode, TakesNoPartsHeaderForTheMessages) {
  const std::string message =
      "Subject: \xc3\xb6\nContent-Type: message/rfc822\n\nSubject: \xc3\xb6\n\n\xc3\xb6\n";
  const auto text = reencode_message(message, {false, true}).message;
  ASSERT_TRUE(text);
  EXPECT_TRUE(text->starts_with("Subject: \xc3\xb6\n")) << *text;
  EXPECT_FALSE(analyse_message(*text).eight_bit_body) << *text;
}

TEST(Reencode, EndsTheHeaderWhereItIsRead) {
  const std::string message =
      "Subject: x\nGr\xc3\xbc, and more that is no field\nTo: \xc3\xb6@b\n\nx\n";
  EXPECT_EQ(reencode_message(message, {true, false}).message, message) << "it is all body";
  EXPECT_EQ(plain(message),
            "Subject: x\nContent-Type: text/plain; charset=utf-8\r\nMIME-Version: 1.0\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
            "Gr=C3=BC, and more that is no field\r\nTo: =C3=B6@b\r\n\r\nx\r\n");
}

TEST(Reencode, AsksNothingOfABodyThatStays) {
  const std::string text =
      plain("Subject: \xc3\xb6\nContent-Transfer-Encoding: x-uu\n\nbegin 644 x\n");
  EXPECT_TRUE(text.ends_with("\nContent-Transfer-Encoding: x-uu\n\r\nbegin 644 x\n")) << text;
}

TEST(Reencode, UsesWhatTheServerCan) {
  const std::string message =
      "Subject: K\xc3\xb6ln\n\nGr\xc3\xbc\xc3\x9f"
      "e\n";
  EXPECT_EQ(reencode_message(message, {true, true}).message, message);
  const auto eight_bit = reencode_message(message, {true, false}).message;
  ASSERT_TRUE(eight_bit);
  EXPECT_EQ(*eight_bit,
            "Subject: =?utf-8?B?S8O2bG4=?=\r\n\r\nGr\xc3\xbc\xc3\x9f"
            "e\n");
}

}  // namespace
}  // namespace proto
