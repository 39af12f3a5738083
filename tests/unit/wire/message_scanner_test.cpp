#include <gtest/gtest.h>

#include "proto/message_edit.h"
#include "support/feed.h"

namespace proto {
namespace {

std::string shown(std::string_view message) {
  return test::however_cut(message, [](const test::Pieces& pieces) {
    MessageScanner scanner;
    for (const auto piece : pieces) scanner.feed(piece);
    const MessageNeeds needs = scanner.finish();
    std::string out;
    if (needs.eight_bit_header) out += "header8 ";
    if (needs.eight_bit_body) out += "body8 ";
    if (needs.nul) out += "nul ";
    if (needs.bare_line_ends) out += "bare ";
    return out + std::to_string(needs.longest_line) + " " + std::to_string(needs.header_size) +
           " " + std::to_string(needs.size);
  });
}

TEST(MessageScanner, MeasuresWhatGoesOut) {
  EXPECT_EQ(shown(""), "0 0 0");
  EXPECT_EQ(shown("A: b\r\n\r\nbody\r\n"), "4 8 14");
  EXPECT_EQ(shown("A: b\n\nbody\n"), "bare 4 6 14");
  EXPECT_EQ(shown("A: b\r\rbody\r"), "bare 4 6 14");
  EXPECT_EQ(shown("A: b\r\n\r\nno end"), "6 8 16");
  EXPECT_EQ(shown("A: b"), "4 4 6");
  EXPECT_EQ(shown("A: b\r\n\r\na\r\r\nb\n\r"), "bare 4 8 18");
  EXPECT_EQ(shown("\r\nbody"), "4 2 8");
}

TEST(MessageScanner, TellsHeaderFromBody) {
  EXPECT_EQ(shown("A: \xc3\xbc\r\n\r\nbody\r\n"), "header8 5 9 15");
  EXPECT_EQ(shown("A: b\r\n\r\n\xc3\xbc\r\n"), "body8 4 8 12");
  EXPECT_EQ(shown("\xc3\r\n\r\n\xc3"), "header8 body8 1 5 8");
  EXPECT_EQ(shown(std::string_view("A: b\r\n\r\n\0\r\n", 11)), "nul 4 8 11");
}

TEST(MessageScanner, SaysWhetherAnyServerTakesIt) {
  EXPECT_TRUE(analyse_message("A: b\n\n" + std::string(998, 'x')).is_plain());
  EXPECT_FALSE(analyse_message("A: b\n\n" + std::string(999, 'x')).is_plain());
  EXPECT_FALSE(analyse_message("A: b\n\n\xfc").is_plain());
  std::string big = "A: b\r\n\r\n";
  for (int i = 0; i < 5000; ++i) big += "0123456789012345678901234567890123456789\r\n";
  const MessageNeeds needs = analyse_message(big);
  EXPECT_EQ(needs.size, big.size());
  EXPECT_TRUE(needs.is_plain());
  EXPECT_FALSE(needs.bare_line_ends);
}

}  // namespace
}  // namespace proto
