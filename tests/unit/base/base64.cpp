#include "base/base64.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace proto {
namespace {

// RFC 4648 §10.
TEST(Base64, TheRfcsVectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64_encode(plain), encoded);
    EXPECT_EQ(base64_decode(encoded), plain);
  }
}

TEST(Base64, IsItsOwnInverseAtEverySize) {
  for (std::size_t size = 0; size < 100; ++size) {
    const std::string bytes = random_bytes(size);
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(hex_decode(hex_encode(bytes)), bytes);
  }
}

TEST(Base64, RefusesWhatNoEncoderWrites) {
  for (const auto text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Zg==Zg==", "Z=g=", "Zm 9v",
                          "Zm9v\r\n", "Zm9-", "Zm9_", "Zm9v=", "\xc3\xa9zz"})
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
}

// RFC 4648 §3.5: bits that are left over must be zero.
TEST(Base64, RefusesASecondTextForTheSameBytes) {
  EXPECT_EQ(base64_decode("Zh=="), std::nullopt);
  EXPECT_EQ(base64_decode("Zm9="), std::nullopt);
}

TEST(Base64, TheUrlAlphabetIsUnpadded) {
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(base64url_encode("f"), "Zg");
}

TEST(Hex, IsLowerCaseAndStrict) {
  EXPECT_EQ(hex_encode("\x01\xab\xff"), "01abff");
  EXPECT_EQ(hex_decode("01ABff"), "\x01\xab\xff");
  for (const auto text : {"0", "0g", "0x", " 0", "012"})
    EXPECT_EQ(hex_decode(text), std::nullopt) << text;
}

}  // namespace
}  // namespace proto
