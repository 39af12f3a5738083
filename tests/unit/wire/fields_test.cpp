#include "proto/fields.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace proto {
namespace {

std::string text(const Fields& fields) {
  std::string out;
  for (const auto [name, value] : fields) out.append(name).append("=").append(value).append(";");
  return out;
}

TEST(Fields, KeepsOrderAndRepetition) {
  Fields fields = {{"B", "1"}, {"a", "2"}};
  fields.add("b", "3");
  EXPECT_EQ(text(fields), "B=1;a=2;b=3;");
  EXPECT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields[1].name, "a");
  EXPECT_EQ(fields.get("A"), "2");
  EXPECT_EQ(fields.get("b"), "1");
  EXPECT_EQ(fields.get("c"), std::nullopt);
  EXPECT_EQ(fields.get_all("B"), (std::vector<std::string_view>{"1", "3"}));
  EXPECT_EQ(fields.combined("b"), "1, 3");
  EXPECT_EQ(fields.combined("c"), std::nullopt);
  EXPECT_TRUE(fields.contains("B"));
}

TEST(Fields, SetTakesTheFirstOnesPlaceAndRemovesTheOthers) {
  Fields fields = {{"A", "1"}, {"B", "2"}, {"a", "3"}, {"C", "4"}};
  fields.set("a", "5");
  EXPECT_EQ(text(fields), "a=5;B=2;C=4;");
  fields.set("D", "6");
  EXPECT_EQ(text(fields), "a=5;B=2;C=4;D=6;");
  EXPECT_EQ(fields.remove("b"), 1U);
  EXPECT_EQ(fields.remove("b"), 0U);
  EXPECT_EQ(text(fields), "a=5;C=4;D=6;");
  fields.clear();
  EXPECT_TRUE(fields.empty());
}

TEST(Fields, DropsBlanksAroundAValue) {
  EXPECT_EQ(text({{"A", " \tb c\t "}, {"B", " "}}), "A=b c;B=;");
}

TEST(Fields, RefusesWhatWouldBreakALine) {
  Fields fields = {{"A", "1"}};
  for (const std::string& value : {std::string("a\rb"), std::string("a\nb"), std::string("a\0b", 3),
                                   std::string("a\r\nSmuggled: b"), std::string("\n")}) {
    EXPECT_THROW(fields.add("B", value), std::invalid_argument);
    EXPECT_THROW(fields.set("A", value), std::invalid_argument);
  }
  for (const char* name : {"", "a b", "a:", "a\r\n", "\xc3\xa4", "a\tb"}) {
    EXPECT_THROW(fields.add(name, "x"), std::invalid_argument) << name;
    EXPECT_THROW(fields.set(name, "x"), std::invalid_argument) << name;
  }
  EXPECT_EQ(text(fields), "A=1;");
}

TEST(Fields, TakesViewsIntoItself) {
  Fields fields = {{"A", "a value that is too long for a small string"}};
  for (int i = 0; i < 10; ++i) fields.add(fields[0].name, fields[0].value);
  EXPECT_EQ(fields.size(), 11U);
  EXPECT_EQ(fields[10].value, "a value that is too long for a small string");
  fields.set(fields[0].name, *fields.get("A"));
  EXPECT_EQ(text(fields), "A=a value that is too long for a small string;");
}

TEST(Fields, SettingForeverDoesNotGrowForever) {
  Fields fields = {{"Keep", "me"}};
  const std::string value(100, 'x');
  for (int i = 0; i < 100000; ++i) fields.set("A", value);
  EXPECT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields.get("Keep"), "me");
  const char* const first = fields[0].name.data();
  EXPECT_LT(fields[1].value.data() - first, 4096);
}

TEST(Fields, ComparesByteForByte) {
  EXPECT_EQ((Fields{{"A", "b"}}), (Fields{{"A", "b"}}));
  EXPECT_FALSE((Fields{{"A", "b"}}) == (Fields{{"a", "b"}}));
  EXPECT_FALSE((Fields{{"A", "b"}}) == (Fields{{"A", "b"}, {"A", "b"}}));
}

}  // namespace
}  // namespace proto
