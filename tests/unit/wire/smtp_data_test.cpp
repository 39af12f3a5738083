#include "wire/smtp_data.h"

#include <memory>
#include <random>

#include "support/feed.h"
#include "support/naive_data.h"

namespace proto {
namespace {

using test::however_cut;
using test::naive_data;
using test::Pieces;
using Dots = DataEncoder::Dots;

void take(std::string& out, DataBlock& block) {
  for (const std::string_view part : block.parts()) out += part;
  block.clear();
}

std::string encode(const Pieces& pieces, Dots dots) {
  DataEncoder encoder(dots);
  const auto block = std::make_unique<DataBlock>();
  std::string out;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      piece.remove_prefix(encoder.encode(piece, *block));
      take(out, *block);
    }
  }
  encoder.finish(*block);
  take(out, *block);
  return out;
}

std::string encoded(std::string_view text, Dots dots = Dots::stuffed) {
  return however_cut(text, [&](const Pieces& pieces) { return encode(pieces, dots); });
}

TEST(DataEncoder, MakesEveryLineEndCRLF) {
  EXPECT_EQ(encoded("a\nb\rc\r\nd"), "a\r\nb\r\nc\r\nd\r\n.\r\n");
  EXPECT_EQ(encoded("\r\r\n\n"), "\r\n\r\n\r\n.\r\n");
  EXPECT_EQ(encoded("a\r"), "a\r\n.\r\n");
}

TEST(DataEncoder, StuffsDotsAfterEachLineEndThatGoesOut) {
  EXPECT_EQ(encoded(".\n..\r.x\r\n."), "..\r\n...\r\n..x\r\n..\r\n.\r\n");
  EXPECT_EQ(encoded("a\n.\nMAIL FROM:<x>\n"), "a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n");
  EXPECT_EQ(encoded("a\r.\rb"), "a\r\n..\r\nb\r\n.\r\n");
}

TEST(DataEncoder, AnEmptyMessageIsADot) {
  EXPECT_EQ(encoded(""), ".\r\n");
  EXPECT_EQ(encoded("", Dots::plain), "");
}

TEST(DataEncoder, PlainLeavesDotsAlone) {
  EXPECT_EQ(encoded(".\nx", Dots::plain), ".\r\nx\r\n");
}

TEST(DataEncoder, KeepsEveryOtherByte) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  for (int i = 0; i < 3; ++i) all += all;
  EXPECT_EQ(encoded(all), naive_data(all, true));
}

TEST(DataEncoder, AgreesWithTheNaiveOne) {
  std::mt19937 random(7);
  const std::string_view alphabets[] = {"\r\n.a", "\n.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                        "\r\n\t.abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq"};
  for (int round = 0; round < 3000; ++round) {
    const auto alphabet = alphabets[round % 3];
    std::string text(random() % 3000, 'x');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    Pieces pieces;
    for (std::string_view rest = text; !rest.empty();) {
      pieces.push_back(rest.substr(0, 1 + random() % 1500));
      rest.remove_prefix(pieces.back().size());
    }
    const bool stuff = round % 2 == 0;
    ASSERT_EQ(encode(pieces, stuff ? Dots::stuffed : Dots::plain), naive_data(text, stuff));
  }
}

TEST(DataEncoder, CleanTextIsNotCopied) {
  std::string text;
  while (text.size() < 100'000) text += "a line of text that is neither short nor long\r\n";
  DataEncoder encoder;
  const auto block = std::make_unique<DataBlock>();
  EXPECT_EQ(encoder.encode(text, *block), text.size());
  ASSERT_EQ(block->parts().size(), 1U);
  EXPECT_EQ(block->parts()[0].data(), text.data());
}

TEST(DataEncoder, LargeTextsOfEachKind) {
  for (const char* line : {"short\n", ".\n", "a line\r\n", ".x\r\n", "\n"}) {
    std::string text;
    while (text.size() < 700'000) text += line;
    for (std::size_t step : {std::size_t{4096}, std::size_t{65536}, text.size()}) {
      Pieces pieces;
      for (std::string_view rest = text; !rest.empty();) {
        pieces.push_back(rest.substr(0, step));
        rest.remove_prefix(pieces.back().size());
      }
      ASSERT_TRUE(encode(pieces, Dots::stuffed) == naive_data(text, true)) << line;
    }
  }
}

}  // namespace
}  // namespace proto
