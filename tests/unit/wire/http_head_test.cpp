#include "wire/http_head.h"

#include <gtest/gtest.h>

#include <string>

#include "support/feed.h"

namespace proto {
namespace {

using test::however_cut;
using test::outcome;
using test::Pieces;

std::string describe(const HeadParser& parser) {
  std::string text;
  for (const auto [name, value] : parser.fields())
    text += "|" + std::string(name) + "=" + std::string(value);
  return text;
}

// "VERSION STATUS REASON|name=value|...+bytes behind the head".
std::string parse_response(const Pieces& pieces, const HeadLimits& limits = {}) {
  ResponseHeadParser parser(limits);
  std::string buffered;
  std::size_t size = 0;
  for (const std::string_view piece : pieces) {
    buffered += piece;
    if (size == 0) size = parser.feed(buffered);
  }
  if (size == 0) parser.finish(buffered);
  return std::to_string(parser.version()) + " " + std::to_string(parser.status()) + " " +
         parser.reason() + describe(parser) + "+" + buffered.substr(size);
}

std::string response(std::string_view input, const HeadLimits& limits = {}) {
  return however_cut(input, [&](const Pieces& p) { return parse_response(p, limits); });
}

std::string request(std::string_view input) {
  return however_cut(input, [](const Pieces& pieces) {
    RequestHeadParser parser;
    std::string buffered;
    std::size_t size = 0;
    for (const std::string_view piece : pieces) {
      buffered += piece;
      if (size == 0) size = parser.feed(buffered);
    }
    if (size == 0) parser.finish(buffered);
    return parser.method() + " " + parser.target() + " " + std::to_string(parser.version()) +
           describe(parser) + "+" + buffered.substr(size);
  });
}

TEST(HttpHead, TakesAResponse) {
  EXPECT_EQ(
      response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Empty:\r\nX:\t a b \t\r\n\r\nhello"),
      "11 200 OK|Content-Length=5|X-Empty=|X=a b+hello");
  EXPECT_EQ(response("HTTP/1.0 404 Not Found\r\n\r\n"), "10 404 Not Found+");
  EXPECT_EQ(response("HTTP/1.7 200 OK\r\n\r\n"), "11 200 OK+");
}

TEST(HttpHead, TakesARequest) {
  EXPECT_EQ(request("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\nrest"), "GET /a?b 11|Host=x+rest");
}

}  // namespace
}  // namespace proto
