#include "wire/byte_range.h"

#include <gtest/gtest.h>

namespace proto {
namespace {

std::string answer(std::string_view value, std::uint64_t size) {
  const RangeAnswer a = parse_range(value, size);
  if (a.kind == RangeAnswer::Kind::whole) return "whole";
  if (a.kind == RangeAnswer::Kind::unsatisfiable) return "416";
  std::string text;
  for (const ByteRange& r : a.ranges)
    text += std::to_string(r.first) + "-" + std::to_string(r.last) + ";";
  return text;
}

TEST(Range, AnswersWhatIsAskedFor) {
  EXPECT_EQ(answer("bytes=0-4", 10), "0-4;");
  EXPECT_EQ(answer("bytes=5-", 10), "5-9;");
  EXPECT_EQ(answer("bytes=-3", 10), "7-9;");
  EXPECT_EQ(answer("bytes=-30", 10), "0-9;");
  EXPECT_EQ(answer("bytes=8-100", 10), "8-9;");
  EXPECT_EQ(answer("Bytes=0-0, 9-9,", 10), "0-0;9-9;");
  EXPECT_EQ(answer("bytes=0-1,20-", 10), "0-1;");
}

TEST(Range, WhatIsNotThereIs416) {
  EXPECT_EQ(answer("bytes=10-", 10), "416");
  EXPECT_EQ(answer("bytes=-0", 10), "416");
  EXPECT_EQ(answer("bytes=0-", 0), "416");
  EXPECT_EQ(answer("bytes=-1", 0), "416");
}

TEST(Range, WhatIsNoRangeIsPassedOver) {
  for (const char* value : {"", "bytes", "bytes=", "bytes=,", "lines=0-4", "bytes=4-0", "bytes=a-b",
                            "bytes=0", "bytes=-", "bytes=+0-4", "bytes=0-4-5", "bytes=0-4,x",
                            "bytes=99999999999999999999-", "bytes=0-x"})
    EXPECT_EQ(answer(value, 10), "whole") << value;
}

TEST(Range, ManyOrOverlappingRangesGetTheWhole) {
  std::string many = "bytes=0-0";
  for (int i = 0; i < 16; ++i) many += ",0-0";
  EXPECT_EQ(answer(many, 1000), "whole");
  EXPECT_EQ(answer("bytes=0-,0-", 10), "whole");
}

TEST(ContentRange, ReadsBothForms) {
  const auto range = parse_content_range("bytes 2-4/10");
  ASSERT_TRUE(range && range->range);
  EXPECT_EQ(*range->range, (ByteRange{2, 4}));
  EXPECT_EQ(range->size, 10U);
  EXPECT_EQ(parse_content_range("bytes 2-4/*")->size, std::nullopt);
  EXPECT_EQ(parse_content_range("bytes */10")->range, std::nullopt);
  for (const char* value :
       {"", "bytes", "bytes 2-4", "bytes 4-2/10", "bytes 2-10/10", "bytes */*", "bytes -4/10",
        "bytes 2-/10", "lines 2-4/10", "bytes 2-4/10x", "bytes=2-4/10", "bytes 0x2-4/10"})
    EXPECT_FALSE(parse_content_range(value)) << value;
  EXPECT_EQ(format_content_range(ByteRange{2, 4}, 10), "bytes 2-4/10");
  EXPECT_EQ(format_content_range(std::nullopt, 10), "bytes */10");
}

}  // namespace
}  // namespace proto
