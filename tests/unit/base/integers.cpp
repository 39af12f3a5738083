#include "base/integers.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace proto {
namespace {

TEST(ParseDecimal, TakesDigitsUpToItsMaximum) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("007"), 7U);
  EXPECT_EQ(parse_decimal("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_decimal("65535", 65535), 65535U);
  EXPECT_EQ(parse_decimal("0", 0), 0U);
  std::string zeros(1000, '0');
  zeros += '1';
  EXPECT_EQ(parse_decimal(zeros), 1U);
}

TEST(ParseDecimal, RefusesEverythingElse) {
  for (const auto text : {"", "-1", "+1", " 1", "1 ", "0x5", "5x", "1.0", "1e3", "１", "1\n",
                          "18446744073709551616", "99999999999999999999"})
    EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
  EXPECT_EQ(parse_decimal("65536", 65535), std::nullopt);
  EXPECT_EQ(parse_decimal("100000", 65535), std::nullopt);
  EXPECT_EQ(parse_decimal("5", 3), std::nullopt);
  EXPECT_EQ(parse_decimal("1", 0), std::nullopt);
  EXPECT_EQ(parse_decimal(std::string("1\0", 2)), std::nullopt);
}

TEST(ParseDecimal, AgreesWithCountingAroundEveryMaximum) {
  for (std::uint64_t max = 0; max < 130; ++max) {
    for (std::uint64_t n = 0; n < 260; ++n) {
      EXPECT_EQ(parse_decimal(std::to_string(n), max).has_value(), n <= max) << n << ' ' << max;
    }
  }
}

TEST(AppendHex, WritesTwoDigitsOfEveryByte) {
  std::string out;
  for (const char c : {'\0', '\x0a', '\x7f', '\xff'}) append_hex(c, out);
  EXPECT_EQ(out, "000A7FFF");
}

TEST(HexDigit, HasAValueForHexadecimalDigitsOnly) {
  int found = 0;
  for (int i = 0; i < 256; ++i) {
    const int value = hex_digit(static_cast<char>(i));
    if (value < 0) continue;
    ++found;
    EXPECT_EQ(value, std::stoi(std::string(1, static_cast<char>(i)), nullptr, 16));
  }
  EXPECT_EQ(found, 22);
}

}  // namespace
}  // namespace proto
