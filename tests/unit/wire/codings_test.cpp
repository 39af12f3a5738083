#include "wire/codings.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "base/base64.h"
#include "support/feed.h"

#if PROTO_WITH_ZSTD
#include <zstd.h>
#endif

namespace proto {
namespace {

using test::however_cut;
using test::Pieces;

enum Window { kGzip = 31, kZlib = 15, kRaw = -15 };

std::string deflated(std::string_view text, Window window) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string decode_pieces(std::string_view codings, const Pieces& pieces,
                          const CodingLimits& limits) {
  ContentDecoder decoder(codings, limits);
  std::string out;
  for (std::string_view piece : pieces) {
    for (;;) {
      const std::string_view some = decoder.decode(piece);
      if (some.empty()) break;
      out += some;
    }
    EXPECT_TRUE(piece.empty());
  }
  decoder.finish();
  return out;
}

std::string decode(std::string_view codings, std::string_view input,
                   const CodingLimits& limits = {}) {
  return however_cut(input, [&](const Pieces& p) { return decode_pieces(codings, p, limits); });
}

// The same, in one piece: for what is large.
std::string decode_whole(std::string_view codings, std::string_view input,
                         const CodingLimits& limits = {}) {
  return test::outcome([&] { return decode_pieces(codings, {input}, limits); });
}

const std::string kText = "Hello, hello, hello, world! ";

TEST(Codings, Gzip) {
  EXPECT_EQ(decode("gzip", deflated(kText, kGzip)), kText);
  EXPECT_EQ(decode("x-GZIP", deflated("", kGzip)), "");
}

TEST(Codings, GzipMembersFollowEachOther) {
  const std::string two = deflated("one ", kGzip) + deflated("two", kGzip);
  EXPECT_EQ(decode("gzip", two), "one two");
  EXPECT_EQ(decode("gzip", two + std::string(10, '\0')), "one two") << "padding";
  EXPECT_EQ(decode("gzip", two + "x"),
            "ProtocolError: Content-Encoding gzip: something follows the end");
  EXPECT_EQ(decode("gzip", two + "\x1f"), "ProtocolError: Content-Encoding gzip: cut short");
}

TEST(Codings, DeflateWithAndWithoutZlibsHeader) {
  EXPECT_EQ(decode("deflate", deflated(kText, kZlib)), kText);
  EXPECT_EQ(decode("deflate", deflated(kText, kRaw)), kText);
  EXPECT_EQ(decode("deflate", deflated("", kRaw)), "");
  EXPECT_TRUE(decode("deflate", deflated(kText, kZlib) + "x").starts_with("ProtocolError"));
}

#if PROTO_WITH_BROTLI
TEST(Codings, Brotli) {
  const std::string result = decode("br", *base64_decode("CwKAaGVsbG8D"));
  EXPECT_EQ(result, "hello");
  EXPECT_TRUE(decode("br", *base64_decode("CwKAaGVsbG8D") + "x").starts_with("ProtocolError"));
  EXPECT_EQ(decode("br", *base64_decode("CwKAaGVs")),
            "ProtocolError: Content-Encoding br: cut short");
}
#endif

#if PROTO_WITH_ZSTD
std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

TEST(Codings, Zstd) {
  EXPECT_EQ(decode("zstd", zstd(kText)), kText);
  EXPECT_EQ(decode("zstd", zstd("one ") + zstd("two")), "one two");
  const std::string coded = zstd(kText);
  for (std::size_t size = 1; size < coded.size(); ++size)
    EXPECT_EQ(decode_whole("zstd", coded.substr(0, size)),
              "ProtocolError: Content-Encoding zstd: cut short");
  EXPECT_TRUE(decode("zstd", coded + "x").starts_with("ProtocolError"));
}

TEST(Codings, ZstdMayNotAskForALargeWindow) {
  // A frame header that asks for 2 GiB.
  EXPECT_TRUE(decode_whole("zstd", std::string("\x28\xb5\x2f\xfd\x00\xa8\x00\x00\x00\x00\x00", 11))
                  .starts_with("ProtocolError"));
}
#endif

TEST(Codings, TruncationIsAnError) {
  for (const Window window : {kGzip, kZlib, kRaw}) {
    const std::string coded = deflated(kText, window);
    const char* const name = window == kGzip ? "gzip" : "deflate";
    for (std::size_t size = 1; size < coded.size(); ++size) {
      const std::string want =
          "ProtocolError: Content-Encoding " + std::string(name) + ": cut short";
      EXPECT_EQ(decode_whole(name, coded.substr(0, size)), want) << size;
    }
  }
}

TEST(Codings, NoByteAtAllIsAnEmptyBody) {
  for (const char* coding : {"gzip", "deflate", "gzip, deflate"}) EXPECT_EQ(decode(coding, ""), "");
}

TEST(Codings, DamageIsAnError) {
  std::string coded = deflated(kText, kGzip);
  coded[coded.size() - 5] ^= 1;  // of the checksum
  EXPECT_TRUE(decode("gzip", coded).starts_with("ProtocolError: Content-Encoding gzip: ")) << "CRC";
  EXPECT_TRUE(decode("gzip", "no gzip at all").starts_with("ProtocolError"));
  EXPECT_TRUE(decode("deflate", "\xff\xff\xff\xff").starts_with("ProtocolError"));
}

TEST(Codings, AreUndoneLastToFirst) {
  const std::string inner = deflated(kText, kZlib);
  const std::string outer = deflated(inner, kGzip);
  EXPECT_EQ(decode("deflate, gzip", outer), kText);
  EXPECT_EQ(decode("identity, deflate, , Identity, gzip", outer), kText);
  EXPECT_TRUE(decode("gzip, deflate", outer).starts_with("ProtocolError"));
  EXPECT_EQ(decode("identity", "as it is"), "as it is");
  EXPECT_TRUE(decode("", "as it is") == "as it is");
}

TEST(Codings, UnknownOnesAreAnError) {
  EXPECT_EQ(decode("gzip, sdch", ""),
            "ProtocolError: Content-Encoding: a coding that is not known here: \"sdch\"");
}

TEST(Codings, Hostile50_SixStackedCodingsAreAProtocolError) {
  std::string coded = kText;
  std::string codings;
  for (int i = 0; i < 5; ++i) {
    coded = deflated(coded, kGzip);
    codings += i == 0 ? "gzip" : ", gzip";
  }
  EXPECT_EQ(decode(codings, coded), kText);
  EXPECT_TRUE(decode(codings + ", gzip", coded)
                  .starts_with("ProtocolError: Content-Encoding: more than 5"));
}

TEST(Codings, Hostile49_ABombIsALimitErrorByWhatComesOut) {
  CodingLimits limits;
  limits.max_output_bytes = 100000;
  const std::string bomb = deflated(std::string(100001, 'x'), kGzip);
  EXPECT_EQ(decode_whole("gzip", bomb, limits),
            "LimitError: Content-Encoding: more than 100000 bytes come out");
  limits.max_output_bytes = 100001;
  EXPECT_EQ(decode_whole("gzip", bomb, limits).size(), 100001U);
}

TEST(Codings, Hostile49_ABombIsALimitErrorByItsRatio) {
  const std::string limit =
      "LimitError: Content-Encoding: over 500 times as many bytes come out as go in";
  // 64 MiB of zeros, packed once: 64 KiB; twice: a few hundred bytes.
  const std::string once = deflated(std::string(std::size_t{64} << 20, '\0'), kGzip);
  EXPECT_EQ(decode_whole("gzip", once), limit);
  EXPECT_EQ(decode_whole("gzip, gzip", deflated(once, kGzip)), limit);
  // A page of blanks is none.
  const std::string page(std::size_t{4} << 20, ' ');
  EXPECT_EQ(decode_whole("gzip", deflated(page, kGzip)), page);
}

}  // namespace
}  // namespace proto
