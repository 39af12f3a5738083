#include "proto/header_text.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/characters.h"

namespace proto {
namespace {

std::string decoded(std::string_view value) {
  return decode_header_text(value);
}

TEST(Unfold, TakesLineEndsOutAndKeepsBlanks) {
  EXPECT_EQ(unfold(" one\r\n two\n\tthree\r\n"), "one two\tthree");
  EXPECT_EQ(unfold("\r\n \r\n"), "");
}

TEST(DecodeHeaderText, DecodesBothEncodings) {
  EXPECT_EQ(decoded("=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus?= =?UTF-8?B?IEvDtmxu?="), "Grüße aus Köln");
  EXPECT_EQ(decoded("=?iso-8859-1?q?a=20=FC?="), "a ü");
  EXPECT_EQ(decoded("=?us-ascii*en?Q?hello?="), "hello");  // RFC 2231 §5
}

TEST(DecodeHeaderText, KeepsBlanksOnlyBesidePlainText) {  // RFC 2047 §8
  EXPECT_EQ(decoded("=?utf-8?Q?a?="), "a");
  EXPECT_EQ(decoded("=?utf-8?Q?a?= b"), "a b");
  EXPECT_EQ(decoded("=?utf-8?Q?a?= =?utf-8?Q?b?="), "ab");
  EXPECT_EQ(decoded("=?utf-8?Q?a?=  =?utf-8?Q?b?="), "ab");
  EXPECT_EQ(decoded("=?utf-8?Q?a?=\r\n    =?utf-8?Q?b?="), "ab");
  EXPECT_EQ(decoded("=?utf-8?Q?a_b?="), "a b");
  EXPECT_EQ(decoded("=?utf-8?Q?a?= =?utf-8?Q?_b?="), "a b");
  EXPECT_EQ(decoded("a  =?utf-8?Q?b?="), "a  b");
}

TEST(DecodeHeaderText, JoinsAdjacentWordsAsBytes) {
  EXPECT_EQ(decoded("=?utf-8?B?8J+Y?= =?utf-8?B?gA==?="), "😀");
  EXPECT_EQ(decoded("=?utf-8?Q?K=C3?= =?UTF-8?B?tmxu?="), "Köln");
}

TEST(DecodeHeaderText, LeavesUnknownCharsetsAsTheyAre) {
  EXPECT_EQ(decoded("=?x-klingon?Q?a?="), "=?x-klingon?Q?a?=");
  EXPECT_EQ(decoded("=?x-klingon?Q?a?= =?x-klingon?Q?b?="), "=?x-klingon?Q?a?= =?x-klingon?Q?b?=");
  EXPECT_EQ(decoded("=?utf-8?Q?a?= =?x-klingon?Q?b?= =?utf-8?Q?c?="), "a =?x-klingon?Q?b?= c");
  // A name that iconv_open() would take for an instruction.
  EXPECT_EQ(decoded("=?UTF-8//TRANSLIT?Q?a?="), "=?UTF-8//TRANSLIT?Q?a?=");
}

TEST(DecodeHeaderText, LeavesMalformedWordsAsTheyAre) {
  for (const char* text :
       {"=?", "=??Q?a?=", "=?utf-8?X?a?=", "=?utf-8?Q?a", "=?utf-8?Q", "=?utf-8?Q?", "=?utf-8?Q?a?",
        "=?=?=?=?=", "a =? b ?= c", "=?u t f?Q?a?="}) {
    EXPECT_EQ(decoded(text), text);
  }
  EXPECT_EQ(decoded("=?utf-8?Q?a =?utf-8?Q?b?="), "=?utf-8?Q?a b");
}

TEST(DecodeHeaderText, ForgivesWhatWritersGetWrong) {
  EXPECT_EQ(decoded("=?utf-8?Q?Hello World?="), "Hello World");
  EXPECT_EQ(decoded("=?utf-8?Q?Really?\?="), "Really?");
  EXPECT_EQ(decoded("=?utf-8?Q?a=ZZ=?="), "a=ZZ=");
  EXPECT_EQ(decoded("=?utf-8?B?SGVsbG8?="), "Hello");
  EXPECT_EQ(decoded("x=?utf-8?Q?=C3=BC?=y"), "xüy");
}

TEST(DecodeHeaderText, TakesRawBytesForUtf8OrLatin1) {
  EXPECT_EQ(decoded("Grüße"), "Grüße");
  EXPECT_EQ(decoded("Gr\xfc\xdf"
                    "e"),
            "Grüße");
  EXPECT_EQ(decoded("\xfc =?utf-8?Q?=C3=BC?="), "ü ü");
}

TEST(DecodeHeaderText, ReplacesWhatTheCharsetDoesNotDefine) {
  EXPECT_EQ(decoded("=?utf-8?Q?a=FCb?="),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_TRUE(is_valid_utf8(decoded("=?utf-8?Q?=ED=A0=80?=")));  // a surrogate
}

TEST(DecodeHeaderText, NeverYieldsALineEnd) {
  EXPECT_EQ(decoded("=?utf-8?Q?a=0D=0ABcc:_x=00y?="), "a Bcc: x y");
}

TEST(DecodeHeaderText, KnowsTheCharsetsOfMail) {
  const struct {
    const char* word;
    const char* text;
  } cases[] = {
      {"=?ISO-8859-2?Q?=A3=F3d=BC?=", "Łódź"},
      {"=?iso-8859-5?Q?=BF=E0=D8=D2=D5=E2?=", "Привет"},
      {"=?iso-8859-7?Q?=CA=E1=EB=E7=EC=DD=F1=E1?=", "Καλημέρα"},
      {"=?iso-8859-9?Q?=DDstanbul?=", "İstanbul"},
      {"=?ISO-8859-15?Q?10_=A4?=", "10 €"},
      {"=?windows-1250?Q?=8Elu=9Dou=E8k=FD?=", "Žluťoučký"},
      {"=?windows-1251?B?z/Do4uXy?=", "Привет"},
      {"=?windows-1252?Q?=80_=96_=93x=94?=", "€ – “x”"},
      {"=?cp1252?Q?=80?=", "€"},
      {"=?windows-1255?B?+ezl7Q==?=", "שלום"},
      {"=?koi8-r?B?8NLJ18XU?=", "Привет"},
      {"=?KOI8-U?B?8NLJ16bU?=", "Привіт"},
      {"=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=", "日本語"},
      {"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?iso-2022-jp?B?GyRCOGwbKEI=?=", "日本語"},
      {"=?Shift_JIS?B?k/qWe4zq?=", "日本語"},
      {"=?shift_jis?B?h0A=?=", "①"},
      {"=?EUC-JP?B?xvzL3Ljs?=", "日本語"},
      {"=?EUC-KR?B?x9GxubDt?=", "한국고"},
      {"=?ks_c_5601-1987?B?x9GxuQ==?=", "한국"},
      {"=?GB2312?B?xOO6ww==?=", "你好"},
      {"=?GB18030?B?xOO6w5UyiDQ=?=", "你好𠀺"},
      {"=?Big5?B?p0GmbqFB?=", "你好，"},
      {"=?utf-7?Q?Hi_Mom_+Jjo-!?=", "Hi Mom ☺!"},
  };
  for (const auto& c : cases) EXPECT_EQ(decoded(c.word), c.text) << c.word;
}

TEST(DecodeHeaderText, IsBounded) {
  const std::string megabyte(1 << 20, 'a');
  EXPECT_EQ(decode_header_text("=?utf-8?Q?" + megabyte + "?=", 100), std::string(100, 'a'));
  EXPECT_EQ(decode_header_text(megabyte).size(), kMaxHeaderText);
  EXPECT_EQ(decode_header_text("=?utf-8?Q?" + megabyte, 10), "=?utf-8?Q?");
  EXPECT_EQ(decode_header_text("aé", 2), "a");  // between characters
}

// Beginnings of words without an end: quadratic where each looks for its own end.
TEST(DecodeHeaderText, TakesLinearTime) {
  for (const std::string unit : {"=?a?Q?", "=?", "=?a?Q?x=?=", "=?utf-8?Q?a?= ", "=?utf-8?b?="}) {
    std::string text;
    while (text.size() < (1 << 20)) text += unit;
    EXPECT_TRUE(is_valid_utf8(decoded(text)));
  }
}

// POP3 row 24.
TEST(PrintableLine, Hostile24_ASubjectIsOneBoundedPrintableLine) {
  EXPECT_EQ(printable_line(decoded("=?utf-8?Q?=1B[31mred=E2=80=AEtxet?=")),
            "\\x1b[31mred\\u{202e}txet");
  EXPECT_EQ(printable_line("abcdefgh", 6), "abc...");
  EXPECT_EQ(printable_line("abcdef", 6), "abcdef");
  EXPECT_EQ(printable_line("äöü", 5), "ä...");
  const std::string line = printable_line(decoded("=?x?b?" + std::string(1 << 20, '\x1b') + "?="));
  EXPECT_LE(line.size(), 1000U);
  EXPECT_EQ(line.find('\x1b'), line.npos);
}

// No line over 78, no word over 75, and the same text when it is decoded.
void expect_round_trip(const std::string& text, std::size_t column = 9) {
  const std::string encoded = encode_header_text(text, column);
  EXPECT_EQ(decode_header_text(encoded), trim(text)) << encoded;
  EXPECT_EQ(encoded.find_first_of(std::string_view("\x80\xff", 2)), encoded.npos);
  std::size_t begin = 0;
  std::size_t first = column;
  while (begin <= encoded.size()) {
    const std::size_t end = std::min(encoded.find("\r\n", begin), encoded.size());
    const std::string line = encoded.substr(begin, end - begin);
    if (line.find(' ') != line.npos || line.find("=?") != line.npos) {
      EXPECT_LE(first + line.size(), 78U) << line;
    }
    EXPECT_FALSE(begin > 0 && trim(line).empty()) << "a line of blanks";
    first = 0;
    begin = end + 2;
  }
}

TEST(EncodeHeaderText, LeavesAsciiAlone) {
  EXPECT_EQ(encode_header_text("Hello, World! 100% = \"x\" ?"), "Hello, World! 100% = \"x\" ?");
}

TEST(EncodeHeaderText, EncodesOnlyTheWordsThatNeedIt) {
  EXPECT_EQ(encode_header_text("Grüße aus Münster"),
            "=?utf-8?B?R3LDvMOfZQ==?= aus =?utf-8?Q?M=C3=BCnster?=");
}

TEST(EncodeHeaderText, ComesBackTheSame) {
  expect_round_trip("Grüße aus Köln");
  expect_round_trip(
      "日本語のとても長い件名は複数の符号化された語に分けられなければならない、そうでしょう");
  expect_round_trip("a=?utf-8?Q?b?= is not a word");
  expect_round_trip("a =? b");
  expect_round_trip("two  blanks\tand a tab  ü  ö  z");
  expect_round_trip("  blanks at both ends  ");
  expect_round_trip("x" + std::string(200, ' ') + "y");
  expect_round_trip("ü" + std::string(200, ' ') + "y");
  expect_round_trip(std::string(5000, 'x'));
  expect_round_trip(std::string("\x1b\x7f") + "controls");
  std::string emoji;
  for (int i = 0; i < 60; ++i) emoji += "😀";
  for (std::size_t column = 0; column < 90; ++column) expect_round_trip(emoji, column);
  std::string words;
  for (int i = 0; i < 60; ++i) words += i % 7 == 0 ? "größer " : "plain ";
  for (std::size_t column = 0; column < 80; ++column) expect_round_trip(words, column);
}

TEST(EncodeHeaderText, NeverCutsACharacterInTwo) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "ä€😀";
  const std::string encoded = encode_header_text(text, 9);
  std::size_t words = 0;
  for (std::size_t at = encoded.find("=?"); at != encoded.npos;
       at = encoded.find("=?utf", at + 2)) {
    const std::size_t end = encoded.find("?=", at + 10) + 2;
    EXPECT_LE(end - at, 75U);
    EXPECT_EQ(decoded(encoded.substr(at, end - at)).find("\xef\xbf\xbd"), std::string::npos);
    ++words;
  }
  EXPECT_GT(words, 10U);
}

TEST(EncodeHeaderText, RefusesLineEnds) {
  EXPECT_THROW(encode_header_text("a\r\nBcc: x"), std::invalid_argument);
  EXPECT_THROW(encode_header_text("a\nb"), std::invalid_argument);
  EXPECT_THROW(encode_header_text(std::string_view("a\0b", 3)), std::invalid_argument);
}

TEST(HeaderBlock, GivesFieldsInOrder) {
  const std::string text =
      "Received: one\r\n\ttwo\r\nSubject: =?utf-8?Q?K=C3=B6ln?=\r\nreceived : "
      "three\r\n\r\nbody\r\n";
  const HeaderBlock block(text);
  ASSERT_EQ(block.size(), 3U);
  EXPECT_EQ(block.begin()->name(), "Received");
  EXPECT_EQ(block.begin()->text(), "one\ttwo");
  EXPECT_EQ(block.begin()->raw(), "Received: one\r\n\ttwo\r\n");
  EXPECT_EQ(block.text("SUBJECT"), "Köln");
  EXPECT_EQ(block.find_all("Received").size(), 2U);
  EXPECT_EQ(block.find_all("Received")[1]->name(), "received");
  EXPECT_EQ(block.find("To"), nullptr);
  EXPECT_EQ(block.text("To"), std::nullopt);
  EXPECT_EQ(block.body(), "body\r\n");
  EXPECT_EQ(block.header().size() + 2 + block.body().size(), text.size());
}

TEST(HeaderBlock, KnowsEveryLineEnd) {
  for (const std::string end : {"\r\n", "\n", "\r"}) {
    const std::string text = "A: 1" + end + " 2" + end + "B: 3" + end + end + "body" + end;
    const HeaderBlock block(text);
    ASSERT_EQ(block.size(), 2U);
    EXPECT_EQ(block.text("A"), "1 2");
    EXPECT_EQ(block.text("B"), "3");
    EXPECT_EQ(block.body(), "body" + end);
  }
}

TEST(HeaderBlock, EndsAtALineThatIsNoField) {
  const std::string text = "Subject: x\nno field\nB: 2\n\nbody";
  const HeaderBlock block(text);
  EXPECT_EQ(block.size(), 1U);
  EXPECT_TRUE(block.missing_separator());
  EXPECT_EQ(block.body(), "no field\nB: 2\n\nbody");
}

TEST(HeaderBlock, PassesOverStrayLinesOfTop) {
  const std::string text = " fold of nothing\nno field\nSubject: x\n: y\nB: 2\n\nSubject: body";
  const HeaderBlock block(text, StrayLine::skipped);
  EXPECT_EQ(block.text("Subject"), "x");
  EXPECT_EQ(block.text("B"), "2");
  EXPECT_EQ(block.stray_lines(), 3U);
}

TEST(HeaderBlock, OneFieldAlone) {
  const std::string_view text =
      "From x\r\nX-Subject: no\r\n Subject: nor this\r\nstray\r\nsubject \t: one\r\n two\r\n"
      "Subject: later\r\n\r\nBody: none\r\n";
  const auto field = find_header_field(text, "Subject");
  ASSERT_TRUE(field);
  EXPECT_EQ(field->text(), "one two");
  EXPECT_EQ(field->raw(), "subject \t: one\r\n two\r\n");
  EXPECT_EQ(field->name(), "subject");
  for (const char* name : {"Body", "Sub", "From", "stray", ""})
    EXPECT_FALSE(find_header_field(text, name)) << name;
}

TEST(HeaderBlock, PassesOverAMailboxLine) {
  const std::string text = "From joe@example.org Tue Jan  2 15:04:05 2024\nSubject: x\n\n";
  EXPECT_EQ(HeaderBlock(text).text("Subject"), "x");
}

TEST(HeaderBlock, BearsAnything) {
  EXPECT_TRUE(HeaderBlock("").empty());
  EXPECT_TRUE(HeaderBlock("\n").empty());
  EXPECT_TRUE(HeaderBlock("\r\n\r\n").empty());
  EXPECT_EQ(HeaderBlock("A:").text("a"), "");
  EXPECT_EQ(HeaderBlock("A: 1").text("a"), "1");
  EXPECT_TRUE(HeaderBlock(std::string_view(":\0: x\n", 6)).empty());
}

TEST(HeaderBlock, BoundsItsFieldsAndTakesLinearTime) {
  std::string text;
  for (int i = 0; i < 300000; ++i) text += "A:b\n";
  const HeaderBlock fields(text);
  EXPECT_EQ(fields.size(), 2000U);
  EXPECT_TRUE(fields.too_many_fields());
  for (const std::string unit : {"a:b\r", "\n ", "x\r", "a:b\r\n"}) {
    std::string many;
    while (many.size() < (1 << 20)) many += unit;
    const HeaderBlock skipped(many, StrayLine::skipped);
    EXPECT_LE(skipped.size(), 2000U);
  }
}

}  // namespace
}  // namespace proto
