// Against the same scans byte by byte; none reads behind the end, where the page faults.
#include "wire/line_scan.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/characters.h"
#include "support/page_end.h"
#include "wire/avx2.h"

namespace proto {
namespace {

using test::AtPageEnd;

std::size_t naive_line_by_letter(std::string_view text, std::size_t at, char letter) {
  for (; at < text.size(); ++at) {
    const bool begins_line = text[at - 1] == '\n' || (text[at - 1] == '\r' && text[at] != '\n');
    const bool is_empty = text[at] == '\r' || text[at] == '\n';
    if (begins_line && (is_empty || to_lower(text[at]) == to_lower(letter))) break;
  }
  return at;
}

// Whichever way it goes.
void expect_dot_at(std::string_view text, std::size_t at) {
  const char* const end = text.data() + text.size();
  ASSERT_EQ(find_line_with_dot(text.data(), end), text.data() + at);
  ASSERT_EQ(detail::find_line_with_dot_baseline(text.data(), end), text.data() + at);
#if defined(__x86_64__)
  if (!has_avx2()) return;
  ASSERT_EQ(detail::find_line_with_dot_avx2(text.data(), end), text.data() + at);
#endif
}

void expect_agreement(std::string_view text, char letter) {
  const char* const begin = text.data() + 1;
  const char* const end = text.data() + text.size();
  const char* const wanted = text.data() + naive_line_by_letter(text, 1, letter);
  ASSERT_EQ(find_line_by_letter(begin, end, letter), wanted) << quoted(text, 1000);
  ASSERT_EQ(detail::find_line_by_letter_baseline(begin, end, letter), wanted) << quoted(text, 1000);
#if defined(__x86_64__)
  if (!has_avx2()) return;
  ASSERT_EQ(detail::find_line_by_letter_avx2(begin, end, letter), wanted) << quoted(text, 1000);
#endif
}

TEST(LineScan, FindsALineWithADot) {
  AtPageEnd memory;
  for (std::size_t size = 0; size < 210; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      for (const std::string_view put : {"\n.", "\n", ".\n", "\r."}) {
        std::string text(size, 'a');
        text.replace(at, std::min(put.size(), size - at), put.substr(0, size - at));
        expect_dot_at(memory.put(text), std::min(text.find("\n."), size));
      }
    }
  }
}

TEST(LineScan, FindsALineByItsLetterOrAnEmptyOne) {
  AtPageEnd memory;
  for (std::size_t size = 1; size < 110; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      for (const std::string_view put :
           {"\r\ns", "\nS", "\rs", "\n\n", "\n\r\n", "\r\r", "\r\n", "\ts", "s", "\r\nt\r\nS",
            "\t\r\t\n\t\ns", "\n\xf3", "\nS\ns\ns"}) {
        std::string text(size, 'a');
        text.replace(at, std::min(put.size(), size - at), put.substr(0, size - at));
        for (const char letter : {'s', 'S'}) expect_agreement(memory.put(text), letter);
      }
    }
  }
}

TEST(LineScan, TakesTheLineEndsOfEveryPairOfBytes) {
  AtPageEnd memory;
  for (int before = 0; before < 256; ++before) {
    for (int c = 0; c < 256; ++c) {
      std::string text(70, 'a');
      text[40] = static_cast<char>(before);
      text[41] = static_cast<char>(c);
      expect_agreement(memory.put(text), 'x');
    }
  }
}

}  // namespace
}  // namespace proto
