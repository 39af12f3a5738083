// Cookies (RFC 6265bis): taken from Set-Cookie, given back as Cookie, kept in a jar's text.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/fields.h"
#include "proto/url.h"

namespace proto {

struct Cookie {
  enum class SameSite { unset, none, lax, strict };

  std::string name;
  std::string value;
  std::string domain;  // a canonical host, without a leading dot
  std::string path = "/";
  bool host_only = true;  // false: hosts below the domain get it, too
  bool secure = false;    // for https only
  bool http_only = false;
  SameSite same_site = SameSite::unset;
  // Nothing: until the session ends.
  std::optional<std::chrono::sys_seconds> expires;
};

struct CookieLimits {
  std::size_t max_cookie_bytes = 4096;     // name and value; a longer cookie is passed over
  std::size_t max_attribute_bytes = 1024;  // a longer attribute is passed over
  std::size_t max_per_domain = 180;
  std::size_t max_total = 3000;
  std::size_t max_header_bytes = std::size_t{16} * 1024;  // of one Cookie field
};

// A store of cookies. It asks no clock: every call that needs the time is told it. Where the limits
// are passed, what has expired goes first, then what was not used for the longest time, of the
// domain that has too many. One thread at a time.
class CookieJar {
 public:
  explicit CookieJar(const CookieLimits& limits = {}) : limits_(limits) {}

  // Takes one Set-Cookie value of a response to a request for `url`. False: passed over, by the
  // rules of RFC 6265bis §5.7: another site's or a public suffix's domain, Secure from http, a
  // broken promise of "__Host-" or "__Secure-", and what is malformed.
  bool set(const URL& url, std::string_view set_cookie, std::chrono::sys_seconds now);
  // Every Set-Cookie of a response.
  void set_all(const URL& url, const Fields& response_fields, std::chrono::sys_seconds now);
  // Adds one as it is, in the place of one with the same name, domain and path; an expired one only
  // removes it.
  void add(Cookie cookie, std::chrono::sys_seconds now);

  // The value of Cookie for a request; empty: none fits. Longer paths come first, then what was
  // created first.
  std::string header_for(const URL& url, std::chrono::sys_seconds now);

  // In order of creation.
  std::vector<Cookie> all() const;
  std::size_t size() const noexcept { return entries_.size(); }
  void clear() noexcept { entries_.clear(); }
  void remove_session_cookies();
  void remove_expired(std::chrono::sys_seconds now);

  // Netscape's cookies.txt, as curl and wget keep it. Adds what is in `text`; lines that are none
  // are passed over: how many.
  std::size_t read_netscape(std::string_view text, std::chrono::sys_seconds now);
  // What has not expired.
  std::string write_netscape(std::chrono::sys_seconds now) const;

 private:
  struct Entry {
    Cookie cookie;
    std::uint64_t created;  // a count, not a time
    std::uint64_t used;
  };
  bool shadows_secure_one(const Cookie& cookie, const URL& url) const;
  void evict(const std::string& domain, std::chrono::sys_seconds now);

  CookieLimits limits_;
  std::uint64_t count_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace proto
