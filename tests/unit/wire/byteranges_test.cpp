#include "wire/byteranges.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/feed.h"

namespace proto {
namespace {

using test::Pieces;

// "FIRST-LAST:DATA;" for each part.
std::string decode(std::string_view input) {
  return test::however_cut(input, [](const Pieces& pieces) {
    ByterangesDecoder decoder("multipart/byteranges; boundary=\"B B\"");
    std::string buffered;
    std::string text;
    for (const std::string_view piece : pieces) {
      buffered += piece;
      while (!decoder.done()) {
        std::size_t size = 0;
        if (decoder.remaining() > 0) {
          size = static_cast<std::size_t>(
              std::min<std::uint64_t>(decoder.remaining(), buffered.size()));
          text.append(buffered, 0, size);
          decoder.consumed(size);
          if (decoder.remaining() == 0) text += ";";
        } else {
          size = decoder.feed(buffered);
          if (decoder.remaining() > 0) {
            const ByteRange& range = decoder.range();
            text += std::to_string(range.first) + "-" + std::to_string(range.last) + ":";
          }
        }
        if (size == 0) break;
        buffered.erase(0, size);
      }
    }
    if (!decoder.done()) decoder.finish();
    return text;
  });
}

const std::string kPart =
    "--B B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-4/100\r\n\r\nhello\r\n";
const std::string kEnd = "--B B--";

TEST(Byteranges, GivesTheParts) {
  EXPECT_EQ(
      decode(kPart + "--B B \r\nContent-Range: bytes 10-12/*\r\n\r\n\r\n-\r\n" + kEnd + "\r\n"),
      "0-4:hello;10-12:\r\n-;");
  EXPECT_EQ(decode("preamble\r\n\r\n" + kPart + kEnd), "0-4:hello;");
  EXPECT_EQ(decode(kPart + kEnd + "\r\nepilogue"), "0-4:hello;");
}

TEST(Byteranges, TheBoundaryMayStandInTheData) {
  EXPECT_EQ(decode("--B B\r\nContent-Range: bytes 0-8/9\r\n\r\n\r\n--B B--\r\n" + kEnd),
            "0-8:\r\n--B B--;");
}

TEST(Byteranges, RefusesWhatIsNone) {
  for (const std::string& input :
       {kEnd, "--B B\r\n\r\nhello\r\n" + kEnd,
        "--B B\r\nContent-Range: bytes */5\r\n\r\n\r\n" + kEnd,
        "--B B\r\nContent-Range: bytes 4-0/5\r\n\r\n\r\n" + kEnd,
        "--B B\r\nno field\r\n\r\n" + kEnd,
        "--B B\r\nContent-Range: bytes 0-4/100\r\n\r\nhello, and more\r\n" + kEnd,
        kPart + "no boundary\r\n", kPart + "\r\n" + kEnd}) {
    EXPECT_TRUE(decode(input).starts_with("ProtocolError: HTTP multipart/byteranges: ")) << input;
  }
  for (const char* type :
       {"", "text/plain; boundary=x", "multipart/byteranges", "multipart/byteranges; boundary="})
    EXPECT_THROW(ByterangesDecoder{type}, ProtocolError) << type;
}

TEST(Byteranges, TruncationIsAnError) {
  const std::string whole = kPart + kPart + kEnd;
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_TRUE(decode(whole.substr(0, size)).starts_with("ClosedError")) << size;
}

TEST(Byteranges, EndlessFramingIsALimitError) {
  EXPECT_TRUE(decode(std::string(20000, 'x')).starts_with("LimitError"));
  std::string fields = "--B B\r\n";
  for (int i = 0; i < 2000; ++i) fields += "Another: field\r\n";
  EXPECT_TRUE(decode(fields).starts_with("LimitError"));
}

}  // namespace
}  // namespace proto
