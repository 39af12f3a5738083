#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/cookies.h"
#include "wire/set_cookie.h"

namespace proto {

namespace {

using std::chrono::sys_seconds;

bool is_secure(const URL& url) noexcept {
  return url.scheme() == "https";
}

// RFC 6265bis §5.1.4.
std::string default_path(const URL& url) {
  const std::size_t slash = url.path().rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : url.path().substr(0, slash);
}

bool is_expired(const Cookie& cookie, sys_seconds now) noexcept {
  return cookie.expires && *cookie.expires <= now;
}

// What the name promises (RFC 6265bis §4.1.3), whoever sets it.
bool keeps_promise(const Cookie& cookie, bool path_was_given) noexcept {
  if (cookie.name.empty()) {
    // Servers would read such a value as a name.
    return !starts_with_ignoring_case(cookie.value, "__secure-") &&
           !starts_with_ignoring_case(cookie.value, "__host-");
  }
  if (starts_with_ignoring_case(cookie.name, "__secure-")) return cookie.secure;
  if (starts_with_ignoring_case(cookie.name, "__host-"))
    return cookie.secure && cookie.host_only && path_was_given && cookie.path == "/";
  return true;
}

}  // namespace

bool CookieJar::set(const URL& url, std::string_view set_cookie, sys_seconds now) {
  auto parsed = parse_set_cookie(set_cookie, now, limits_);
  if (!parsed) return false;
  Cookie cookie;
  cookie.domain = url.host();
  if (!parsed->domain.empty()) {
    const bool is_public = is_public_suffix(parsed->domain);
    if (is_public && parsed->domain != url.host()) return false;
    if (!domain_matches(url.host(), parsed->domain)) return false;
    cookie.host_only = is_public;
    cookie.domain = parsed->domain;
  }
  cookie.name = std::move(parsed->name);
  cookie.value = std::move(parsed->value);
  cookie.path = parsed->path ? *parsed->path : default_path(url);
  cookie.secure = parsed->secure;
  cookie.http_only = parsed->http_only;
  cookie.same_site = parsed->same_site;
  cookie.expires = parsed->expires;
  if (cookie.secure && !is_secure(url)) return false;
  if (cookie.same_site == Cookie::SameSite::none && !cookie.secure) return false;
  if (!keeps_promise(cookie, parsed->path.has_value())) return false;
  if (!cookie.secure && !is_secure(url) && shadows_secure_one(cookie, url)) return false;
  add(std::move(cookie), now);
  return true;
}

// RFC 6265bis §5.7, "leave Secure cookies alone": what comes over http must not stand in their way.
bool CookieJar::shadows_secure_one(const Cookie& cookie, const URL& url) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    const Cookie& other = entry.cookie;
    return other.secure && other.name == cookie.name &&
           (domain_matches(other.domain, cookie.domain) ||
            domain_matches(url.host(), other.domain)) &&
           path_matches(cookie.path, other.path);
  });
}

void CookieJar::set_all(const URL& url, const Fields& response_fields, sys_seconds now) {
  for (const Fields::Field field : response_fields)
    if (equals_ignoring_case(field.name, "Set-Cookie")) set(url, field.value, now);
}

void CookieJar::add(Cookie cookie, sys_seconds now) {
  const auto same = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    const Cookie& other = entry.cookie;
    return other.name == cookie.name && other.domain == cookie.domain &&
           other.path == cookie.path && other.host_only == cookie.host_only;
  });
  ++count_;
  if (is_expired(cookie, now)) {
    if (same != entries_.end()) entries_.erase(same);
    return;
  }
  if (same != entries_.end()) {
    same->cookie = std::move(cookie);  // its place among the others stays
    same->used = count_;
    return;
  }
  const std::string domain = cookie.domain;
  entries_.push_back({std::move(cookie), count_, count_});
  evict(domain, now);
}

void CookieJar::evict(const std::string& domain, sys_seconds now) {
  const auto of_domain = [&](const Entry& e) { return e.cookie.domain == domain; };
  const auto too_many_of_domain = [&] {
    return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), of_domain)) >
           limits_.max_per_domain;
  };
  bool crowded = too_many_of_domain();
  if (!crowded && entries_.size() <= limits_.max_total) return;
  remove_expired(now);
  while ((crowded = too_many_of_domain()) || entries_.size() > limits_.max_total) {
    // What is not Secure goes before what is; then what was not used for the longest time.
    const auto key = [&](const Entry& e) {
      return std::tuple(crowded && !of_domain(e), e.cookie.secure, e.used);
    };
    entries_.erase(
        std::min_element(entries_.begin(), entries_.end(),
                         [&](const Entry& a, const Entry& b) { return key(a) < key(b); }));
  }
}

