// The vector code reads many bytes at a time, and none behind the end: the page there faults.
#include "wire/scan.h"

#include <gtest/gtest.h>

#include <string>

#include "support/page_end.h"
#include "wire/chunked.h"
#include "wire/http_head.h"

namespace proto {
namespace {

using test::AtPageEnd;

TEST(Scan, FindsEveryByteAtEveryPlaceAndReadsNoFurther) {
  AtPageEnd memory;
  for (std::size_t size = 0; size < 40; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text(size, 'a');
        if (at < size) text[at] = static_cast<char>(c);
        const std::string_view there = memory.put(text);
        const char* const end = there.data() + size;
        const bool token = at == size || is_token_char(static_cast<char>(c));
        const bool value = at == size || is_value_char(static_cast<char>(c));
        ASSERT_EQ(skip_token(there.data(), end), token ? end : there.data() + at) << c;
        ASSERT_EQ(skip_value(there.data(), end), value ? end : there.data() + at) << c;
        const bool name = at == size || is_mail_name_char(static_cast<char>(c));
        const bool in_line = at == size || (c != '\r' && c != '\n');
        ASSERT_EQ(skip_mail_name(there.data(), end), name ? end : there.data() + at) << c;
        ASSERT_EQ(find_cr_or_lf(there.data(), end), in_line ? end : there.data() + at) << c;
        if (at == size) break;
      }
    }
  }
}

TEST(Scan, HeadsAndChunksThatEndAtAnUnreadablePage) {
  AtPageEnd memory;
  const std::string head =
      "HTTP/1.1 200 OK\r\nServer: nginx\r\nA-long-name-of-many-letters: and a value that goes "
      "on\r\n"
      "Folded: a\r\n b\r\n\r\n";
  for (std::size_t size = 0; size <= head.size(); ++size) {
    ResponseHeadParser parser;
    EXPECT_EQ(parser.feed(memory.put(head.substr(0, size))), size == head.size() ? size : 0);
  }
  const std::string chunk = "1000;name=value\r\n";
  for (std::size_t size = 0; size <= chunk.size(); ++size) {
    ChunkedDecoder decoder;
    EXPECT_EQ(decoder.feed(memory.put(chunk.substr(0, size))), size == chunk.size() ? size : 0);
  }
}

}  // namespace
}  // namespace proto
