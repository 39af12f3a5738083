// One Set-Cookie value, parsed by RFC 6265bis §5.6, before a jar judges it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "proto/cookies.h"

namespace proto {

struct SetCookie {
  std::string name;
  std::string value;
  std::string domain;               // lower case, without a leading dot; empty: none
  std::optional<std::string> path;  // nothing: the default
  std::optional<std::chrono::sys_seconds> expires;
  bool secure = false;
  bool http_only = false;
  Cookie::SameSite same_site = Cookie::SameSite::unset;
};
// Nothing where it is to be passed over.
std::optional<SetCookie> parse_set_cookie(std::string_view text, std::chrono::sys_seconds now,
                                          const CookieLimits& limits);
// RFC 6265bis §5.1.1: lenient about everything but the parts.
std::optional<std::chrono::sys_seconds> parse_cookie_date(std::string_view text);

// RFC 6265bis §5.1.3 and §5.1.4.
bool domain_matches(std::string_view host, std::string_view domain) noexcept;
bool path_matches(std::string_view request_path, std::string_view cookie_path) noexcept;

// Whether anybody may register names below `domain` ("com", "co.uk"): no cookie is for all of it.
// By libpsl where it is built in, else by a rule of thumb.
bool is_public_suffix(const std::string& domain);

}  // namespace proto
