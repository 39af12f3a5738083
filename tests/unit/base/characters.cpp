#include "base/characters.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace proto {
namespace {

using namespace std::string_literals;

TEST(Characters, AreClassedAsAsciiWhateverTheLocale) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    EXPECT_EQ(is_digit(c), i >= '0' && i <= '9') << i;
    EXPECT_EQ(is_alpha(c), (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z')) << i;
    EXPECT_EQ(is_alnum(c), is_digit(c) || is_alpha(c)) << i;
    EXPECT_EQ(is_control(c), i < 32 || i == 127) << i;
    EXPECT_EQ(is_blank(c), i == ' ' || i == '\t') << i;
    EXPECT_EQ(to_lower(c), i >= 'A' && i <= 'Z' ? static_cast<char>(i + 32) : c) << i;
    EXPECT_EQ(to_upper(c), i >= 'a' && i <= 'z' ? static_cast<char>(i - 32) : c) << i;
  }
}

// RFC 9110 §5.6.2.
TEST(Characters, TokensAreTcharsAndNeverEmpty) {
  const std::string_view tchar =
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    EXPECT_EQ(is_token_char(c), tchar.find(c) != std::string_view::npos) << i;
  }
  EXPECT_TRUE(is_token("Content-Type"));
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token("Content Type"));
  EXPECT_FALSE(is_token("x:"));
}

TEST(Characters, ComparisonsIgnoreAsciiCaseOnly) {
  EXPECT_TRUE(equals_ignoring_case("Content-LENGTH", "content-length"));
  EXPECT_TRUE(equals_ignoring_case("", ""));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));        // 0x5b and 0x7b
  EXPECT_FALSE(equals_ignoring_case("\xc4", "\xe4"));  // letters in Latin-1
  EXPECT_TRUE(starts_with_ignoring_case("STARTTLS now", "starttls"));
  EXPECT_FALSE(starts_with_ignoring_case("START", "STARTTLS"));
  EXPECT_EQ(lower("ÄBC"), "Äbc");
  EXPECT_EQ(upper("äbc"), "äBC");
}

TEST(Characters, TrimTakesBlanksOffBothEnds) {
  EXPECT_EQ(trim(" \t a b \t"), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\r\n"), "\r\n");
}

// RFC 3629 §3 and §10.
TEST(Characters, Utf8IsStrict) {
  for (const auto good : {"", "plain", "Grüße", "\u07ff\u0800\uffff", "\U00010000\U0010ffff"})
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  for (const auto bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
                         "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
                         "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc3("})
    EXPECT_FALSE(is_valid_utf8(bad)) << quoted(bad);
}

TEST(Characters, Utf8IsStrictAnywhereInAText) {
  for (std::size_t before = 0; before < 20; ++before) {
    for (std::size_t behind = 0; behind < 20; ++behind) {
      const std::string a(before, 'a'), b(behind, 'b');
      EXPECT_TRUE(is_valid_utf8(a + "ß" + b));
      EXPECT_TRUE(is_valid_utf8(a + "世ß" + b));
      EXPECT_FALSE(is_valid_utf8(a + "\xc3" + b));
      EXPECT_FALSE(is_valid_utf8(a + "ß\x9f" + b));
    }
  }
}

TEST(Characters, LineBreaksAndNulAreFoundAnywhere) {
  EXPECT_TRUE(has_line_break_or_nul("a\rb"));
  EXPECT_TRUE(has_line_break_or_nul("a\n"));
  EXPECT_TRUE(has_line_break_or_nul("\0a"s));
  EXPECT_FALSE(has_line_break_or_nul("a\tb\x1b"));
}

TEST(Escaped, LeavesPrintableUtf8Alone) {
  EXPECT_EQ(escaped("Grüße, 世界 \U0001f600 \\ \"'"), "Grüße, 世界 \U0001f600 \\ \"'");
}

TEST(Escaped, WritesControlsAsHexadecimal) {
  EXPECT_EQ(escaped("a\x1b[2J\b\x7f\0\t"s), "a\\x1b[2J\\x08\\x7f\\x00\\x09");
  EXPECT_EQ(escaped("one\r\ntwo"), "one\\r\\ntwo");
  EXPECT_EQ(escaped("\u009b"
                    "2J"),
            "\\u{009b}2J");  // CSI as one character
}

TEST(Escaped, WritesWhatReordersOrHidesTextAsCodePoints) {
  EXPECT_EQ(escaped("\u202e\u2066\u200f\u061c\u2028\ufeff"),
            "\\u{202e}\\u{2066}\\u{200f}\\u{061c}\\u{2028}\\u{feff}");
}

TEST(Escaped, WritesWhatIsNoUtf8ByteByByte) {
  EXPECT_EQ(escaped("\xff\xc3(\xe2\x82"), "\\xff\\xc3(\\xe2\\x82");
}

// The one promise: no byte below 0x20, no DEL, no C1, and always UTF-8.
TEST(Escaped, NeverLetsAControlThrough) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string out = escaped(std::string{static_cast<char>(a), static_cast<char>(b)});
      EXPECT_TRUE(is_valid_utf8(out)) << a << ' ' << b;
      for (const char c : out) EXPECT_FALSE(is_control(c)) << a << ' ' << b;
    }
  }
}

TEST(Quoted, IsCutAndSaysSo) {
  EXPECT_EQ(quoted("abc"), "\"abc\"");
  EXPECT_EQ(quoted("abcd", 3), "\"abc\"...");
  EXPECT_EQ(proto::quoted(std::string(100, 'x')), "\"" + std::string(64, 'x') + "\"...");
  EXPECT_EQ(quoted("\r\n"), "\"\\r\\n\"");
}

}  // namespace
}  // namespace proto
