#include "wire/line_ends.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "support/page_end.h"
#include "wire/avx2.h"
#include "wire/clean_steps.h"

namespace proto {
namespace {

std::size_t naive_clean_size(std::string_view text, LineDots dots) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') return i;
    if (text[i] != '\r') continue;
    if (i + 1 == text.size() || text[i + 1] != '\n') return i;
    ++i;
    if (dots == LineDots::stuffed && i + 1 < text.size() && text[i + 1] == '.') return i + 1;
  }
  return text.size();
}

// Of whichever way: nothing unclean is stepped over, and of clean text nothing is left that need
// not be.
void expect_clean_steps(std::string_view text) {
  if (text.starts_with('\n')) return;
  const std::size_t clean = naive_clean_size(text, LineDots::stuffed);
  const std::size_t least = text.size() < kCleanStep + 2 ? 0
                            : clean == text.size()       ? text.size() - 2
                            : clean > kCleanStep + 2     ? clean - kCleanStep - 2
                                                         : 0;
  const std::size_t steps = clean_steps_baseline(text);
  ASSERT_LE(steps, clean) << text;
  ASSERT_GE(steps, least) << text;
#if defined(__x86_64__)
  if (has_avx2()) {
    ASSERT_EQ(clean_steps_avx2(text), steps) << text;
  }
#endif
}

// No read goes past the end of the text either.
void expect_agreement(std::string_view wanted) {
  static test::AtPageEnd memory;
  const std::string_view text = memory.put(wanted);
  expect_clean_steps(text);
  for (const LineDots dots : {LineDots::any, LineDots::stuffed})
    ASSERT_EQ(clean_size(text, dots), naive_clean_size(text, dots)) << text;
  ASSERT_EQ(has_bare_line_end(text), naive_clean_size(text, LineDots::any) < text.size());
  ASSERT_EQ(count_lf(text), static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')));
}

TEST(CleanSize, OneBlemishAtEachPlace) {
  std::string clean;
  while (clean.size() < 700) clean += "a line.\r\n" + std::string(clean.size() % 60, 'x') + "\r\n";
  expect_agreement(clean);
  for (const std::string_view blemish :
       {"\r", "\n", ".", "\n.", "\r\n.", "\r\n", "\r\r\n", "\n\r"}) {
    for (std::size_t at = 0; at <= clean.size(); ++at) {
      expect_agreement(std::string(clean).insert(at, blemish));
      expect_agreement(std::string(clean, 0, at) + std::string(blemish));
    }
  }
}

TEST(CleanSize, AgreesWithTheNaiveOne) {
  std::mt19937 random(11);
  const std::string_view words[] = {
      "\r\n", "\r\n", "\r\n", "text, and more of it: ", "\t", "x", ".", "\r\n.", "\n", "\r"};
  for (int round = 0; round < 4000; ++round) {
    // Few rounds have any blemish, so that most go far.
    const std::size_t kinds = round % 4 == 0 ? 10 : 6;
    std::string text(random() % 3, 'x');
    while (text.size() < 100 + random() % 900) text += words[random() % kinds];
    expect_agreement(text);
  }
}

}  // namespace
}  // namespace proto
