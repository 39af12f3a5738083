#include "wire/http_head.h"

#include <gtest/gtest.h>

#include <string>

#include "support/feed.h"

namespace proto {
namespace {

using test::however_cut;
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

// Whether `input` as a response is a ProtocolError that says `why`.
void expect_refused(std::string_view input, std::string_view why) {
  const std::string result = response(input);
  EXPECT_TRUE(result.starts_with("ProtocolError: HTTP response: ")) << result;
  EXPECT_NE(result.find(why), std::string::npos) << result;
}

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\n";
std::string after_ok(std::string_view rest) {
  return std::string(kOk) + std::string(rest);
}

TEST(HttpHead, TakesAResponse) {
  EXPECT_EQ(
      response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Empty:\r\nX:\t a b \t\r\n\r\nhello"),
      "11 200 OK|Content-Length=5|X-Empty=|X=a b+hello");
  EXPECT_EQ(response("HTTP/1.0 404 Not Found\r\n\r\n"), "10 404 Not Found+");
  EXPECT_EQ(response("HTTP/1.7 200 OK\r\n\r\n"), "11 200 OK+");
}

TEST(HttpHead, TakesLongNamesAndValuesOfAnyByteAllowed) {
  std::string value = "x\t";
  for (int c = 0x20; c < 0x100; ++c) {
    if (c != 0x7f) value += static_cast<char>(c);
  }
  const std::string name = "A-rather-long-name-of-over-32-bytes_with!all#the$odd%&'*+.^`|~ones0";
  EXPECT_EQ(response(after_ok(name + ": " + value + "\r\n\r\n")),
            "11 200 OK|" + name + "=" + value + "+");
}

TEST(HttpHead, LfOnlyLinesAreTaken) {
  EXPECT_EQ(response("HTTP/1.1 200 OK\nA: b\nC: d\r\n\nrest"), "11 200 OK|A=b|C=d+rest");
  ResponseHeadParser parser;
  EXPECT_GT(parser.feed("HTTP/1.1 200 OK\r\nA: b\n\r\n"), 0U);
  EXPECT_TRUE(parser.deviations().has(Deviation::lf_only_line));
  parser.reset();
  EXPECT_GT(parser.feed("HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), 0U);
  EXPECT_TRUE(parser.deviations().empty());
}

TEST(HttpHead, Hostile01_EofAtOnceIsTruncationOfItsOwnKind) {
  EXPECT_EQ(response(""),
            "ClosedError: HTTP response: the connection was closed before a byte of it came");
}

TEST(HttpHead, Hostile02_EofInsideTheHeadIsTruncation) {
  EXPECT_EQ(
      response("HTTP/1.1 200 OK\r\nContent-Le"),
      "ClosedError: HTTP response: the connection was closed in the middle of the head, after "
      "27 bytes: \"Content-Le\"");
  EXPECT_TRUE(response("HTTP/1.1 200 OK\r\nA: b\r\n").starts_with("ClosedError"))
      << "no empty line";
  EXPECT_TRUE(response("HTTP/1.1 200 OK\r\nA: b\r\n\r").starts_with("ClosedError"));
  EXPECT_TRUE(response("HTT").starts_with("ClosedError"));
}

TEST(HttpHead, Hostile31_EndlessFieldsAreALimitError) {
  std::string head(kOk);
  for (int i = 0; i < 40; ++i) head += "A: b\r\n";
  HeadLimits limits;
  limits.max_fields = 40;
  EXPECT_TRUE(response(head + "\r\n", limits).starts_with("11 200 OK|A=b"));
  limits.max_fields = 39;
  EXPECT_EQ(response(head + "\r\n", limits),
            "LimitError: HTTP response: more than 39 header fields");
  limits.max_fields = 500;
  limits.max_head_bytes = head.size() + 1;
  EXPECT_EQ(response(head + "\r\n", limits),
            "LimitError: HTTP response: the head is longer than 258 bytes");
  limits.max_head_bytes = head.size() + 2;
  EXPECT_TRUE(response(head + "\r\n", limits).starts_with("11 200 OK|A=b"));
}

TEST(HttpHead, Hostile32_EndlessHeaderLineIsALimitError) {
  HeadLimits limits;
  limits.max_line_bytes = 100;
  const std::string fits = after_ok("A: " + std::string(95, 'x') + "\r\n\r\n");
  EXPECT_TRUE(response(fits, limits).starts_with("11 200 OK|A=x"));
  const std::string message =
      "LimitError: HTTP response: a line of the head is longer than 100 bytes";
  EXPECT_EQ(response(after_ok("A: " + std::string(96, 'x') + "\r\n\r\n"), limits), message);
  EXPECT_EQ(response(after_ok("A: " + std::string(400, 'x')), limits), message);
  EXPECT_EQ(response("HTTP/1.1 200 " + std::string(400, 'x'), limits), message);
  EXPECT_TRUE(response(after_ok("A: " + std::string(70000, 'x'))).starts_with("LimitError"));
}

TEST(HttpHead, Hostile33_NulInAValueIsAProtocolError) {
  expect_refused(after_ok(std::string_view("A: b\0c\r\n\r\n", 10)), "has a NUL: \"A: b\\x00c\"");
  expect_refused(std::string_view("HTTP/1.1 200 O\0K\r\n\r\n", 20), "got \"HTTP/1.1 200 O\\x00K\"");
}

TEST(HttpHead, OtherControlsInAValueAreAProtocolError) {
  expect_refused(after_ok("A: b\x1b[2J\r\n\r\n"), "has a control character");
  expect_refused(after_ok("A: b\x7f\r\n\r\n"), "has a control character");
}

TEST(HttpHead, Hostile34_BareCrIsAProtocolError) {
  expect_refused(after_ok("A: b\rC: d\r\n\r\n"), "has a CR without LF");
  expect_refused(after_ok("A: b\r\r\n\r\n"), "has a CR without LF");
  expect_refused(after_ok("\rA: b\r\n\r\n"), "has a name that is no token");
  expect_refused("HTTP/1.1 200 O\rK\r\n\r\n", "want \"HTTP/1.x STATUS REASON\"");
}

TEST(HttpHead, Hostile35_SpaceBeforeTheColonIsAProtocolError) {
  expect_refused(after_ok("Content-Length : 5\r\n\r\n"),
                 "has a blank before the colon: \"Content-Length : 5\"");
}

TEST(HttpHead, Hostile36_FirstFieldLineThatBeginsWithASpaceIsAProtocolError) {
  expect_refused(after_ok(" A: b\r\n\r\n"), "begins with a blank");
  expect_refused(after_ok("\tA: b\r\n\r\n"), "begins with a blank");
}

TEST(HttpHead, Hostile36_LaterFoldedLinesBecomeOneSpace) {
  EXPECT_EQ(response(after_ok("A: b \r\n \t c\r\nD: e\r\n\r\n")), "11 200 OK|A=b c|D=e+");
  EXPECT_EQ(response(after_ok("A: b\n\tc\n  d\r\n\r\nrest")), "11 200 OK|A=b c d+rest");
  EXPECT_EQ(response(after_ok("A:\r\n b\r\n \r\n\r\n")), "11 200 OK|A=b+");
  expect_refused(after_ok("A: b\r\n c\x01\r\n\r\n"), "has a control character");
  ResponseHeadParser parser;
  EXPECT_GT(parser.feed("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"), 0U);
  EXPECT_TRUE(parser.deviations().has(Deviation::folded_field));
}

TEST(HttpHead, Hostile37_NoColonOrNoNameIsAProtocolError) {
  expect_refused(after_ok("Content-Length\r\n\r\n"), "has no colon");
  expect_refused(after_ok(": b\r\n\r\n"), "has no name");
  expect_refused(after_ok("A\xc3\xa4: b\r\n\r\n"), "has a name that is no token");
  expect_refused(after_ok("A b: c\r\n\r\n"), "has a name that is no token");
}

TEST(HttpHead, Hostile38_AStatusIsThreeDigits) {
  for (const char* status : {"99", "1000", "-20", "099", "2x0", "", " 200", "20"})
    expect_refused("HTTP/1.1 " + std::string(status) + " OK\r\n\r\n",
                   "want \"HTTP/1.x STATUS REASON\"");
  EXPECT_EQ(response("HTTP/1.1 600 Odd\r\n\r\n"), "11 600 Odd+");
  EXPECT_EQ(response("HTTP/1.1 999 Odd\r\n\r\n"), "11 999 Odd+");
}

TEST(HttpHead, Hostile39_WhatIsNoHttpIsQuoted) {
  expect_refused("HTTP/3.7 200 OK\r\n\r\n", "got \"HTTP/3.7 200 OK\"");
  expect_refused("HTTP/1.10 200 OK\r\n\r\n", "got \"HTTP/1.10 200 OK\"");
  expect_refused("HTTP/2 200\r\n\r\n", "got \"HTTP/2 200\"");
  expect_refused("200 OK\r\n\r\n", "got \"200 OK\"");
  expect_refused("220 mail\r\n", "got \"220 mail\"");
  expect_refused("\r\nHTTP/1.1 200 OK\r\n\r\n", "got \"\"");
  expect_refused("<html><body>old</body></html>", "got \"<html><body>old</body></html>\"");
  expect_refused(std::string(300, 'x'), "got \"" + std::string(64, 'x') + "\"...");
}

TEST(HttpHead, Hostile39_WhatIsNoHttpIsToldBeforeAnyLimit) {
  HeadLimits limits;
  limits.max_line_bytes = 100;
  for (const std::string& input : {std::string(300, 'x'), std::string(300, 'x') + "\r\n"})
    EXPECT_TRUE(response(input, limits).starts_with("ProtocolError")) << input.size();
}

TEST(HttpHead, Hostile39_TlsIsRecognisedAtItsFirstByte) {
  expect_refused("\x15\x03\x01", "got \"\\x15\", is this TLS?");
  expect_refused("\x16\x03\x01 and more\n", "got \"\\x16\", is this TLS?");
  ResponseHeadParser parser;
  EXPECT_THROW(parser.feed("\x15"), ProtocolError) << "no need to wait for more";
}

TEST(HttpHead, Hostile39b_AResponseWithoutAReasonIsFine) {
  EXPECT_EQ(response("HTTP/1.1 200\r\n\r\n"), "11 200 +");
  EXPECT_EQ(response("HTTP/1.1 200 \r\n\r\n"), "11 200 +");
}

TEST(HttpHead, Hostile53_EscInTheReasonIsKeptForTheToolToEscape) {
  EXPECT_EQ(response("HTTP/1.1 200 \x1b[2J\r\n\r\n"), "11 200 \x1b[2J+");
}

TEST(HttpHead, ResetForgetsAllButTheMemory) {
  ResponseHeadParser parser;
  EXPECT_EQ(parser.feed("HTTP/1.1 404 Not Found\r\nA: b\r\n"), 0U);
  parser.reset();
  EXPECT_EQ(parser.feed("HTTP/1.0 200\r\nC: d\r\n\r\n"), 22U);
  EXPECT_EQ(parser.status(), 200);
  EXPECT_EQ(parser.reason(), "");
  EXPECT_EQ(describe(parser), "|C=d");
}

TEST(HttpHead, AWarmParserKeepsItsMemory) {
  const std::string head = after_ok("A: " + std::string(1000, 'x') + "\r\n\r\n");
  ResponseHeadParser parser;
  parser.feed(head);
  const char* const block = parser.fields()[0].name.data();
  for (int i = 0; i < 3; ++i) {
    parser.reset();
    EXPECT_EQ(parser.feed(head), head.size());
    EXPECT_EQ(parser.fields()[0].name.data(), block);
  }
}

TEST(HttpHead, AHeadThatDripsCostsLinearWork) {
  // Quadratic work would take minutes here.
  HeadLimits limits;
  limits.max_line_bytes = limits.max_head_bytes = 2 << 20;
  const std::string head = after_ok("A: " + std::string(1 << 20, 'x') + "\r\n\r\n");
  ResponseHeadParser parser(limits);
  std::size_t size = 0;
  for (std::size_t i = 1; i <= head.size(); ++i) size = parser.feed({head.data(), i});
  EXPECT_EQ(size, head.size());
}

TEST(HttpRequestHead, TakesARequest) {
  EXPECT_EQ(request("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\nrest"), "GET /a?b 11|Host=x+rest");
  EXPECT_EQ(request("OPTIONS * HTTP/1.0\r\n\r\n"), "OPTIONS * 10+");
}

TEST(HttpRequestHead, PassesOverOneEmptyLineBefore) {
  EXPECT_EQ(request("\r\nGET / HTTP/1.1\r\n\r\n"), "GET / 11+");
  EXPECT_TRUE(request("\r\n\r\nGET / HTTP/1.1\r\n\r\n").starts_with("ProtocolError"));
}

TEST(HttpRequestHead, RefusesWhatIsNoRequestLine) {
  for (const char* line : {"GET /", "GET", "GET  HTTP/1.1", "G(T / HTTP/1.1", "GET / HTTP/2.0",
                           "GET /a b HTTP/1.1", "GET /\xc3\xa4 HTTP/1.1", " / HTTP/1.1",
                           "GET / HTTP/1.1 ", "GET /\t HTTP/1.1", "\x16\x03\x01"}) {
    const std::string result = request(std::string(line) + "\r\n\r\n");
    EXPECT_TRUE(result.starts_with("ProtocolError: HTTP request: ")) << line << ": " << result;
  }
  EXPECT_TRUE(request("").starts_with("ClosedError"));
  EXPECT_TRUE(request("GET / HT").starts_with("ClosedError"));
}

}  // namespace
}  // namespace proto
