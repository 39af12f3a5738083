#include "wire/body_framing.h"

#include <gtest/gtest.h>

#include <string>

#include "support/feed.h"

namespace proto {
namespace {

using Kind = BodyFraming::Kind;

// "KIND[ LENGTH][ close][; DEVIATION]...", or the error.
std::string describe(const BodyFraming& f) {
  std::string text;
  switch (f.kind) {
    case Kind::none:
      text = "none";
      break;
    case Kind::counted:
      text = "counted " + std::to_string(f.length);
      break;
    case Kind::chunked:
      text = "chunked";
      break;
    case Kind::until_close:
      text = "until_close";
      break;
    case Kind::tunnel:
      text = "tunnel";
      break;
    case Kind::frames:
      text = f.length == BodyFraming::kUnknown ? "frames" : "frames " + std::to_string(f.length);
      break;
  }
  if (f.must_close) text += " close";
  for (unsigned bit = 1; bit < 64; bit *= 2) {
    const auto deviation = static_cast<Deviation>(bit);
    if (f.deviations.has(deviation)) text.append("; ").append(to_string(deviation));
  }
  return text;
}

std::string response(const Fields& fields, int status = 200, const char* method = "GET",
                     int version = 11) {
  return test::outcome([&] { return describe(framing_for(method, status, version, fields)); });
}

std::string request(const Fields& fields, int version = 11) {
  return test::outcome([&] { return describe(framing_for_request(version, fields)); });
}

std::string with_length(const char* value) {
  return response({{"Content-Length", value}});
}
std::string with_coding(const char* value) {
  return response({{"Transfer-Encoding", value}});
}

TEST(BodyFraming, OverHTTP2) {
  const auto framing = [](const Fields& fields, int status = 200, const char* method = "GET") {
    return test::outcome([&] { return describe(framing_for_http2(method, status, fields)); });
  };
  EXPECT_EQ(framing({}), "frames");
  EXPECT_EQ(framing({{"content-length", "5"}}), "frames 5");
  EXPECT_EQ(framing({{"content-length", "5"}, {"content-length", "5"}}),
            "frames 5; Content-Length is given more than once");
  EXPECT_EQ(framing({{"content-length", "5"}}, 200, "HEAD"), "none");
  EXPECT_EQ(framing({{"content-length", "5"}}, 304), "none");
  EXPECT_EQ(framing({}, 204), "none");
  EXPECT_EQ(framing({{"content-length", "x"}}),
            "ProtocolError: HTTP/2 response: no Content-Length: \"x\"");
  EXPECT_EQ(framing({{"content-length", "5"}, {"content-length", "6"}}),
            "ProtocolError: HTTP/2 response: two Content-Lengths: 5 and 6");
}

TEST(BodyFraming, PlainCases) {
  EXPECT_EQ(with_length("5"), "counted 5");
  EXPECT_EQ(with_length("0"), "counted 0");
  EXPECT_EQ(with_coding("chunked"), "chunked");
  EXPECT_EQ(with_coding("CHUNKED"), "chunked");
  EXPECT_EQ(response({}), "until_close close");
  EXPECT_EQ(response({}, 200, "GET", 10), "until_close close");
}

TEST(BodyFraming, Hostile04_DifferentLengthsAreAProtocolError) {
  EXPECT_EQ(response({{"Content-Length", "5"}, {"Content-Length", "6"}}),
            "ProtocolError: HTTP response: two Content-Lengths: 5 and 6");
  EXPECT_TRUE(with_length("5, 6").starts_with("ProtocolError"));
}

TEST(BodyFraming, Hostile05_EqualLengthsAreOne) {
  const std::string one = "counted 5; Content-Length is given more than once";
  EXPECT_EQ(with_length("5, 5"), one);
  EXPECT_EQ(response({{"Content-Length", "5"}, {"content-length", "5"}}), one);
}

TEST(BodyFraming, Hostile06to11_LengthsAreDigits) {
  for (const char* value : {"-1", "+5", "0x5", "5x", "", "99999999999999999999", " ", "5,", ",5",
                            "5 6", "5;a", "1e3", "\"5\"", "9223372036854775808"}) {
    EXPECT_TRUE(with_length(value).starts_with("ProtocolError: HTTP response: no Content-Length: "))
        << value;
  }
}

TEST(BodyFraming, Hostile12_TheLargestLengthIsTaken) {
  EXPECT_EQ(with_length("9223372036854775807"), "counted 9223372036854775807");
}

TEST(BodyFraming, Hostile13_ChunkedBeatsContentLengthAndEndsTheConnection) {
  const std::string wins = "chunked close; Content-Length beside chunked";
  EXPECT_EQ(response({{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}), wins);
  EXPECT_EQ(response({{"Transfer-Encoding", "chunked"}, {"Content-Length", "x"}}), wins);
}

TEST(BodyFraming, Hostile14to17b_OnlyChunkedAloneIsKnown) {
  for (const char* value : {"chunked, gzip", "xchunked", "gzip, chunked", "chunked, chunked", "",
                            "identity", "chunked;a=b", "chunked,", "\"chunked\"", "chunked x"}) {
    EXPECT_TRUE(with_coding(value).starts_with("ProtocolError")) << value;
  }
  EXPECT_TRUE(response({{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "identity"}})
                  .starts_with("ProtocolError"));
}

TEST(BodyFraming, Hostile16_ChunkedInHttp10IsTakenThenClosed) {
  EXPECT_EQ(response({{"Transfer-Encoding", "chunked"}}, 200, "GET", 10),
            "chunked close; chunked in HTTP/1.0");
}

TEST(BodyFraming, Hostile41_NoBodyWhateverTheFieldsSay) {
  const Fields length = {{"Content-Length", "5"}};
  const Fields chunked = {{"Transfer-Encoding", "chunked"}};
  EXPECT_EQ(response(length, 200, "HEAD"), "none");
  EXPECT_EQ(response(chunked, 200, "HEAD"), "none");
  EXPECT_EQ(response(length, 304), "none");
  EXPECT_EQ(response(chunked, 204), "none close; body fields where there is no body");
  EXPECT_EQ(response(length, 204), "none close; body fields where there is no body");
  EXPECT_EQ(response({}, 204), "none");
  EXPECT_EQ(response({{"Content-Length", "x"}}, 100), "none; body fields where there is no body");
}

TEST(BodyFraming, ConnectThatSucceedsOpensATunnel) {
  EXPECT_EQ(response({{"Content-Length", "5"}}, 200, "CONNECT"), "tunnel close");
  EXPECT_EQ(response({{"Transfer-Encoding", "chunked"}}, 299, "CONNECT"), "tunnel close");
  EXPECT_EQ(response({{"Content-Length", "5"}}, 407, "CONNECT"), "counted 5");
}

TEST(BodyFraming, Requests) {
  EXPECT_EQ(request({}), "none");
  EXPECT_EQ(request({{"Content-Length", "0"}}), "none");
  EXPECT_EQ(request({{"Content-Length", "7"}}), "counted 7");
  EXPECT_EQ(request({{"Transfer-Encoding", "chunked"}}), "chunked");
}

TEST(BodyFraming, RequestsThatCanBeReadInTwoWaysAreRefused) {
  EXPECT_EQ(request({{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}),
            "ProtocolError: HTTP request: both Transfer-Encoding and Content-Length");
  EXPECT_TRUE(request({{"Transfer-Encoding", "chunked"}}, 10).starts_with("ProtocolError"));
  EXPECT_TRUE(request({{"Transfer-Encoding", "gzip, chunked"}}).starts_with("ProtocolError"));
  EXPECT_TRUE(request({{"Content-Length", "+1"}}).starts_with("ProtocolError"));
}

TEST(KeepsAlive, FollowsVersionAndConnection) {
  EXPECT_TRUE(keeps_alive(11, {}));
  EXPECT_FALSE(keeps_alive(10, {}));
  EXPECT_FALSE(keeps_alive(11, {{"Connection", "close"}}));
  EXPECT_FALSE(keeps_alive(11, {{"Connection", "foo, Close"}}));
  EXPECT_TRUE(keeps_alive(10, {{"Connection", "Keep-Alive"}}));
  EXPECT_FALSE(keeps_alive(10, {{"Connection", "keep-alive"}, {"Connection", "close"}}));
  EXPECT_TRUE(keeps_alive(11, {{"Connection", "not-close"}}));
}

}  // namespace
}  // namespace proto
