// Heads of HTTP/2 messages (RFC 9113 §8.2, §8.3), before and after their compression.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proto/fields.h"
#include "wire/http_head.h"

namespace proto {

// A request as its header section has it.
struct HTTP2Request {
  std::string method, scheme, path;
  std::string authority;  // empty: none is sent
  Fields fields;          // names in lower case
};

// Takes an HTTP/1.1 head off the front of `heads`. What it becomes: Host is :authority, an absolute
// target is taken apart, and what belongs to a connection of HTTP/1.1 (Connection and what it
// names, Transfer-Encoding, Upgrade, ...) is left out (RFC 9113 §8.2.2). The head is a caller's:
// what is wrong with it, and CONNECT, is a std::invalid_argument.
HTTP2Request take_http2_request(std::string_view& heads, bool tls);
// For traces and dry runs, in the shape of an HTTP/1.1 head.
std::string to_text(const HTTP2Request& request);

// A response's head. A final one has a status of 200 or above.
struct HTTP2Head {
  int status = 0;
  Fields fields;
};

// As HTTP/1.1 would have it.
std::string to_text(const HTTP2Head& head);

// One header section of a response, field by field. Any fault is a ProtocolError: a malformed
// message is never passed on (RFC 9113 §8.1.1). What is too long or too many is a LimitError.
class HTTP2HeadReader {
 public:
  explicit HTTP2HeadReader(const HeadLimits& limits) : limits_(limits) {}

  void begin(bool trailers);
  void add(std::string_view name, std::string_view value);
  // After the last field. Its fields move out; of trailers only those that may be some (RFC 9110
  // §6.5.1).
  HTTP2Head finish();

 private:
  void take_status(std::string_view value);

  HeadLimits limits_;
  bool trailers_ = false;
  std::size_t bytes_ = 0;  // as RFC 9113 §6.5.2 counts them
  HTTP2Head head_;
};

}  // namespace proto
