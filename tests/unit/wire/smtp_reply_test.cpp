#include "wire/smtp_reply.h"

#include <new>

#include "support/feed.h"

namespace proto {
namespace {

using test::however_cut;
using test::Pieces;

// Every reply in the input, one a line: "code enhanced|text", then what an end of stream means.
std::string replies(std::string_view input, std::size_t max_line = kMaxSMTPLineBytes,
                    std::size_t max_lines = kMaxSMTPReplyLines) {
  return however_cut(input, [&](const Pieces& pieces) {
    SMTPReplyParser parser(max_line, max_lines);
    std::string out;
    try {
      for (std::string_view piece : pieces) {
        while (!piece.empty()) {
          piece.remove_prefix(parser.feed(piece));
          if (!parser.done()) continue;
          const SMTPReply& r = parser.reply();
          out += std::to_string(r.code) + " " + r.enhanced + "|" + r.text + ";";
        }
      }
      if (parser.started()) parser.finish();
    } catch (const ProtocolError&) {
      out += "P";  // what is quoted depends on how much had come
    } catch (const LimitError&) {
      out += "L";
    } catch (const ClosedError&) {
      out += "T";
    }
    return out;
  });
}

TEST(SMTPReply, OneLineAndMany) {
  EXPECT_EQ(replies("250 ok\r\n"), "250 |ok;");
  EXPECT_EQ(replies("250-a\r\n250-\r\n250 b\r\n"), "250 |a\n\nb;");
  EXPECT_EQ(replies("220 hi\r\n354 go\r\n"), "220 |hi;354 |go;");
}

TEST(SMTPReply, TakesACodeWithoutText) {
  EXPECT_EQ(replies("250\r\n"), "250 |;");
  EXPECT_EQ(replies("250 \r\n"), "250 |;");
  EXPECT_EQ(replies("250-x\r\n250\r\n"), "250 |x\n;");
}

TEST(SMTPReply, TakesABareLineFeedAsLineEnd) {
  EXPECT_EQ(replies("250-a\n250 b\n"), "250 |a\nb;");
}

TEST(SMTPReply, FindsTheEnhancedCode) {
  EXPECT_EQ(replies("550 5.1.1 no such user\r\n"), "550 5.1.1|no such user;");
  EXPECT_EQ(replies("550-5.7.1 a\r\n550 5.7.1 b\r\n"), "550 5.7.1|a\nb;");
  EXPECT_EQ(replies("250 2.0.0\r\n"), "250 2.0.0|;");
  EXPECT_EQ(replies("550 4.1.1 class differs\r\n"), "550 |4.1.1 class differs;");
  EXPECT_EQ(replies("550 5.1 short\r\n"), "550 |5.1 short;");
  EXPECT_EQ(replies("550 5.1.1000 long\r\n"), "550 |5.1.1000 long;");
  EXPECT_EQ(replies("550 5.1.1x\r\n"), "550 |5.1.1x;");
  EXPECT_EQ(replies("354 3.0.0 x\r\n"), "354 |3.0.0 x;");
}

TEST(SMTPReply, RefusesWhatIsNoReply) {
  for (const char* bad :
       {"25\r\n", "2500 x\r\n", "000 x\r\n", "199 x\r\n", "600 x\r\n", "999 x\r\n", "\r\n",
        "2x0 x\r\n", "HTTP/1.1 200 OK\r\n", "+OK\r\n", " 250 x\r\n", "250\tx\r\n", "-50 x\r\n"}) {
    EXPECT_EQ(replies(bad), "P") << bad;
  }
  EXPECT_EQ(replies("250 ok\r250 x\r\n"), "P");
  EXPECT_EQ(replies(std::string_view("250 o\0k\r\n", 9)), "P");
  EXPECT_EQ(replies("250-x\r\n550 y\r\n"), "P");
  EXPECT_EQ(replies("250-x\r\n\r\n250 y\r\n"), "P");
}

TEST(SMTPReply, RefusesAnotherProtocolBeforeItsLineEnds) {
  EXPECT_EQ(replies("HTTP/1.1 200"), "P");
  EXPECT_EQ(replies("2500"), "P");
  EXPECT_EQ(replies("\x15\x03\x01"), "P");
}

TEST(SMTPReply, TheEndOfTheStreamIsNoReply) {
  EXPECT_EQ(replies("250 ok"), "T");
  EXPECT_EQ(replies("250-ok\r\n"), "T");
  SMTPReplyParser fresh;
  EXPECT_THROW(fresh.finish(), ClosedError);
}

TEST(SMTPReply, KeepsItsLimits) {
  EXPECT_EQ(replies("250 123456\r\n", 10), "250 |123456;");
  EXPECT_EQ(replies("250 1234567\r\n", 10), "L");
  EXPECT_EQ(replies("250 1234567890", 10), "L");
  EXPECT_EQ(replies("250-a\r\n250-b\r\n250 c\r\n", 100, 3), "250 |a\nb\nc;");
  EXPECT_EQ(replies("250-a\r\n250-b\r\n250-c\r\n250 d\r\n", 100, 3), "L");
}

TEST(SMTPReply, WhatIsNoReplyIsNoneHoweverLong) {
  EXPECT_EQ(replies("HTTP/1.1 " + std::string(500, 'x') + "\r\n", 100), "P");
}

TEST(SMTPReply, QuotesWhatCame) {
  SMTPReplyParser parser;
  try {
    parser.feed("HTTP/1.1 400 Bad\r\n");
    FAIL();
  } catch (const ProtocolError& e) {
    EXPECT_STREQ(e.what(), "want a reply code, got \"HTTP/1.1 400 Bad\"");
  }
}

TEST(SMTPReply, LeavesTheNextReplyAlone) {
  SMTPReplyParser parser;
  EXPECT_EQ(parser.feed("250 a\r\n550 b\r\n"), 7U);
  EXPECT_TRUE(parser.done());
  EXPECT_FALSE(parser.started());
}

}  // namespace
}  // namespace proto
