#include "wire/plain_text.h"

#include <gtest/gtest.h>

#include <string>

#include "support/page_end.h"
#include "wire/avx2.h"

namespace proto {
namespace {

// By whichever way; no read goes past the end of the text.
void expect_plain(std::string_view wanted, bool plain) {
  static test::AtPageEnd memory;
  const std::string_view text = memory.put(wanted);
  ASSERT_EQ(is_plain_text(text), plain) << wanted.size();
  ASSERT_EQ(is_plain_text_baseline(text), plain) << wanted.size();
#if defined(__x86_64__)
  if (has_avx2()) {
    ASSERT_EQ(is_plain_text_avx2(text), plain) << wanted.size();
  }
#endif
}

TEST(PlainText, OneBlemishAtEachPlace) {
  for (const std::size_t size : {0U, 1U, 31U, 255U, 256U, 257U, 512U, 700U}) {
    std::string text(size, '\x7f');
    if (size > 0) text.front() = '\x01';
    expect_plain(text, true);
    for (char& c : text) {
      const char was = c;
      for (const char blemish : {'\0', '\x80', '\xff'}) {
        c = blemish;
        expect_plain(text, false);
      }
      c = was;
    }
  }
}

}  // namespace
}  // namespace proto
