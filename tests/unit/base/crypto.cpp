#include "base/crypto.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/base64.h"

namespace proto {
namespace {

// FIPS 180-4's and RFC 1321's example "abc".
TEST(Digest, TheStandardsExamples) {
  const std::pair<DigestAlgorithm, const char*> vectors[] = {
      {DigestAlgorithm::md5, "900150983cd24fb0d6963f7d28e17f72"},
      {DigestAlgorithm::sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {DigestAlgorithm::sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {DigestAlgorithm::sha512_256,
       "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"},
      {DigestAlgorithm::sha512,
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
       "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"}};
  for (const auto& [algorithm, expected] : vectors)
    EXPECT_EQ(hex_encode(digest(algorithm, "abc")), expected);
  EXPECT_EQ(hex_encode(digest(DigestAlgorithm::sha256, "")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, DoesNotDependOnThePieces) {
  const std::string text(1000, 'x');
  for (std::size_t cut = 0; cut <= text.size(); cut += 61) {
    Digest d(DigestAlgorithm::sha256);
    d.update(text.substr(0, cut));
    Digest moved = std::move(d);
    moved.update(text.substr(cut));
    EXPECT_EQ(moved.finish(), digest(DigestAlgorithm::sha256, text));
  }
}

// RFC 2202 and RFC 4231, test cases 2 and 6; RFC 2195's example.
TEST(Hmac, TheRfcsVectors) {
  const std::string question = "what do ya want for nothing?";
  EXPECT_EQ(hex_encode(hmac(DigestAlgorithm::md5, "Jefe", question)),
            "750c783e6ab0b503eaa86e310a5db738");
  EXPECT_EQ(hex_encode(hmac(DigestAlgorithm::sha1, "Jefe", question)),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(hex_encode(hmac(DigestAlgorithm::sha256, "Jefe", question)),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex_encode(hmac(DigestAlgorithm::sha256, std::string(131, '\xaa'),
                            "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hex_encode(hmac(DigestAlgorithm::md5, "tanstaaftanstaaf",
                            "<1896.697170952@postoffice.reston.mci.net>")),
            "b913a602c7eda7a495b4e6e7334d3890");
}

TEST(Hmac, TakesAnEmptyKeyAndText) {
  EXPECT_EQ(hex_encode(hmac(DigestAlgorithm::sha256, "", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// RFC 6070 and RFC 7914 §11 (its first half).
TEST(Pbkdf2, TheRfcsVectors) {
  EXPECT_EQ(hex_encode(pbkdf2(DigestAlgorithm::sha1, "password", "salt", 1)),
            "0c60c80f961f0e71f3a9b524af6012062fe037a6");
  EXPECT_EQ(hex_encode(pbkdf2(DigestAlgorithm::sha1, "password", "salt", 4096)),
            "4b007901b765489abead49d926f721d065a429c1");
  EXPECT_EQ(hex_encode(pbkdf2(DigestAlgorithm::sha256, "passwd", "salt", 1)),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
}

TEST(EqualsInConstantTime, IsEquality) {
  EXPECT_TRUE(equals_in_constant_time("", ""));
  EXPECT_TRUE(equals_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equals_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equals_in_constant_time("abc", "abcd"));
}

}  // namespace
}  // namespace proto
