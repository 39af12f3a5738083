// Validators and the conditions of requests (RFC 9110 §8.8, §13).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "proto/fields.h"

namespace proto {

// An entity tag.
struct ETag {
  std::string opaque;  // with its quotes
  bool weak = false;

  std::string to_string() const { return (weak ? "W/" : "") + opaque; }
  // RFC 9110 §8.8.3.2.
  friend bool strongly_equal(const ETag& a, const ETag& b) noexcept {
    return !a.weak && !b.weak && a.opaque == b.opaque;
  }
  friend bool weakly_equal(const ETag& a, const ETag& b) noexcept { return a.opaque == b.opaque; }
};
std::optional<ETag> parse_etag(std::string_view value);

// What a server knows about a resource.
struct Validators {
  std::optional<ETag> etag;
  std::optional<std::chrono::sys_seconds> last_modified;
};
// Of a response: for If-Range and the conditional requests that follow it.
Validators validators_of(const Fields& fields);
// What to put into If-Range; nothing where there is no strong validator. A date is one where it is
// 60 seconds older than the response (RFC 9110 §8.8.2.2).
std::optional<std::string> if_range_for(const Fields& response_fields);

enum class Condition {
  holds,         // go on
  not_modified,  // 304
  fails,         // 412
};
// RFC 9110 §13.2.2, in order: If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since.
Condition evaluate_conditions(std::string_view method, const Fields& request_fields,
                              const Validators& resource);
// Whether a Range counts (§13.1.5): there is no If-Range, or it names the resource as it is.
bool range_applies(const Fields& request_fields, const Validators& resource);

}  // namespace proto
