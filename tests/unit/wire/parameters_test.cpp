#include <gtest/gtest.h>

#include <stdexcept>

#include "proto/header_text.h"

namespace proto {
namespace {

std::string shown(std::string_view text) {
  const ParameterizedValue value = parse_parameters(text);
  std::string out = value.value;
  for (const auto& p : value.parameters) out += "|" + p.name + "=" + p.value;
  return out;
}

TEST(Parameters, ReadsTokensAndQuotedStrings) {
  EXPECT_EQ(shown("Text/Plain; charset=UTF-8; Format=\"flo\\\"wed\""),
            "text/plain|charset=UTF-8|format=flo\"wed");
  EXPECT_EQ(shown("multipart/mixed;\r\n\tboundary=\"----=_Part; 1\""),
            "multipart/mixed|boundary=----=_Part; 1");
  EXPECT_EQ(shown("multipart/mixed; boundary=----=_Part_1"),
            "multipart/mixed|boundary=----=_Part_1");
}

TEST(Parameters, ForgivesWhatWritersGetWrong) {
  EXPECT_EQ(shown("attachment; filename=my file (1).pdf"), "attachment|filename=my file (1).pdf");
  EXPECT_EQ(shown("attachment; filename=my(1).pdf;"), "attachment|filename=my(1).pdf");
  EXPECT_EQ(shown("text/plain; ; charset = utf-8 (as always); x"), "text/plain|charset=utf-8");
  EXPECT_EQ(shown("text/plain; name=\"open"), "text/plain|name=open");
  EXPECT_EQ(shown("attachment; filename=\"=?utf-8?Q?K=C3=B6ln?=.txt\""),
            "attachment|filename=Köln.txt");
  EXPECT_EQ(shown("attachment; filename=\"K\xf6ln\""), "attachment|filename=Köln");
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown(";;;=;=x;y="), "|y=");
  EXPECT_EQ(shown("x; a=1; A=2"), "x|a=1");
  EXPECT_EQ(shown("x; a=\" b \""), "x|a= b ");
  EXPECT_EQ(shown("x; \xb1=1; b c=2; d=3"), "x|d=3");
}

TEST(Parameters, ReadsRfc2231) {
  EXPECT_EQ(shown("message/external-body; access-type=URL;\r\n URL*0=\"ftp://\";\r\n"
                  " URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\""),
            "message/external-body|access-type=URL|"
            "url=ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar");
  EXPECT_EQ(shown("application/x-stuff;\r\n title*0*=us-ascii'en'This%20is%20even%20more%20;\r\n"
                  " title*1*=%2A%2A%2Afun%2A%2A%2A%20;\r\n title*2=\"isn't it!\""),
            "application/x-stuff|title=This is even more ***fun*** isn't it!");
  EXPECT_EQ(shown("a; filename*=iso-8859-1''K%F6ln.txt; filename=\"K?ln.txt\""),
            "a|filename=Köln.txt");
  // A character cut over two pieces, pieces out of order, a gap, nonsense for numbers.
  EXPECT_EQ(shown("a; n*1*=%B6ln; n*0*=utf-8''K%C3"), "a|n=Köln");
  EXPECT_EQ(shown("a; n*0=x; n*2=z"), "a|n=x");
  EXPECT_EQ(shown("a; n*99999999999999=x"), "a|n=");
  EXPECT_EQ(shown("a; n*=x-klingon''%FC"), "a|n=ü");
  EXPECT_EQ(shown("a; n*=%41%4"), "a|n=A%4");
  EXPECT_EQ(shown("a; n*=utf-8''x%0D%0ABcc%00"), "a|n=xBcc");
}

TEST(Parameters, BearManyOfThem) {
  std::string text = "a";
  for (int i = 0; i < 100000; ++i) text += ";n*" + std::to_string(i) + "=x";
  EXPECT_EQ(parse_parameters(text).find("N")->size(), 1000U);
  EXPECT_EQ(shown("a" + std::string(1 << 20, '(')), "a" + std::string(1 << 20, '('));
  EXPECT_EQ(shown("a " + std::string(1 << 20, '(')), "a");
}

TEST(Parameters, AreWrittenAsTheyAreRead) {
  const std::string long_name(300, 'x');
  std::string umlauts;
  for (int i = 0; i < 80; ++i) umlauts += "ä%'";
  for (const std::string& name : {std::string("a.txt"), std::string("my file.txt"),
                                  std::string("quo\"te\\d"), std::string("Köln.txt"), long_name,
                                  umlauts, std::string("=?utf-8?Q?x?="), std::string("100%'s")}) {
    ParameterizedValue value{"attachment", {{"filename", name}, {"size", "12"}}};
    const std::string text = value.to_string(21);
    const ParameterizedValue again = parse_parameters(text);
    ASSERT_NE(again.find("filename"), nullptr) << text;
    EXPECT_EQ(*again.find("filename"), name) << text;
    EXPECT_EQ(*again.find("size"), "12");
    std::size_t column = 21;
    for (const char c : text) {
      column = c == '\n' ? 0 : column + 1;
      EXPECT_LE(column, 79U) << text;  // with the CR
    }
  }
}

// What RFC 2231 gives a meaning to is taken for it by some readers, outside of quotes.
TEST(Parameters, AreQuotedWhereTheyLookLikeRfc2231) {
  for (const std::string name : {"*", "a*0*", "50%", "it's"}) {
    EXPECT_EQ((ParameterizedValue{"attachment", {{"filename", name}}}).to_string(),
              "attachment; filename=\"" + name + "\"");
  }
}

// RFC 2046 §5.1.1: bytes to look for, whatever they look like.
TEST(Parameters, LeaveABoundaryAsItIs) {
  EXPECT_EQ(shown("a/b; boundary=\"=?utf-8?Q?ab?=\""), "a/b|boundary==?utf-8?Q?ab?=");
  EXPECT_EQ(shown("a/b; boundary=\"\xfc\""), "a/b|boundary=\xfc");
  EXPECT_EQ(shown("a/b; boundary*0=x; boundary*1*=%FC"), "a/b|boundary=x\xfc");
  EXPECT_EQ(shown("a/b; boundary*=iso-8859-1''%FC"), "a/b|boundary=\xfc");
  const std::string long_one(250, 'b');
  EXPECT_EQ((ParameterizedValue{"a/b", {{"boundary", "=?utf-8?Q?a?="}}}).to_string(),
            "a/b; boundary=\"=?utf-8?Q?a?=\"");
  EXPECT_EQ((ParameterizedValue{"a/b", {{"boundary", long_one}}}).to_string(),
            "a/b;\r\n boundary=" + long_one);
}

TEST(Parameters, RefuseWhatNoLineCouldHold) {
  EXPECT_NO_THROW(
      (ParameterizedValue{std::string(400, 'a'), {{std::string(400, 'n'), ""}}}).to_string());
  EXPECT_THROW((ParameterizedValue{std::string(401, 'a'), {}}).to_string(), std::invalid_argument);
  EXPECT_THROW((ParameterizedValue{"a", {{std::string(401, 'n'), ""}}}).to_string(),
               std::invalid_argument);
}

TEST(Parameters, RefuseToBeWrittenWhereTheyAreNone) {
  EXPECT_THROW((ParameterizedValue{"text/pl\xc3\xa4in", {}}).to_string(), std::invalid_argument);
  EXPECT_THROW((ParameterizedValue{"a\r\nb", {}}).to_string(), std::invalid_argument);
  EXPECT_THROW((ParameterizedValue{"a", {{"x\r\ny", "z"}}}).to_string(), std::invalid_argument);
}

}  // namespace
}  // namespace proto
