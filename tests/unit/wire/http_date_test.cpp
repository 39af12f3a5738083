#include "wire/http_date.h"

#include <gtest/gtest.h>

namespace proto {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr sys_seconds kExample{seconds(784111777)};

TEST(HttpDate, ReadsAllThreeForms) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kExample);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), kExample);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), kExample);
  EXPECT_EQ(parse_http_date("Sun Nov 16 08:49:37 1994"), kExample + std::chrono::days(10));
  EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), sys_seconds{});
  EXPECT_EQ(parse_http_date("Monday, 23-Nov-26 00:00:00 GMT"),
            parse_http_date("Mon, 23 Nov 2026 00:00:00 GMT"));
}

TEST(HttpDate, RefusesEverythingElse) {
  for (const char* text :
       {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov -994 08:49:37 GMT", "784111777"})
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
}

TEST(HttpDate, WritesTheFirstForm) {
  EXPECT_EQ(format_http_date(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(sys_seconds{seconds(-1)}), "Wed, 31 Dec 1969 23:59:59 GMT");
  for (long t = 0; t < 5'000'000'000; t += 98'765'432)
    EXPECT_EQ(parse_http_date(format_http_date(sys_seconds{seconds(t)})), sys_seconds{seconds(t)});
}

}  // namespace
}  // namespace proto
