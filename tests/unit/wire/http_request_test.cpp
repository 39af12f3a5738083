#include "wire/http_request.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace proto {
namespace {

TEST(RequestHead, IsWrittenWhole) {
  std::string out = "before";
  append_request_head(out, "GET", "/a?b", 11, {{"Host", "x"}, {"Accept", "*/*"}, {"Empty", ""}});
  EXPECT_EQ(out, "beforeGET /a?b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nEmpty: \r\n\r\n");
  out.clear();
  append_request_head(out, "OPTIONS", "*", 10, {});
  EXPECT_EQ(out, "OPTIONS * HTTP/1.0\r\n\r\n");
}

TEST(RequestHead, RefusesWhatWouldBreakTheLine) {
  std::string out;
  for (const std::string& target :
       {std::string(), std::string("/a b"), std::string("/\r\nX: y"), std::string("/\0", 2),
        std::string("/\t"), std::string("/\xc3\xa4"), std::string("/\x7f")})
    EXPECT_THROW(append_request_head(out, "GET", target, 11, {}), std::invalid_argument) << target;
  for (const char* method : {"", "GET ", "G\r\nT", "G:T"})
    EXPECT_THROW(append_request_head(out, method, "/", 11, {}), std::invalid_argument) << method;
  EXPECT_EQ(out, "");
}

TEST(ResponseHead, IsWrittenWhole) {
  std::string out;
  append_response_head(out, 11, 200, "OK", {{"Content-Length", "0"}});
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THROW(append_response_head(out, 11, 99, "", {}), std::invalid_argument);
  EXPECT_THROW(append_response_head(out, 11, 200, "a\r\nb", {}), std::invalid_argument);
}

}  // namespace
}  // namespace proto
