#include <gtest/gtest.h>

#include <cstdlib>

#include "proto/header_text.h"

namespace proto {
namespace {

// The seconds since 1970 and the zone, or "none".
std::string parsed(std::string_view text) {
  const auto date = parse_mail_date(text);
  if (!date) return "none";
  return std::to_string(date->time.time_since_epoch().count()) +
         (date->offset_known ? " " + std::to_string(date->offset.count()) : " ?");
}

TEST(MailDate, ReadsWhatWritersWrite) {
  EXPECT_EQ(parsed("Tue, 02 Jan 2024 15:04:05 +0100"), "1704204245 60");
  EXPECT_EQ(parsed("2 Jan 2024 15:04:05 -0700"), "1704233045 -420");
  EXPECT_EQ(parsed("Tue, 2 Jan 2024 15:04 +0000 (UTC)"), "1704207840 0");
  EXPECT_EQ(parsed("Tue,\r\n 02 Jan 2024 (a (nested) comment) 15:04:05 GMT"), "1704207845 0");
  EXPECT_EQ(parsed("Tue, 02 Jan 2024 15:04:05 -0000"), "1704207845 ?");
  EXPECT_EQ(parsed("02 Jan 2024 15:04:05"), "1704207845 ?");
  EXPECT_EQ(parsed("Thu, 29 Feb 2024 23:59:60 +0000"), "1709251200 0");
}

TEST(MailDate, ReadsObsoleteForms) {  // RFC 5322 §4.3
  EXPECT_EQ(parsed("02 Jan 24 15:04:05 EST"), "1704225845 -300");
  EXPECT_EQ(parsed("02 Jan 99 00:00:00 PDT"), "915260400 -420");
  EXPECT_EQ(parsed("02 Jan 124 00:00:00 Z"), "1704153600 0");
  EXPECT_EQ(parsed("Tuesday, 02-Jan-2024 15:04:05 GMT"), "1704207845 0");
  EXPECT_EQ(parsed("Tue Jan  2 15:04:05 2024"), "1704207845 ?");
  EXPECT_EQ(parsed("Tue Jan  2 15:04:05 CET 2024"), "1704204245 60");
  EXPECT_EQ(parsed("02 Jan 2024 15:04:05 K"), "1704207845 ?");  // military: as -0000
}

TEST(MailDate, RefusesWhatIsNone) {
  for (const char* text :
       {"", "yesterday", "Tue, 32 Jan 2024 15:04:05 +0000", "30 Feb 2024 15:04:05",
        "02 Jan 2024 24:00:00", "02 Jan 2024 15:60:00", "02 Jan 2024 15", "02 Jan 2024",
        "02 Foo 2024 15:04:05", "99999999999 Jan 2024 15:04:05", "2 Jan 1800 0:00:00"}) {
    EXPECT_EQ(parsed(text), "none") << text;
  }
}

TEST(MailDate, IsWrittenWithItsZone) {
  for (const char* text : {"Tue, 02 Jan 2024 15:04:05 +0100", "Wed, 31 Dec 1969 23:59:59 -0930",
                           "Thu, 29 Feb 2024 00:00:00 +0545", "Tue, 02 Jan 2024 15:04:05 -0000"}) {
    EXPECT_EQ(parse_mail_date(text)->to_string(), text);
  }
}

TEST(MailDate, NowComesBack) {
  const MailDate now = MailDate::now();
  const auto again = parse_mail_date(now.to_string());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->time, now.time);
  EXPECT_EQ(again->offset, now.offset);
}

}  // namespace
}  // namespace proto
