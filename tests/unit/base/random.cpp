#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "base/characters.h"

namespace proto {
namespace {

TEST(Random, GivesAsManyBytesAsAskedFor) {
  for (const std::size_t size : {0U, 1U, 255U, 257U, 100000U})
    EXPECT_EQ(random_bytes(size).size(), size);
  EXPECT_NE(random_bytes(16), random_bytes(16));
}

TEST(Random, TextIsLowerCaseLettersAndDigits) {
  std::set<char> seen;
  const std::string text = random_text(20000);
  EXPECT_EQ(text.size(), 20000U);
  for (const char c : text) {
    EXPECT_TRUE(is_digit(c) || (c >= 'a' && c <= 'z'));
    seen.insert(c);
  }
  EXPECT_EQ(seen.size(), 36U);
}

TEST(Random, BelowStaysBelowAndReachesEveryValue) {
  EXPECT_EQ(random_below(1), 0U);
  std::array<int, 7> count{};
  for (int i = 0; i < 1000; ++i) {
    const auto value = random_below(count.size());
    ASSERT_LT(value, count.size());
    ++count[value];
  }
  for (const int n : count) EXPECT_GT(n, 0);
  EXPECT_LT(random_below(UINT64_MAX), UINT64_MAX);
}

}  // namespace
}  // namespace proto
