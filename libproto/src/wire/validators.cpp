#include "wire/validators.h"

#include <algorithm>

#include "base/characters.h"
#include "wire/http_date.h"
#include "wire/list.h"

namespace proto {

namespace {

// Whether the list in `value` has a tag that equals the resource's; "*" is any there is.
template <typename Equal>
bool any_matches(std::string_view value, const std::optional<ETag>& current, Equal equal) {
  if (trim(value) == "*") return true;
  std::string_view member;
  while (next_member(value, member)) {
    const auto tag = parse_etag(member);
    if (tag && current && equal(*tag, *current)) return true;
  }
  return false;
}

std::optional<std::chrono::sys_seconds> date_of(const Fields& fields, std::string_view name) {
  const auto value = fields.get(name);
  return value ? parse_http_date(*value) : std::nullopt;
}

}  // namespace

std::optional<ETag> parse_etag(std::string_view value) {
  ETag tag;
  tag.weak = value.starts_with("W/");
  if (tag.weak) value.remove_prefix(2);
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::nullopt;
  const std::string_view inner = value.substr(1, value.size() - 2);
  const bool valid = std::all_of(inner.begin(), inner.end(),
                                 [](char c) { return c != '"' && c != ' ' && !is_control(c); });
  if (!valid) return std::nullopt;
  tag.opaque = value;
  return tag;
}

Validators validators_of(const Fields& fields) {
  Validators found;
  if (const auto etag = fields.get("ETag")) found.etag = parse_etag(*etag);
  found.last_modified = date_of(fields, "Last-Modified");
  return found;
}

std::optional<std::string> if_range_for(const Fields& response_fields) {
  const Validators found = validators_of(response_fields);
  if (found.etag && !found.etag->weak) return found.etag->to_string();
  const auto date = date_of(response_fields, "Date");
  if (found.etag || !found.last_modified || !date) return std::nullopt;
  if (*date - *found.last_modified < std::chrono::seconds(60)) return std::nullopt;
  return std::string(*response_fields.get("Last-Modified"));
}

Condition evaluate_conditions(std::string_view method, const Fields& request_fields,
                              const Validators& resource) {
  const bool reads = method == "GET" || method == "HEAD";
  if (const auto tags = request_fields.combined("If-Match")) {
    const bool match = any_matches(
        *tags, resource.etag, [](const ETag& a, const ETag& b) { return strongly_equal(a, b); });
    if (!match) return Condition::fails;
  } else if (const auto since = date_of(request_fields, "If-Unmodified-Since")) {
    if (resource.last_modified && *resource.last_modified > *since) return Condition::fails;
  }
  if (const auto tags = request_fields.combined("If-None-Match")) {
    const bool match = any_matches(*tags, resource.etag,
                                   [](const ETag& a, const ETag& b) { return weakly_equal(a, b); });
    if (match) return reads ? Condition::not_modified : Condition::fails;
  } else if (const auto since = date_of(request_fields, "If-Modified-Since"); since && reads) {
    if (resource.last_modified && *resource.last_modified <= *since) return Condition::not_modified;
  }
  return Condition::holds;
}

bool range_applies(const Fields& request_fields, const Validators& resource) {
  const auto value = request_fields.get("If-Range");
  if (!value) return true;
  if (const auto tag = parse_etag(*value))
    return resource.etag && strongly_equal(*tag, *resource.etag);
  const auto date = parse_http_date(*value);
  return date && resource.last_modified && *date == *resource.last_modified;
}

}  // namespace proto
