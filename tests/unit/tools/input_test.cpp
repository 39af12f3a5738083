#include "sendmail-lite/input.h"

#include <gtest/gtest.h>

#include "support/feed.h"

namespace proto::sendmail {
namespace {

std::string read(std::string_view input, bool dot_ends) {
  return test::however_cut(input, [&](const test::Pieces& pieces) {
    std::size_t piece = 0, at = 0;
    return read_message(
        [&](std::span<char> into) -> std::size_t {
          while (piece < pieces.size() && at == pieces[piece].size()) ++piece, at = 0;
          if (piece == pieces.size()) return 0;
          const std::size_t n = pieces[piece].copy(into.data(), into.size(), at);
          at += n;
          return n;
        },
        dot_ends);
  });
}

TEST(Input, ALoneDotEndsTheMessage) {
  EXPECT_EQ(read("a\n.\nb\n", true), "a\n");
  EXPECT_EQ(read("a\r\n.\r\nb\r\n", true), "a\r\n");
  EXPECT_EQ(read(".\nb\n", true), "");
  EXPECT_EQ(read("a\n.", true), "a\n");
  EXPECT_EQ(read("a\n..\n.b\n", true), "a\n..\n.b\n");
}

TEST(Input, WithIDotsAreText) {
  EXPECT_EQ(read("a\n.\nb\n", false), "a\n.\nb\n");
  EXPECT_EQ(read("", false), "");
}

TEST(Input, LongMessagesArriveWhole) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "line " + std::to_string(i) + "\n";
  std::string_view rest = text;
  const std::string got = read_message(
      [&](std::span<char> into) {
        const std::size_t n = rest.copy(into.data(), into.size());
        rest.remove_prefix(n);
        return n;
      },
      true);
  EXPECT_EQ(got, text);
}

}  // namespace
}  // namespace proto::sendmail
