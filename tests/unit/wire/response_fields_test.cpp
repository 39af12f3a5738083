#include "wire/response_fields.h"

#include <gtest/gtest.h>

namespace proto {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST(ContentDisposition, GivesAFileName) {
  EXPECT_EQ(disposition_file_name("attachment; filename=\"a b.txt\""), "a b.txt");
  EXPECT_EQ(disposition_file_name("attachment; filename=a.txt"), "a.txt");
  EXPECT_EQ(disposition_file_name("attachment; filename=\"old\"; filename*=UTF-8''%e2%82%ac.txt"),
            "\xe2\x82\xac.txt");
  EXPECT_EQ(disposition_file_name("attachment; filename*=iso-8859-1''%A3.txt"), "\xc2\xa3.txt");
  EXPECT_EQ(disposition_file_name("attachment"), std::nullopt);
  EXPECT_EQ(disposition_file_name(""), std::nullopt);
}

TEST(ContentDisposition, Hostile52_ANameIsNeverAPathAndNeverHidden) {
  EXPECT_EQ(disposition_file_name("attachment; filename=\"../../x\""), "x");
  EXPECT_EQ(disposition_file_name("attachment; filename=\"..\\\\..\\\\x\""), "x");
  EXPECT_EQ(disposition_file_name("attachment; filename*=UTF-8''..%2f..%2fx"), "x");
  EXPECT_EQ(disposition_file_name("attachment; filename=\"/etc/.profile\""), "profile");
  for (const char* none : {"\"\"", "\"..\"", "\".\"", "\"a/\"", "\" \"", "\"...\""})
    EXPECT_EQ(disposition_file_name("attachment; filename=" + std::string(none)), std::nullopt)
        << none;
}

TEST(SafeFileName, HasNothingThatMovesText) {
  EXPECT_EQ(safe_file_name("a\x1b[2Jb"), "a_x1b[2Jb");
  EXPECT_EQ(safe_file_name("a\nb"), "a_nb");
  EXPECT_EQ(safe_file_name("fdp\xe2\x80\xae.exe"), "fdp_u{202e}.exe");
  EXPECT_EQ(safe_file_name("trailing. . "), "trailing");
  EXPECT_EQ(safe_file_name(std::string(300, 'x'))->size(), 255U);
  const std::string full(254, 'x');
  std::string over = full;
  over += "\xc3\xa4";
  EXPECT_EQ(safe_file_name(over), full) << "no character is cut";
}

constexpr const char* kSha256 = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";

TEST(DigestFields, TheStrongestKnownOneCounts) {
  const auto one = parse_digest_field(kSha256);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->algorithm, DigestAlgorithm::sha256);
  EXPECT_EQ(one->bytes, digest(DigestAlgorithm::sha256, "{\"hello\": \"world\"}\n"));
  const std::string both = "md5=:AAAA:, sha-512=:" + std::string(86, 'A') + "==:;x=1, " + kSha256;
  EXPECT_EQ(parse_digest_field(both)->algorithm, DigestAlgorithm::sha512);
  for (const char* bad :
       {"", "md5=:AAAA:", "sha-256", "sha-256=abc", "sha-256=:AAAA:", "sha-256=:A",
        "sha-256=:A*:", "SHA-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"})
    EXPECT_FALSE(parse_digest_field(bad)) << bad;
}

TEST(RetryAfter, SecondsOrADate) {
  const sys_seconds now{seconds(784111777)};
  EXPECT_EQ(parse_retry_after("120", now), seconds(120));
  EXPECT_EQ(parse_retry_after("0", now), seconds(0));
  EXPECT_EQ(parse_retry_after("99999999999999999999999", now), seconds(86400));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), seconds(60));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:40:37 GMT", now), seconds(0));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 2094 08:40:37 GMT", now), seconds(86400));
  for (const char* bad : {"", "-1", "+5", "soon", "1.5"})
    EXPECT_EQ(parse_retry_after(bad, now), std::nullopt) << bad;
}

}  // namespace
}  // namespace proto
