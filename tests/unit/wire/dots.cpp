#include "wire/dots.h"

#include <gtest/gtest.h>

#include "proto/error.h"
#include "support/feed.h"

namespace proto {
namespace {

// The text, and behind a '|' what follows it in the input.
std::string decode(const test::Pieces& pieces, std::uint64_t max_bytes = UINT64_MAX) {
  DotDecoder decoder(max_bytes);
  std::string text;
  std::string behind;
  for (std::string_view piece : pieces) {
    while (!piece.empty() && !decoder.done()) {
      const auto step = decoder.feed(piece);
      text += step.text;
      piece.remove_prefix(step.used);
    }
    behind += piece;
  }
  decoder.finish();
  EXPECT_EQ(decoder.size(), text.size());
  return text + "|" + behind;
}

std::string decoded(std::string_view input) {
  return test::however_cut(input, [](const test::Pieces& pieces) { return decode(pieces); });
}

TEST(DotDecoder, Empty) {
  EXPECT_EQ(decoded(".\r\n"), "|");
}

TEST(DotDecoder, Lines) {
  EXPECT_EQ(decoded("one\r\ntwo\r\n\r\n.\r\n"), "one\r\ntwo\r\n\r\n|");
}

TEST(DotDecoder, TakesOneDotOff) {
  EXPECT_EQ(decoded("..\r\n..x\r\n.y\r\n...\r\n.\r\n"), ".\r\n.x\r\ny\r\n..\r\n|");
}

TEST(DotDecoder, KeepsBytesAfterTerminator) {
  EXPECT_EQ(decoded("a\r\n.\r\n+OK\r\n.\r\n"), "a\r\n|+OK\r\n.\r\n");
}

TEST(DotDecoder, BareLineFeedsEndNothing) {
  EXPECT_EQ(decoded("a\n.\nb\n.\r\nc\r\n.\n\r\n.\r\n"), "a\n.\nb\n.\r\nc\r\n\n\r\n|");
}

TEST(DotDecoder, BareCarriageReturnsEndNothing) {
  EXPECT_EQ(decoded("a\r.\r\n.\rb\r\n.\r\r\n.\r\n"), "a\r.\r\n\rb\r\n\r\r\n|");
}

TEST(DotDecoder, KeepsNulAnd8Bit) {
  const std::string bytes("\0\xff\x80\r\n", 5);
  EXPECT_EQ(decoded(bytes + ".\r\n"), bytes + "|");
}

TEST(DotDecoder, TruncationIsAnError) {
  for (const std::string_view input : {"", "a", "a\r", "a\r\n", "a\r\n.", "a\r\n.\r", "a.\r\n"})
    EXPECT_TRUE(decoded(input).starts_with("ClosedError: ")) << input;
}

TEST(DotDecoder, LinesHaveNoLimitOfTheirOwn) {
  const std::string line(70'000, 'x');
  EXPECT_EQ(decoded(line + "\r\n.\r\n"), line + "\r\n|");
}

TEST(DotDecoder, TheTextHas) {
  const auto limited = [](std::string_view input) {
    return test::however_cut(input, [](const test::Pieces& pieces) { return decode(pieces, 10); });
  };
  EXPECT_EQ(limited("12345678\r\n.\r\n"), "12345678\r\n|");
  EXPECT_TRUE(limited("123456789\r\n.\r\n").starts_with("LimitError: "));
  EXPECT_TRUE(limited("1234567890123").starts_with("LimitError: "));
}

}  // namespace
}  // namespace proto