std::string CookieJar::header_for(const URL& url, sys_seconds now) {
  std::vector<Entry*> fitting;
  for (Entry& entry : entries_) {
    const Cookie& c = entry.cookie;
    const bool host_fits =
        c.host_only ? c.domain == url.host() : domain_matches(url.host(), c.domain);
    if (host_fits && path_matches(url.path(), c.path) && (!c.secure || is_secure(url)) &&
        !is_expired(c, now))
      fitting.push_back(&entry);
  }
  std::sort(fitting.begin(), fitting.end(), [](const Entry* a, const Entry* b) {
    const std::size_t a_size = a->cookie.path.size();
    const std::size_t b_size = b->cookie.path.size();
    return a_size != b_size ? a_size > b_size : a->created < b->created;
  });
  ++count_;
  std::string text;
  for (Entry* const entry : fitting) {
    const Cookie& c = entry->cookie;
    if (text.size() + c.name.size() + c.value.size() + 3 > limits_.max_header_bytes) break;
    if (!text.empty()) text += "; ";
    if (!c.name.empty()) text.append(c.name).append("=");
    text += c.value;
    entry->used = count_;
  }
  return text;
}

std::vector<Cookie> CookieJar::all() const {
  std::vector<Cookie> cookies;
  for (const Entry& entry : entries_) cookies.push_back(entry.cookie);
  return cookies;
}

void CookieJar::remove_session_cookies() {
  std::erase_if(entries_, [](const Entry& entry) { return !entry.cookie.expires; });
}

void CookieJar::remove_expired(sys_seconds now) {
  std::erase_if(entries_, [&](const Entry& entry) { return is_expired(entry.cookie, now); });
}

namespace {

constexpr std::string_view kHttpOnly = "#HttpOnly_";

// One line: domain, TRUE for hosts below it, path, TRUE for Secure, expiry or 0, name, value.
std::optional<Cookie> parse_netscape_line(std::string_view line, const CookieLimits& limits) {
  Cookie cookie;
  cookie.http_only = line.starts_with(kHttpOnly);
  if (cookie.http_only) line.remove_prefix(kHttpOnly.size());
  std::array<std::string_view, 7> columns{};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::size_t tab = i + 1 < columns.size() ? line.find('\t') : std::string_view::npos;
    columns[i] = line.substr(0, tab);
    // An empty value may be left out with its tab.
    if (tab == std::string_view::npos && i + 2 < columns.size()) return std::nullopt;
    line = tab == std::string_view::npos ? std::string_view() : line.substr(tab + 1);
  }
  // Python's http.cookiejar leaves it empty where the cookie ends with its session; curl has 0.
  const auto expires = parse_decimal(columns[4].empty() ? "0" : columns[4], std::uint64_t{1} << 40);
  const bool clean = std::none_of(columns.begin(), columns.end(), [](std::string_view column) {
    return std::any_of(column.begin(), column.end(),
                       [](char c) { return is_control(c) || c == ';'; });
  });
  if (!expires || !clean || !columns[2].starts_with('/')) return std::nullopt;
  if (columns[5].empty() && columns[6].empty()) return std::nullopt;
  if (columns[5].size() + columns[6].size() > limits.max_cookie_bytes) return std::nullopt;
  std::string_view domain = columns[0];
  if (domain.starts_with('.')) domain.remove_prefix(1);
  try {
    cookie.domain = canonical_host(domain);
  } catch (const URLError&) {
    return std::nullopt;
  }
  cookie.host_only = !equals_ignoring_case(columns[1], "TRUE");
  cookie.path = columns[2];
  cookie.secure = equals_ignoring_case(columns[3], "TRUE");
  if (*expires != 0) cookie.expires = sys_seconds(std::chrono::seconds(*expires));
  cookie.name = columns[5];
  cookie.value = columns[6];
  // A jar is only as good as what wrote it: what set() would refuse for good is refused here.
  if (!cookie.host_only && is_public_suffix(cookie.domain)) return std::nullopt;
  if (!keeps_promise(cookie, true)) return std::nullopt;
  return cookie;
}

}  // namespace

std::size_t CookieJar::read_netscape(std::string_view text, sys_seconds now) {
  std::size_t passed_over = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (line.starts_with('#') && !line.starts_with(kHttpOnly))) continue;
    if (auto cookie = parse_netscape_line(line, limits_)) {
      add(std::move(*cookie), now);
    } else {
      ++passed_over;
    }
  }
  return passed_over;
}

std::string CookieJar::write_netscape(sys_seconds now) const {
  std::string text =
      "# Netscape HTTP Cookie File\n"
      "# This file was generated by libproto; what you change may be written over.\n\n";
  for (const Entry& entry : entries_) {
    const Cookie& c = entry.cookie;
    if (is_expired(c, now)) continue;
    if (c.http_only) text += kHttpOnly;
    text.append(c.host_only ? "" : ".").append(c.domain).append(c.host_only ? "\tFALSE" : "\tTRUE");
    text.append("\t").append(c.path).append(c.secure ? "\tTRUE\t" : "\tFALSE\t");
    text += std::to_string(
        c.expires ? std::max<std::int64_t>(c.expires->time_since_epoch().count(), 1) : 0);
    text.append("\t").append(c.name).append("\t").append(c.value).append("\n");
  }
  return text;
}

}  // namespace proto
