#include "wire/set_cookie.h"

#include <algorithm>
#include <array>

#include "base/characters.h"
#include "base/integers.h"
#include "wire/ip_literal.h"

#if PROTO_WITH_PSL
#include <libpsl.h>
#endif

namespace proto {

namespace {

using namespace std::chrono;

// RFC 6265bis §5.5: no cookie lives longer.
constexpr seconds kLongestLife = days(400);

std::optional<sys_seconds> expiry_of_max_age(std::string_view value, sys_seconds now) {
  const bool negative = value.starts_with('-');
  const std::string_view digits = value.substr(negative ? 1 : 0);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  if (negative) return sys_seconds::min();
  const auto longest = static_cast<std::uint64_t>(kLongestLife.count());
  const auto age = parse_decimal(digits, longest);
  if (age == 0U) return sys_seconds::min();
  return now + seconds(static_cast<std::int64_t>(age.value_or(longest)));
}

Cookie::SameSite same_site_of(std::string_view value) noexcept {
  using SameSite = Cookie::SameSite;
  if (equals_ignoring_case(value, "none")) return SameSite::none;
  if (equals_ignoring_case(value, "lax")) return SameSite::lax;
  if (equals_ignoring_case(value, "strict")) return SameSite::strict;
  return SameSite::unset;
}

// The attributes that need a second look once all are known.
struct Expiry {
  std::optional<sys_seconds> by_date, by_age;
};

void take_attribute(std::string_view name, std::string_view value, sys_seconds now,
                    SetCookie& cookie, Expiry& expiry) {
  if (equals_ignoring_case(name, "expires")) {
    if (const auto date = parse_cookie_date(value))
      expiry.by_date = std::min(*date, now + kLongestLife);
  } else if (equals_ignoring_case(name, "max-age")) {
    if (const auto date = expiry_of_max_age(value, now)) expiry.by_age = date;
  } else if (equals_ignoring_case(name, "domain")) {
    cookie.domain = lower(value.starts_with('.') ? value.substr(1) : value);
  } else if (equals_ignoring_case(name, "path")) {
    cookie.path.reset();
    if (value.starts_with('/') && value.find('\t') == std::string_view::npos) cookie.path = value;
  } else if (equals_ignoring_case(name, "secure")) {
    cookie.secure = true;
  } else if (equals_ignoring_case(name, "httponly")) {
    cookie.http_only = true;
  } else if (equals_ignoring_case(name, "samesite")) {
    cookie.same_site = same_site_of(value);
  }
}

// Takes what stands before `delimiter` off the front of `text`, and the delimiter.
std::string_view take_until(std::string_view& text, char delimiter) noexcept {
  const std::size_t end = text.find(delimiter);
  const std::string_view front = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return front;
}

}  // namespace

std::optional<SetCookie> parse_set_cookie(std::string_view text, sys_seconds now,
                                          const CookieLimits& limits) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; }))
    return std::nullopt;
  std::string_view pair = take_until(text, ';');
  const bool has_name = pair.find('=') != std::string_view::npos;
  const std::string_view name = has_name ? trim(take_until(pair, '=')) : std::string_view();
  const std::string_view value = trim(pair);
  if (name.empty() && value.empty()) return std::nullopt;
  if (name.size() + value.size() > limits.max_cookie_bytes) return std::nullopt;
  // A tab would part columns of the jar's file.
  if (name.find('\t') != std::string_view::npos || value.find('\t') != std::string_view::npos)
    return std::nullopt;
  SetCookie cookie;
  cookie.name = name;
  cookie.value = value;
  Expiry expiry;
  while (!text.empty()) {
    std::string_view attribute = take_until(text, ';');
    const std::string_view key = trim(take_until(attribute, '='));
    attribute = trim(attribute);
    if (attribute.size() <= limits.max_attribute_bytes)
      take_attribute(key, attribute, now, cookie, expiry);
  }
  cookie.expires = expiry.by_age ? expiry.by_age : expiry.by_date;
  return cookie;
}

namespace {

constexpr bool is_date_delimiter(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x09 || (byte >= 0x20 && byte <= 0x2f) || (byte >= 0x3b && byte <= 0x40) ||
         (byte >= 0x5b && byte <= 0x60) || (byte >= 0x7b && byte <= 0x7e);
}

// Takes `least` to `most` digits off the front; a further digit is too many.
std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t size = 0;
  while (size < text.size() && is_digit(text[size])) ++size;
  if (size < least || size > most) return std::nullopt;
  const int value = static_cast<int>(*parse_decimal(text.substr(0, size)));
  text.remove_prefix(size);
  return value;
}

std::optional<seconds> time_of(std::string_view token) {
  std::array<int, 3> parts{};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto value = take_number(token, 1, 2);
    if (!value || (i < 2 && !token.starts_with(':'))) return std::nullopt;
    parts[i] = *value;
    if (i < 2) token.remove_prefix(1);
  }
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  return hours(parts[0]) + minutes(parts[1]) + seconds(parts[2]);
}

std::optional<unsigned> month_of(std::string_view token) noexcept {
  constexpr std::string_view months = "janfebmaraprmayjunjulaugsepoctnovdec";
  for (unsigned i = 0; i < 12; ++i)
    if (starts_with_ignoring_case(token, months.substr(std::size_t{i} * 3, 3))) return i + 1;
  return std::nullopt;
}

}  // namespace

std::optional<sys_seconds> parse_cookie_date(std::string_view text) {
  std::optional<seconds> time;
  std::optional<int> day_of_month;
  std::optional<int> full_year;
  std::optional<unsigned> month_of_year;
  while (!text.empty()) {
    std::size_t size = 0;
    while (size < text.size() && !is_date_delimiter(text[size])) ++size;
    std::string_view token = text.substr(0, size);
    text.remove_prefix(std::min(size + 1, text.size()));
    if (token.empty()) continue;
    if (!time && (time = time_of(token))) continue;
    if (!day_of_month && (day_of_month = take_number(token, 1, 2))) continue;
    if (!month_of_year && (month_of_year = month_of(token))) continue;
    if (!full_year) full_year = take_number(token, 2, 4);
  }
  if (!time || !day_of_month || !month_of_year || !full_year) return std::nullopt;
  if (*full_year < 100) *full_year += *full_year < 70 ? 2000 : 1900;
  const year_month_day ymd{year(*full_year), month(*month_of_year),
                           day(static_cast<unsigned>(*day_of_month))};
  if (*full_year < 1601 || !ymd.ok()) return std::nullopt;
  return sys_days(ymd) + *time;
}

bool domain_matches(std::string_view host, std::string_view domain) noexcept {
  if (host == domain) return true;
  if (host.size() <= domain.size() || !host.ends_with(domain)) return false;
  if (host[host.size() - domain.size() - 1] != '.') return false;
  return !parse_ipv4(host) && host.find(':') == std::string_view::npos;
}

bool path_matches(std::string_view request_path, std::string_view cookie_path) noexcept {
  if (!request_path.starts_with(cookie_path)) return false;
  return request_path.size() == cookie_path.size() || cookie_path.ends_with('/') ||
         request_path[cookie_path.size()] == '/';
}

bool is_public_suffix(const std::string& domain) {
#if PROTO_WITH_PSL
  return psl_is_public_suffix(psl_builtin(), domain.c_str()) != 0;
#else
  // Single labels, and "co.uk" and its like.
  const std::size_t dot = domain.find('.');
  if (dot == std::string::npos) return true;
  if (domain.find('.', dot + 1) != std::string::npos) return false;
  return domain.size() - dot - 1 == 2 && dot <= 3;
#endif
}

}  // namespace proto
