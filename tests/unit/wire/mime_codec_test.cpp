#include <gtest/gtest.h>

#include "base/base64.h"
#include "support/feed.h"
#include "wire/mime_base64.h"
#include "wire/quoted_printable.h"

namespace proto {
namespace {

template <typename Codec>
std::string cut(std::string_view input, const Codec& fresh) {
  return test::however_cut(input, [&](const test::Pieces& pieces) {
    Codec codec = fresh;
    std::string out;
    for (const auto piece : pieces) codec.feed(piece, out);
    if constexpr (requires { codec.finish(out); }) codec.finish(out);
    if constexpr (requires { codec.is_damaged(); }) out += codec.is_damaged() ? "!" : "";
    return out;
  });
}

TEST(Base64Lines, BreaksAt76) {
  EXPECT_EQ(cut("", Base64Encoder()), "");
  EXPECT_EQ(cut("a", Base64Encoder()), "YQ==\r\n");
  EXPECT_EQ(cut("ab", Base64Encoder()), "YWI=\r\n");
  const std::string line(57, 'x');
  EXPECT_EQ(cut(line, Base64Encoder()), base64_encode(line) + "\r\n");
  EXPECT_EQ(cut(line + "y", Base64Encoder()), base64_encode(line) + "\r\neQ==\r\n");
}

TEST(Base64Lines, ComeBack) {
  std::string bytes;
  for (int i = 0; i < 700; ++i) {
    bytes += static_cast<char>(i * 37);
    EXPECT_EQ(base64_decode_leniently(base64_lines(bytes)), bytes);
  }
}

TEST(Base64Decoder, IsLenient) {
  EXPECT_EQ(cut("SGVs\r\nbG8=\r\n", Base64Decoder()), "Hello");
  EXPECT_EQ(cut("SGVsbG8", Base64Decoder()), "Hello");
  EXPECT_EQ(cut("YQ==YQ==", Base64Decoder()), "aa");  // encoded in pieces
  EXPECT_EQ(cut("S*GVsbG8=", Base64Decoder()), "Hello!");
  EXPECT_EQ(cut("SGVsbG8=\r\n-- \r\n", Base64Decoder()), "Hello!");
  EXPECT_EQ(cut("SGVsb", Base64Decoder()), "Hel!");
  EXPECT_EQ(cut("====", Base64Decoder()), "");
}

TEST(QuotedPrintable, EncodesText) {
  const QuotedPrintableEncoder text;
  EXPECT_EQ(cut("Grüße = x\n", text), "Gr=C3=BC=C3=9Fe =3D x\r\n");
  EXPECT_EQ(cut("a\rb\r\nc\n\n", text), "a\r\nb\r\nc\r\n\r\n");
  EXPECT_EQ(cut("blank \ntab\t\r\nend ", text), "blank=20\r\ntab=09\r\nend=20=\r\n");
  EXPECT_EQ(cut("no line end", text), "no line end=\r\n");
  EXPECT_EQ(cut("", text), "");
  EXPECT_EQ(cut(std::string("\0\x7f", 2), text), "=00=7F=\r\n");
}

TEST(QuotedPrintable, EncodesBinary) {
  EXPECT_EQ(cut("a\r\nb\n", QuotedPrintableEncoder(QuotedPrintableEncoder::Mode::binary)),
            "a=0D=0Ab=0A=\r\n");
}

TEST(QuotedPrintable, KeepsLinesTo76) {
  for (const std::string unit : {"x", "ü", "a b ", "=", "x \n"}) {
    std::string text;
    while (text.size() < 1000) text += unit;
    const std::string encoded = cut(text, QuotedPrintableEncoder());
    std::size_t column = 0;
    for (const char c : encoded) {
      column = c == '\n' ? 0 : column + 1;
      EXPECT_LE(column, 77U);  // with the CR
    }
    EXPECT_EQ(encoded.find(" \r\n"), encoded.npos);
  }
}

TEST(QuotedPrintableDecoder, Decodes) {
  const QuotedPrintableDecoder decoder;
  EXPECT_EQ(cut("Gr=C3=bc=\r\n=c3=9Fe", decoder), "Grüße");
  EXPECT_EQ(cut("soft=  \t\r\nbreak=\nagain", decoder), "softbreakagain");
  EXPECT_EQ(cut("dropped  \r\nkept =20\r\n", decoder), "dropped\r\nkept  \r\n");
  EXPECT_EQ(cut("end=", decoder), "end");
}

TEST(QuotedPrintableDecoder, LeavesWhatIsMalformed) {
  const QuotedPrintableDecoder decoder;
  EXPECT_EQ(cut("a=ZZ b", decoder), "a=ZZ b!");
  EXPECT_EQ(cut("a==41", decoder), "a=A!");
  EXPECT_EQ(cut("a= b", decoder), "a= b!");
  EXPECT_EQ(cut("a=4", decoder), "a=4!");
  EXPECT_EQ(cut("=4=41", decoder), "=4A!");
}

// Quadratic where each escape or blank looks for the end of its line.
TEST(QuotedPrintableDecoder, TakesLinearTime) {
  for (const std::string unit : {"=41", "=", " ", "= ", "a ", "=\n"}) {
    std::string text;
    while (text.size() < (1 << 20)) text += unit;
    EXPECT_LE(quoted_printable_decode(text).size(), text.size());
  }
}

TEST(QuotedPrintable, ComesBack) {
  std::string bytes;
  for (int i = 0; i < 700; ++i) bytes += static_cast<char>(i * 37);
  const auto binary = QuotedPrintableEncoder::Mode::binary;
  EXPECT_EQ(quoted_printable_decode(quoted_printable(bytes, binary)), bytes);
  const std::string text = "a \r\n\tb\t\r\n.\r\nFrom x\r\n = \r\n";
  EXPECT_EQ(quoted_printable_decode(quoted_printable(text)), text);
}

}  // namespace
}  // namespace proto
