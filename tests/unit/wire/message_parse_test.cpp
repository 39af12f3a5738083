#include <gtest/gtest.h>

#include "base/characters.h"
#include "proto/message.h"

namespace proto {
namespace {

// The tree as text: "multipart/mixed(text/plain image/png)", then the defects.
std::string tree(const MessagePart& part) {
  std::string out = part.type();
  if (part.parts().empty()) return out;
  out += '(';
  for (const MessagePart& child : part.parts()) {
    if (!out.ends_with('(')) out += ' ';
    out += tree(child);
  }
  return out + ')';
}
std::string shown(std::string_view text, const ParseLimits& limits = {}) {
  const ParsedMessage parsed(text, limits);
  std::string out = tree(parsed.root());
  for (const MessageDefect defect : parsed.defects()) out += "; " + std::string(to_string(defect));
  return out;
}

constexpr std::string_view kTwoParts =
    "Subject: x\r\nContent-Type: multipart/mixed; "
    "boundary=\"b\"\r\n\r\npreamble\r\n--b\r\n\r\none\r\n"
    "--b \t\r\nContent-Type: text/html\r\n\r\ntwo\r\n\r\n--b--\r\nepilogue\r\n";

TEST(ParsedMessage, ReadsAMultipart) {
  EXPECT_EQ(shown(kTwoParts), "multipart/mixed(text/plain text/html)");
  const ParsedMessage parsed(kTwoParts);
  EXPECT_EQ(parsed.root().parts()[0].bytes(), "one");
  EXPECT_EQ(parsed.root().parts()[1].bytes(), "two\r\n");
  EXPECT_EQ(parsed.text(), "one");
  EXPECT_EQ(parsed.html(), "two\n");
  EXPECT_TRUE(parsed.attachments().empty());
}

TEST(ParsedMessage, ReadsEveryLineEnd) {
  for (const char* end : {"\n", "\r"}) {
    std::string text;
    for (const char c : kTwoParts) {
      if (c != '\r') text += c == '\n' ? std::string(end) : std::string(1, c);
    }
    EXPECT_EQ(shown(text), "multipart/mixed(text/plain text/html)");
    EXPECT_EQ(ParsedMessage(std::string_view(text)).text(), "one");
  }
}

TEST(ParsedMessage, ReadsTheHeader) {
  const std::string text =
      "From: =?utf-8?Q?J=C3=B6rg?= <j@x>\nTo: a@x\nTo: b@x\nDate: Tue, 02 Jan 2024 15:04:05 +0100\n"
      "Message-Id: <1@x>\n\n";
  const ParsedMessage parsed(text);
  EXPECT_EQ(parsed.from().addresses.at(0).display_name, "Jörg");
  EXPECT_EQ(parsed.to().addresses.size(), 2U);
  EXPECT_EQ(parsed.date()->to_string(), "Tue, 02 Jan 2024 15:04:05 +0100");
  EXPECT_EQ(parsed.message_id(), "<1@x>");
  EXPECT_EQ(parsed.subject(), "");
  EXPECT_EQ(parsed.text(), "");
  EXPECT_EQ(parsed.html(), std::nullopt);
}

TEST(ParsedMessage, DecodesTextByItsCharset) {
  const auto text = [](std::string_view type, std::string_view encoding, std::string_view body) {
    const std::string raw = "Content-Type: " + std::string(type) +
                            "\nContent-Transfer-Encoding: " + std::string(encoding) + "\n\n" +
                            std::string(body);
    return ParsedMessage(std::string_view(raw)).text().value_or("none");
  };
  EXPECT_EQ(text("text/plain; charset=iso-8859-1", "8bit", "K\xf6ln"), "Köln");
  EXPECT_EQ(text("text/plain; charset=\"UTF-8\"", "Quoted-Printable (x)", "K=C3=B6ln"), "Köln");
  EXPECT_EQ(text("text/plain; charset=koi8-r", "BASE64", "8NLJ18XU"), "Привет");
  EXPECT_EQ(text("text/plain; charset=iso-2022-jp", "7bit", "\x1b$BF|K\\8l\x1b(B"), "日本語");
  EXPECT_EQ(text("text/plain", "8bit", "K\xf6ln"), "Köln");
  EXPECT_EQ(text("text/plain; charset=x-none", "8bit", "K\xc3\xb6ln"), "Köln");
  EXPECT_EQ(text("text/plain", "7bit", "a\r\nb\rc\n"), "a\nb\nc\n");
}

TEST(ParsedMessage, ReadsMessagesWithinMessages) {
  const std::string text =
      "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nbody\n--b\n"
      "Content-Type: message/rfc822\n\nContent-Type: multipart/mixed; "
      "boundary=c\n\n--c\n\nx\n--c--\n"
      "--b--\n";
  EXPECT_EQ(shown(text),
            "multipart/digest(message/rfc822(text/plain) "
            "message/rfc822(multipart/mixed(text/plain)))");
  const ParsedMessage parsed(text);
  EXPECT_EQ(parsed.root().parts()[0].parts()[0].header().text("Subject"), "one");
  EXPECT_EQ(parsed.text(), std::nullopt) << "what others wrote is no text of this message";
  EXPECT_EQ(parsed.attachments().size(), 2U);
}

TEST(ParsedMessage, TellsBoundariesApart) {
  // One is the beginning of the other; one stands in the middle of a line.
  const std::string text =
      "Content-Type: multipart/mixed; boundary=ab\n\n--ab\n"
      "Content-Type: multipart/mixed; boundary=abc\n\n--abc\n\nx --ab\n--ab.\n--abc--\n--ab--\n";
  EXPECT_EQ(shown(text), "multipart/mixed(multipart/mixed(text/plain))");
  EXPECT_EQ(ParsedMessage(text.c_str()).text(), "x --ab\n--ab.");
}

TEST(ParsedMessage, ListsItsDefects) {
  EXPECT_EQ(shown("Content-Type: multipart/mixed\n\nx"),
            "multipart/mixed; multipart without a boundary");
  EXPECT_EQ(shown("Content-Type: multipart/mixed; boundary=b\n\nx"),
            "multipart/mixed; multipart without parts");
  EXPECT_EQ(shown("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx"),
            "multipart/mixed(text/plain); multipart without its end");
  EXPECT_EQ(shown("Content-Type: multipart/mixed; boundary=b\n\n--b"),
            "multipart/mixed(text/plain); multipart without its end");
  EXPECT_EQ(shown("Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n"
                  "--b\n\nx\n--b--"),
            "multipart/mixed(text/plain); encoded multipart");
  EXPECT_EQ(shown("Content-Type: html\n\nx"), "text/plain; malformed Content-Type");
  EXPECT_EQ(shown("Content-Type: \n\nx"), "text/plain; malformed Content-Type");
  EXPECT_EQ(shown("Content-Transfer-Encoding: x-uu\n\nx"), "text/plain; unknown transfer encoding");
  EXPECT_EQ(shown("Content-Type: text/plain; charset=x\n\nx"), "text/plain; unknown charset");
  EXPECT_EQ(shown("Subject: x\nno field"), "text/plain; no blank line between header and body");
  EXPECT_EQ(shown("A: 1\nB: 2\n\n", {16, 1000, 1}), "text/plain; too many header fields");
  EXPECT_EQ(shown(""), "text/plain");
}

// The inner one was cut off: the outer's boundary ends it.
TEST(ParsedMessage, OuterBoundariesEndInnerParts) {
  const std::string text =
      "Content-Type: multipart/mixed; boundary=out\n\n--out\n"
      "Content-Type: multipart/alternative; boundary=in\n\n--in\n\nx\n--out\n\nlast\n--out--\n";
  EXPECT_EQ(shown(text),
            "multipart/mixed(multipart/alternative(text/plain) text/plain); "
            "multipart without its end");
}

TEST(MessagePart, SaysWhereContentIsDamaged) {
  const auto damaged = [](std::string_view encoding, std::string_view body) {
    const std::string raw =
        "Content-Transfer-Encoding: " + std::string(encoding) + "\n\n" + std::string(body);
    return ParsedMessage(std::string_view(raw)).root().is_damaged();
  };
  EXPECT_FALSE(damaged("base64", "SGVsbG8=\n"));
  EXPECT_TRUE(damaged("base64", "SGVsbG8=\n*"));
  EXPECT_TRUE(damaged("base64", "SGVsb"));
  EXPECT_FALSE(damaged("quoted-printable", "a=41=\n"));
  EXPECT_TRUE(damaged("quoted-printable", "a=4"));
  EXPECT_FALSE(damaged("7bit", "\xff"));
}

TEST(MessagePart, GivesFileNamesWithoutFolders) {
  const auto name = [](std::string_view fields) {
    const std::string raw = std::string(fields) + "\n\n";
    return ParsedMessage(std::string_view(raw)).root().file_name();
  };
  EXPECT_EQ(name("Content-Disposition: attachment; filename=../../x"), "x");
  EXPECT_EQ(name("Content-Disposition: attachment; filename=\"C:\\\\dir\\\\x.txt\""), "x.txt");
  EXPECT_EQ(name("Content-Disposition: attachment; filename=.bashrc"), "bashrc");
  EXPECT_EQ(name("Content-Disposition: attachment; filename=\"..\""), "");
  EXPECT_EQ(name("Content-Disposition: attachment; filename*=utf-8''%2Fetc%2Fpa%0Ass"), "pass");
  EXPECT_EQ(name("Content-Type: text/plain; name=n.txt"), "n.txt");
  EXPECT_EQ(name("Content-Disposition: inline"), "");
}

TEST(ParsedMessage, BoundsDepthAndParts) {
  std::string deep;
  for (int i = 0; i < 100; ++i) {
    const std::string b = "b" + std::to_string(i) + "x";
    deep += "Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n";
  }
  const std::string nested = shown(deep);
  EXPECT_NE(nested.find("parts nested too deeply"), nested.npos);
  EXPECT_LT(nested.size(), 500U);

  std::string messages;
  for (int i = 0; i < 10000; ++i) messages += "Content-Type: message/rfc822\n\n";
  EXPECT_NE(shown(messages).find("nested too deeply"), std::string::npos);

  std::string wide = "Content-Type: multipart/mixed; boundary=b\n\n";
  for (int i = 0; i < 5000; ++i) wide += "--b\n\nx\n";
  const ParsedMessage parsed(wide);
  EXPECT_EQ(parsed.root().parts().size(), 1000U);
  EXPECT_TRUE(parsed.has(MessageDefect::too_many_parts));
}

// Each of these is quadratic where a scan begins anew at every line, boundary or level.
TEST(ParsedMessage, TakesLinearTime) {
  const std::string header = "Content-Type: multipart/mixed; boundary=--\n\n";
  for (const std::string unit :
       {"--", "\n", "\r", "----\r", "----x\r", "--\n", "-", "a:b\n", "\n "}) {
    std::string body;
    while (body.size() < (1 << 20)) body += unit;
    EXPECT_FALSE(shown(header + body).empty());
    EXPECT_FALSE(shown(body).empty());
  }
}

TEST(ParsedMessage, TakesABoundaryForBytes) {
  for (const std::string boundary : {"=?utf-8?Q?ab?=", "\xfc", "K\xc3\xb6ln"}) {
    const std::string raw = "Content-Type: multipart/mixed; boundary=\"" + boundary +
                            "\"\r\n\r\n--" + boundary + "\r\n\r\nx\r\n--" + boundary + "--\r\n";
    const ParsedMessage message(raw);
    EXPECT_EQ(message.root().parts().size(), 1U) << boundary;
    EXPECT_TRUE(message.defects().empty());
  }
}

TEST(ParsedMessage, SaysThatAMultipartEndsBeforeItsFirstPart) {
  const std::string_view raw = "Content-Type: multipart/mixed; boundary=q\r\n\r\ntext\r\n--q--\r\n";
  const ParsedMessage message(raw);
  EXPECT_TRUE(message.root().parts().empty());
  EXPECT_TRUE(message.has(MessageDefect::no_part_found));
}

}  // namespace
}  // namespace proto
