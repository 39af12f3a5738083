#include "wire/chunked.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "proto/error.h"
#include "support/feed.h"

namespace proto {
namespace {

using test::however_cut;
using test::Pieces;

// "BODY|trailer=value...+bytes behind the end".
std::string decode_pieces(const Pieces& pieces, const ChunkLimits& limits) {
  ChunkedDecoder decoder(limits);
  std::string buffered;
  std::string body;
  for (const std::string_view piece : pieces) {
    buffered += piece;
    while (!decoder.done() && !buffered.empty()) {
      std::size_t size = 0;
      if (decoder.remaining() > 0) {
        size =
            static_cast<std::size_t>(std::min<std::uint64_t>(buffered.size(), decoder.remaining()));
        body.append(buffered, 0, size);
        decoder.consumed(size);
      } else if ((size = decoder.feed(buffered)) == 0) {
        break;
      }
      buffered.erase(0, size);
    }
  }
  if (!decoder.done()) decoder.finish();
  for (const auto [name, value] : decoder.trailers())
    body += "|" + std::string(name) + "=" + std::string(value);
  return body + "+" + buffered;
}

std::string decode(std::string_view input, const ChunkLimits& limits = {}) {
  return however_cut(input, [&](const Pieces& p) { return decode_pieces(p, limits); });
}

void expect_refused(std::string_view input, std::string_view why) {
  const std::string result = decode(input);
  EXPECT_TRUE(result.starts_with("ProtocolError: HTTP ")) << result;
  EXPECT_NE(result.find(why), std::string::npos) << result;
}

TEST(ChunkedDecoder, TakesChunksAndLeavesWhatFollows) {
  EXPECT_EQ(decode("5\r\nhello\r\nA\r\n, world!!!\r\n0\r\n\r\nHTTP/1.1"),
            "hello, world!!!+HTTP/1.1");
  EXPECT_EQ(decode("0\r\n\r\n"), "+");
  EXPECT_EQ(decode("00000005\r\nhello\r\n000\r\n\r\n"), "hello+");
}

// The framing between them is the same bytes, which the decoder knows again.
TEST(ChunkedDecoder, TakesChunksOfOneSize) {
  EXPECT_EQ(decode("3\r\nabc\r\n3\r\ndef\r\n3\r\nghi\r\n0\r\n\r\n"), "abcdefghi+");
  EXPECT_EQ(decode("3\r\nabc\r\n3\r\ndef\r\n03\r\nghi\r\n3;x\r\njkl\r\n3\r\nmno\r\n0\r\n\r\n"),
            "abcdefghijklmno+");
  expect_refused("3\r\nabc\r\n3\r\ndef\n3\r\nghi\r\n", "want CRLF behind a chunk");
}

TEST(ChunkedDecoder, ChunksOfOneSizeAddUpToTheSameLimit) {
  ChunkedDecoder decoder;
  EXPECT_EQ(decoder.feed("4000000000000000\r\n"), 18U);
  decoder.consumed(decoder.remaining());
  EXPECT_THROW(decoder.feed("\r\n4000000000000000\r\n"), ProtocolError);
}

TEST(ChunkedDecoder, PassesOverExtensions) {
  EXPECT_EQ(decode("5;a=b;c=\"d e\"\r\nhello\r\n0;last\r\n\r\n"), "hello+");
  EXPECT_EQ(decode("5 \t;a\r\nhello\r\n0\r\n\r\n"), "hello+");
  expect_refused("5;a\x01\r\nhello\r\n0\r\n\r\n", "a control character in an extension");
  expect_refused("5;a\rb\r\nhello\r\n0\r\n\r\n", "a control character in an extension");
}

TEST(ChunkedDecoder, GivesTrailersApart) {
  EXPECT_EQ(decode("0\r\nDigest: x\r\nX-Y:  z \r\n\r\nrest"), "|Digest=x|X-Y=z+rest");
}

TEST(ChunkedDecoder, DropsTrailersThatRuleMessageOrConnection) {
  EXPECT_EQ(decode("0\r\nContent-Length: 5\r\ntransfer-encoding: chunked\r\nHost: x\r\nA: b\r\n"
                   "Authorization: y\r\nSet-Cookie: z\r\n\r\n"),
            "|A=b+");
}

TEST(ChunkedDecoder, Hostile18to22_SizesAreHexadecimalDigits) {
  for (const char* size : {"-5", "0x5", "0_5", "", "5g", "+5", " 5", "x"})
    expect_refused(std::string(size) + "\r\nhello\r\n0\r\n\r\n", "no chunk size");
  expect_refused("ffffffffffffffffff\r\n", "a chunk size of over 16 digits");
  expect_refused("00000000000000005\r\nhello\r\n0\r\n\r\n", "a chunk size of over 16 digits");
  expect_refused("ffffffffffffffff\r\n", "too large a size");
  expect_refused("8000000000000000\r\n", "too large a size");
  expect_refused("5\r\nhello\r\n7fffffffffffffff\r\n", "too large a size");
}

TEST(ChunkedDecoder, Hostile23_LfAloneIsAProtocolError) {
  expect_refused("5\nhello\r\n0\r\n\r\n", "a line of framing ends in LF alone");
  expect_refused("5\r\nhello\r\n0\n\r\n", "a line of framing ends in LF alone");
  expect_refused("5\r\nhello\r\n0\r\n\n", "a line of framing ends in LF alone");
  expect_refused("0\r\nA: b\n\r\n", "a line of framing ends in LF alone");
}

TEST(ChunkedDecoder, Hostile24_BlanksBehindTheSizeAreTaken) {
  EXPECT_EQ(decode("5 \r\nhello\r\n0\t \r\n\r\n"), "hello+");
  expect_refused("5 5\r\nhello\r\n0\r\n\r\n", "no chunk size");
}

TEST(ChunkedDecoder, Hostile25_FiveThousandZerosAreALimitError) {
  EXPECT_EQ(decode(std::string(5000, '0') + "5\r\nhello\r\n0\r\n\r\n"),
            "LimitError: HTTP chunked body: a chunk's line is longer than 4096 bytes");
}

TEST(ChunkedDecoder, Hostile26_ExactlyCrlfBehindAChunk) {
  expect_refused("5\r\nhelloXX\r\n0\r\n\r\n", "want CRLF behind a chunk, got: \"X\"");
  expect_refused("5\r\nhello\rX\r\n0\r\n\r\n", "want CRLF behind a chunk, got: \"\\rX\"");
  expect_refused("5\r\nhello\n0\r\n\r\n", "want CRLF behind a chunk, got: \"\\n\"");
}

TEST(ChunkedDecoder, Hostile27_EofBeforeTheEndIsTruncation) {
  const std::string whole = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string result = decode(whole.substr(0, size));
    EXPECT_TRUE(result.starts_with("ClosedError: HTTP chunked body: ")) << result;
  }
  EXPECT_EQ(decode("5\r\nhel"),
            "ClosedError: HTTP chunked body: the connection was closed in a chunk, 2 octets before "
            "its end; 3 octets of body came");
}

TEST(ChunkedDecoder, Hostile28_EndlessExtensionIsALimitError) {
  EXPECT_EQ(decode("5;" + std::string(9000, 'a')),
            "LimitError: HTTP chunked body: a chunk's line is longer than 4096 bytes");
}

TEST(ChunkedDecoder, ExtensionsMayNotOutgrowTheBody) {
  std::string input;
  for (int i = 0; i < 20; ++i) input += "1;" + std::string(1000, 'a') + "\r\nx\r\n";
  EXPECT_TRUE(decode(input + "0\r\n\r\n").starts_with("LimitError: HTTP chunked body: extensions"));
}

TEST(ChunkedDecoder, Hostile29_EndlessTrailersAreALimitError) {
  std::string input = "0\r\n";
  for (int i = 0; i < 600; ++i)
    input += "Trailing-Field-Number: " + std::to_string(i) + "-padding\r\n";
  EXPECT_EQ(decode(input.substr(0, 17000)),
            "LimitError: HTTP chunked body: the trailer section is longer than 16384 bytes");
  EXPECT_TRUE(decode("0\r\nA: " + std::string(20000, 'x')).starts_with("LimitError"));
  ChunkLimits limits;
  limits.max_trailers = 2;
  EXPECT_EQ(decode("0\r\nA: b\r\nA: b\r\nHost: c\r\n\r\n", limits),
            "LimitError: HTTP chunked body: more than 2 trailers");
}

TEST(ChunkedDecoder, TrailersAreAsStrictAsFields) {
  expect_refused("0\r\nA : b\r\n\r\n",
                 "HTTP trailers: the field line has a blank before the colon");
  expect_refused("0\r\nA: b\r\n c\r\n\r\n", "begins with a blank");
  expect_refused(std::string_view("0\r\nA: b\0\r\n\r\n", 12), "has a NUL");
}

TEST(ChunkedDecoder, ResetBeginsAnew) {
  ChunkedDecoder decoder;
  EXPECT_EQ(decoder.feed("5\r\n"), 3U);
  decoder.reset();
  EXPECT_EQ(decoder.feed("0\r\n\r\n"), 5U);
  EXPECT_TRUE(decoder.done());
}

TEST(ChunkHeader, WritesSizes) {
  EXPECT_EQ(ChunkHeader(5).text(), "5\r\n");
  EXPECT_EQ(ChunkHeader(65536).text(), "10000\r\n");
  EXPECT_EQ(ChunkHeader(~std::uint64_t{0}).text(), "ffffffffffffffff\r\n");
}

TEST(ChunkHeader, WhatIsWrittenIsRead) {
  std::string out;
  for (const std::string_view part : {"hello", ", ", "world"})
    out.append(ChunkHeader(part.size()).text()).append(part).append(kChunkEnd);
  std::string with_trailers = out;
  append_last_chunk(with_trailers, {{"Digest", "x"}});
  EXPECT_EQ(decode(out.append(kLastChunk)), "hello, world+");
  EXPECT_EQ(decode(with_trailers), "hello, world|Digest=x+");
}

}  // namespace
}  // namespace proto
