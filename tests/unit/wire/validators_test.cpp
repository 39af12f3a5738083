#include "wire/validators.h"

#include <gtest/gtest.h>

#include "wire/http_date.h"

namespace proto {
namespace {

constexpr const char* kThen = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kEarlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* kLater = "Sun, 06 Nov 1994 09:49:37 GMT";

Validators resource() {
  return {ETag{"\"a\"", false}, parse_http_date(kThen)};
}

Condition evaluate(const Fields& fields, const char* method = "GET") {
  return evaluate_conditions(method, fields, resource());
}

TEST(ETag, IsQuoted) {
  EXPECT_EQ(parse_etag("\"a,b\"")->opaque, "\"a,b\"");
  EXPECT_TRUE(parse_etag("W/\"a\"")->weak);
  EXPECT_EQ(parse_etag("W/\"\"")->to_string(), "W/\"\"");
  for (const char* bad : {"", "a", "\"a", "\"", "w/\"a\"", "\"a\"b\"", "\"a b\"", "*"})
    EXPECT_FALSE(parse_etag(bad)) << bad;
}

TEST(Conditions, NoneHold) {
  EXPECT_EQ(evaluate({}), Condition::holds);
}

TEST(Conditions, IfNoneMatchComparesWeaklyAndGoesBeforeDates) {
  EXPECT_EQ(evaluate({{"If-None-Match", "\"x\", W/\"a\""}}), Condition::not_modified);
  EXPECT_EQ(evaluate({{"If-None-Match", "*"}}), Condition::not_modified);
  EXPECT_EQ(evaluate({{"If-None-Match", "\"x\""}}), Condition::holds);
  EXPECT_EQ(evaluate({{"If-None-Match", "\"x\""}, {"If-Modified-Since", kLater}}),
            Condition::holds);
  EXPECT_EQ(evaluate({{"If-None-Match", "\"a\""}}, "PUT"), Condition::fails);
}

TEST(Conditions, IfModifiedSince) {
  EXPECT_EQ(evaluate({{"If-Modified-Since", kThen}}), Condition::not_modified);
  EXPECT_EQ(evaluate({{"If-Modified-Since", kEarlier}}), Condition::holds);
  EXPECT_EQ(evaluate({{"If-Modified-Since", "yesterday"}}), Condition::holds);
  EXPECT_EQ(evaluate({{"If-Modified-Since", kThen}}, "POST"), Condition::holds);
}

TEST(Conditions, IfMatchComparesStrongly) {
  EXPECT_EQ(evaluate({{"If-Match", "\"a\""}}), Condition::holds);
  EXPECT_EQ(evaluate({{"If-Match", "W/\"a\""}}), Condition::fails);
  EXPECT_EQ(evaluate({{"If-Unmodified-Since", kEarlier}}), Condition::fails);
  EXPECT_EQ(evaluate({{"If-Unmodified-Since", kThen}}), Condition::holds);
}

TEST(IfRange, ARangeCountsOnlyForTheSameResource) {
  EXPECT_TRUE(range_applies({}, resource()));
  EXPECT_TRUE(range_applies({{"If-Range", "\"a\""}}, resource()));
  EXPECT_FALSE(range_applies({{"If-Range", "W/\"a\""}}, resource()));
  EXPECT_FALSE(range_applies({{"If-Range", "\"b\""}}, resource()));
  EXPECT_TRUE(range_applies({{"If-Range", kThen}}, resource()));
  EXPECT_FALSE(range_applies({{"If-Range", kLater}}, resource()));
  EXPECT_FALSE(range_applies({{"If-Range", "x"}}, resource()));
}

TEST(IfRange, IsMadeFromAStrongValidatorOnly) {
  EXPECT_EQ(if_range_for({{"ETag", "\"a\""}, {"Last-Modified", kThen}}), "\"a\"");
  EXPECT_EQ(if_range_for({{"ETag", "W/\"a\""}, {"Last-Modified", kThen}, {"Date", kLater}}),
            std::nullopt);
  EXPECT_EQ(if_range_for({{"Last-Modified", kThen}, {"Date", kLater}}), kThen);
  EXPECT_EQ(if_range_for({{"Last-Modified", kThen}, {"Date", kThen}}), std::nullopt);
  EXPECT_EQ(if_range_for({{"Last-Modified", kThen}}), std::nullopt);
  EXPECT_EQ(if_range_for({}), std::nullopt);
}

}  // namespace
}  // namespace proto
