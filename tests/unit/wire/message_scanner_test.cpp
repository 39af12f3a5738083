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
    std::string out = needs.bare_header_line_end ? "bare " : "";
    if (needs.eight_bit_header) out += "header8 ";
    if (needs.eight_bit_body) out += "body8 ";
    if (needs.nul) out += "nul ";
    if (needs.long_line) out += "long ";
    return out + std::to_string(needs.size);
  });
}

TEST(MessageScanner, MeasuresWhatGoesOut) {
  EXPECT_EQ(shown(""), "0");
  EXPECT_EQ(shown("A: b\r\n\r\nbody\r\n"), "14");
  EXPECT_EQ(shown("A: b\n\nbody\n"), "bare 14");
  EXPECT_EQ(shown("A: b\r\n\r\nno end"), "16");
  EXPECT_EQ(shown("A: b"), "6");
  EXPECT_EQ(shown("\r\nbody"), "8");
  EXPECT_EQ(shown("\nbody\n"), "bare 8");
}

TEST(MessageScanner, TellsHeaderFromBody) {
  EXPECT_EQ(shown("A: \xc3\xbc\r\n\r\nbody\r\n"), "header8 15");
  EXPECT_EQ(shown("A: b\r\n\r\n\xc3\xbc\r\n"), "body8 12");
  EXPECT_EQ(shown("A: \xc3\r\n\r\n\xc3"), "header8 body8 11");
  EXPECT_EQ(shown("A: b\r\n\r\n\xc3\r\n\r\n\xbc\r\n"), "body8 16");
  EXPECT_EQ(shown(std::string_view("A: b\r\n\r\n\0\r\n", 11)), "nul 11");
}

TEST(MessageScanner, IgnoresTheHeaderWhereItIsToldTo) {
  for (const char* text : {"A: b\r\n\r\nbody", "A: b\n\nbody\n", "A: \xc3\xbc\r\n\r\nbody",
                           "A: b\r\n\r\n\xc3\xbc\r\n", ""}) {
    MessageScanner scanner(MessageScanner::Header::ignored);
    scanner.feed(text);
    const MessageNeeds needs = scanner.finish(), whole = analyse_message(text);
    EXPECT_EQ(needs.is_plain(), whole.is_plain()) << text;
    EXPECT_EQ(scanner.is_plain(), whole.is_plain()) << text;
    EXPECT_EQ(needs.size, whole.size) << text;
    EXPECT_EQ(needs.header_size, 0U) << text;
  }
}

// However the text is cut, the header ends where HeaderBlock ends it.
TEST(MessageScanner, EndsTheHeaderWhereItsReaderDoes) {
  const auto body_at = [](std::string_view message) {
    const std::string size = test::however_cut(message, [](const test::Pieces& pieces) {
      MessageScanner scanner;
      for (const auto piece : pieces) scanner.feed(piece);
      return std::to_string(scanner.finish().header_size);
    });
    EXPECT_EQ(size, std::to_string(message.size() - HeaderBlock(message).body().size()));
    EXPECT_EQ(size, std::to_string(HeaderEditor(message).header_size()));
    return size;
  };
  EXPECT_EQ(body_at(""), "0");
  EXPECT_EQ(body_at("A: b\r\n\r\nbody"), "8");
  EXPECT_EQ(body_at("A: b\r\n\r\n"), "8");
  EXPECT_EQ(body_at("A: b\n c\n \nD : e\n\nbody"), "17");
  EXPECT_EQ(body_at("A: b\r\rbody"), "6");
  EXPECT_EQ(body_at("A: b\r\n\r"), "7");
  EXPECT_EQ(body_at("A: b\nno field\nB: c\n\nbody"), "5");
  EXPECT_EQ(body_at("no field\n\nbody"), "0");
  EXPECT_EQ(body_at(" blank\nA: b\n\nbody"), "0");
  EXPECT_EQ(body_at("From x\nA: b\n\nbody"), "13");
  EXPECT_EQ(body_at(">From x\nA: b\n\nbody"), "14");
  EXPECT_EQ(body_at("From x\n fold\nA: b\n\n"), "7");
  EXPECT_EQ(body_at("Froms x\nA: b\n\n"), "0");
  EXPECT_EQ(body_at("A: b\nFrom x\n\n"), "5");
  EXPECT_EQ(body_at("A: b\nFrom"), "5");
  EXPECT_EQ(body_at("From"), "0");
  EXPECT_EQ(body_at(": x\n"), "0");
}

// What its reader takes for the body is measured as the body.
TEST(MessageScanner, TakesAMissingBlankLineForOne) {
  EXPECT_EQ(shown("A: b\r\nGr\xc3\xbc no field\r\n\r\n"), "body8 23");
  EXPECT_EQ(shown("\xc3\xbc\r\n"), "body8 4");
}

// The encoder takes LF and CR for line ends, and so an empty line of either ends the header.
TEST(MessageScanner, EveryLineEndEndsTheHeader) {
  EXPECT_EQ(shown("A: b\n\n\xfc\n"), "bare body8 11");
  EXPECT_EQ(shown("A: b\r\r\xfc").substr(0, 11), "bare body8 ");
  EXPECT_EQ(shown("A: b\r\n\r\xfc").substr(0, 11), "bare body8 ");
  EXPECT_EQ(shown("A: b\r").substr(0, 5), "bare ");
  EXPECT_EQ(shown("A: b\r\n\r\na\nb\r\xfc").substr(0, 6), "body8 ") << "bare in the body alone";
}

TEST(MessageScanner, FindsLinesThatAreTooLong) {
  const std::string most(kMaxMailLine, 'x');
  for (const char* end : {"\r\n", "\n", "\r"}) {
    EXPECT_EQ(shown(most + end + most + end).find("long"), std::string::npos);
    EXPECT_NE(shown(most + "x" + end).find("long"), std::string::npos);
    EXPECT_NE(shown("a\n" + most + end + most + "x" + end).find("long"), std::string::npos);
  }
  EXPECT_EQ(shown("a\n" + most).find("long"), std::string::npos);
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
}

}  // namespace
}  // namespace proto
