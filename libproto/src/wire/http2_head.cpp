#include "wire/http2_head.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "proto/error.h"
#include "wire/chunked.h"
#include "wire/http_request.h"
#include "wire/list.h"
#include "wire/scan.h"
#include "wire/wire_fields.h"

namespace proto {

namespace {

// For heads that a caller gave.
constexpr HeadLimits kNoLimits{
    .max_head_bytes = SIZE_MAX, .max_line_bytes = SIZE_MAX, .max_fields = SIZE_MAX};

// RFC 9113 §8.2.2.
bool is_of_the_connection(std::string_view name) {
  for (const std::string_view one :
       {"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade"}) {
    if (equals_ignoring_case(name, one)) return true;
  }
  return false;
}

bool is_named_by_connection(const Fields& fields, std::string_view name) {
  for (const auto field : fields) {
    if (!equals_ignoring_case(field.name, "Connection")) continue;
    std::string_view list = field.value;
    std::string_view member;
    while (next_member(list, member)) {
      if (equals_ignoring_case(member, name)) return true;
    }
  }
  return false;
}

[[noreturn]] void refuse(const std::string& why) {
  throw ProtocolError("HTTP/2 response: " + why);
}

// RFC 9113 §8.2.1, and no more than is taken over HTTP/1.1.
void check_field(std::string_view name, std::string_view value) {
  const bool lowered =
      std::none_of(name.begin(), name.end(), [](char c) { return c != to_lower(c); });
  if (!is_token(name) || !lowered)
    refuse("want a field name, a token in lower case, got " + quoted(name));
  const char* const end = value.data() + value.size();
  if (skip_value(value.data(), end) != end)
    refuse("a control character in the field " + quoted(name) + ": " + quoted(value));
  if (trim(value).size() != value.size())
    refuse("blanks around the value of the field " + quoted(name) + ": " + quoted(value));
  // TE has a meaning in requests alone.
  if (is_of_the_connection(name) || (name == "te" && value != "trailers"))
    refuse("a field that belongs to a connection of HTTP/1.1: " + quoted(name));
}

}  // namespace

HTTP2Request take_http2_request(std::string_view& heads, bool tls) {
  RequestHeadParser head(kNoLimits);
  try {
    heads.remove_prefix(head.feed(heads));
  } catch (const ProtocolError& e) {
    throw std::invalid_argument(e.what());
  }
  if (head.method() == "CONNECT")
    throw std::invalid_argument("CONNECT is for HTTP/1.1 only: not over HTTP/2");
  HTTP2Request request;
  request.method = head.method();
  request.scheme = tls ? "https" : "http";
  request.path = head.target();
  request.authority = head.fields().get("Host").value_or("");
  // RFC 9112 §3.2.2: the absolute form.
  const auto scheme_end = request.path.find("://");
  if (!request.path.starts_with('/') && scheme_end != std::string::npos) {
    const auto path_at =
        std::min(request.path.find_first_of("/?", scheme_end + 3), request.path.size());
    request.scheme = request.path.substr(0, scheme_end);
    request.authority = request.path.substr(scheme_end + 3, path_at - scheme_end - 3);
    request.path.erase(0, path_at);
    if (!request.path.starts_with('/')) request.path.insert(0, "/");
  }
  for (const auto field : head.fields()) {
    if (equals_ignoring_case(field.name, "Host") || is_of_the_connection(field.name) ||
        is_named_by_connection(head.fields(), field.name) ||
        equals_ignoring_case(field.name, "HTTP2-Settings") ||
        (equals_ignoring_case(field.name, "TE") && field.value != "trailers"))
      continue;
    request.fields.add(lower(field.name), field.value);
  }
  return request;
}

std::string to_text(const HTTP2Request& request) {
  std::string out = request.method + " " + request.path + " HTTP/2\r\n";
  if (!request.authority.empty()) out += "host: " + request.authority + "\r\n";
  append_fields(out, request.fields);
  return out + "\r\n";
}

std::string to_text(const HTTP2Head& head) {
  std::string out = "HTTP/2 " + std::to_string(head.status) + " \r\n";
  append_fields(out, head.fields);
  return out + "\r\n";
}

void HTTP2HeadReader::begin(bool trailers) {
  trailers_ = trailers;
  bytes_ = 0;
  head_ = {};
}

void HTTP2HeadReader::add(std::string_view name, std::string_view value) {
  constexpr std::size_t kFieldOverhead = 32;
  bytes_ += name.size() + value.size() + kFieldOverhead;
  if (bytes_ > limits_.max_head_bytes || name.size() + value.size() > limits_.max_line_bytes) {
    throw LimitError("HTTP/2 response: a head of more than " +
                     std::to_string(limits_.max_head_bytes) + " bytes, or a field of more than " +
                     std::to_string(limits_.max_line_bytes));
  }
  if (name.starts_with(':')) {
    if (name != ":status" || trailers_ || head_.status != 0 || !head_.fields.empty())
      refuse("want :status, once and first, got " + quoted(name));
    take_status(value);
    return;
  }
  check_field(name, value);
  if (!trailers_ && head_.status == 0) refuse("want :status first, got " + quoted(name));
  if (head_.fields.size() >= limits_.max_fields) {
    throw LimitError("HTTP/2 response: more than " + std::to_string(limits_.max_fields) +
                     " fields");
  }
  if (!trailers_ || may_be_trailer(name)) WireFields::append(head_.fields, name, value);
}

void HTTP2HeadReader::take_status(std::string_view value) {
  const bool three = value.size() == 3 && std::all_of(value.begin(), value.end(), is_digit);
  // RFC 9113 §8.6: there is no 101.
  if (!three || value.front() == '0' || value == "101")
    refuse("want :status of three digits, and not 101, got " + quoted(value));
  head_.status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
}

HTTP2Head HTTP2HeadReader::finish() {
  if (!trailers_ && head_.status == 0) refuse("a head without :status");
  return std::exchange(head_, {});
}

}  // namespace proto
