// A build without nghttp2: built_in() says so, and a session cannot be made.
#if !PROTO_WITH_NGHTTP2
#include <stdexcept>
#include <string>

#include "wire/http2.h"

namespace proto {

namespace {

[[noreturn]] void refuse() {
  throw std::logic_error("this library was built without HTTP/2 (PROTO_WITH_NGHTTP2)");
}

}  // namespace

struct HTTP2Session::Impl {};

bool HTTP2Session::built_in() noexcept {
  return false;
}
HTTP2Session::HTTP2Session(const HTTP2Limits& limits) : responses_(limits.responses) {
  refuse();
}
HTTP2Session::~HTTP2Session() = default;

HTTP2Session::StreamID HTTP2Session::request(const HTTP2Request&, bool) {
  refuse();
}
bool HTTP2Session::accepts_requests() const noexcept {
  return false;
}
const std::string& HTTP2Session::goaway_reason() const noexcept {
  static const std::string kNone;
  return kNone;
}
std::size_t HTTP2Session::feed(std::string_view) {
  refuse();
}
bool HTTP2Session::has_input() const noexcept {
  return false;
}
void HTTP2Session::take_output(std::string&, std::size_t) {
  refuse();
}
void HTTP2Session::send_body(StreamID, std::string_view, bool) {
  refuse();
}
std::size_t HTTP2Session::unsent() const noexcept {
  return 0;
}
bool HTTP2Session::body_sent() const noexcept {
  return true;
}
void HTTP2Session::consume(std::size_t) {
  refuse();
}
void HTTP2Session::forget(StreamID) {
  refuse();
}

}  // namespace proto
#endif
