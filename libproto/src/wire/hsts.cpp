#include "proto/hsts.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "base/characters.h"
#include "base/integers.h"
#include "wire/ip_literal.h"

namespace proto {

namespace {

using namespace std::chrono;

constexpr std::size_t kMaxHosts = 10000;
constexpr sys_seconds kNever = sys_days(year(9999) / 12 / 31);
constexpr std::uint64_t kLongest = 100ULL * 365 * 24 * 3600;

bool is_address(std::string_view host) noexcept {
  return host.find(':') != std::string_view::npos || parse_ipv4(host).has_value();
}

std::string_view without_last_dot(std::string_view host) noexcept {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

struct Directives {
  std::optional<std::uint64_t> max_age;
  bool with_subdomains = false;
};

// RFC 6797 §6.1: max-age must be there, and none twice.
std::optional<Directives> parse_directives(std::string_view value) {
  Directives found;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(';'), value.size());
    const std::string_view directive = trim(value.substr(0, end));
    value.remove_prefix(std::min(end + 1, value.size()));
    const std::size_t equals = std::min(directive.find('='), directive.size());
    const std::string_view name = trim(directive.substr(0, equals));
    if (equals_ignoring_case(name, "max-age")) {
      std::string_view age = trim(directive.substr(std::min(equals + 1, directive.size())));
      if (age.size() >= 2 && age.starts_with('"') && age.ends_with('"'))
        age = age.substr(1, age.size() - 2);
      const bool digits = !age.empty() && std::all_of(age.begin(), age.end(), is_digit);
      if (found.max_age || !digits) return std::nullopt;
      found.max_age = parse_decimal(age, kLongest).value_or(kLongest);
    } else if (equals_ignoring_case(name, "includeSubDomains")) {
      if (found.with_subdomains) return std::nullopt;
      found.with_subdomains = true;
    }
  }
  return found.max_age ? std::optional(found) : std::nullopt;
}

// "YYYYMMDD HH:MM:SS" or "unlimited".
std::optional<sys_seconds> parse_time(std::string_view text) {
  if (text == "unlimited") return kNever;
  if (text.size() != 17 || text[8] != ' ' || text[11] != ':' || text[14] != ':')
    return std::nullopt;
  std::array<std::uint64_t, 6> parts{};
  constexpr std::array<std::pair<std::size_t, std::size_t>, 6> places = {
      {{0, 4}, {4, 2}, {6, 2}, {9, 2}, {12, 2}, {15, 2}}};
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto value = parse_decimal(text.substr(places[i].first, places[i].second));
    if (!value) return std::nullopt;
    parts[i] = *value;
  }
  const year_month_day ymd{year(static_cast<int>(parts[0])), month(static_cast<unsigned>(parts[1])),
                           day(static_cast<unsigned>(parts[2]))};
  if (!ymd.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) return std::nullopt;
  return sys_days(ymd) + hours(parts[3]) + minutes(parts[4]) + seconds(parts[5]);
}

std::string format_time(sys_seconds time) {
  if (time >= kNever) return "unlimited";
  const auto days_since = floor<days>(time);
  const year_month_day ymd(days_since);
  const hh_mm_ss clock(time - days_since);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02u %02d:%02d:%02d",
                static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
                static_cast<unsigned>(ymd.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

}  // namespace

void HSTSStore::add(std::string host, Policy policy, sys_seconds now) {
  if (policy.expires <= now) {
    hosts_.erase(host);
    return;
  }
  if (hosts_.size() >= kMaxHosts && !hosts_.contains(host)) {
    std::erase_if(hosts_, [&](const auto& entry) { return entry.second.expires <= now; });
    // The one that would go first.
    if (hosts_.size() >= kMaxHosts) {
      hosts_.erase(std::min_element(hosts_.begin(), hosts_.end(), [](const auto& a, const auto& b) {
        return a.second.expires < b.second.expires;
      }));
    }
  }
  hosts_.insert_or_assign(std::move(host), policy);
}

bool HSTSStore::take(const URL& url, std::string_view value, sys_seconds now) {
  if (url.scheme() != "https" || is_address(url.host())) return false;
  const auto found = parse_directives(value);
  if (!found) return false;
  const sys_seconds expires = now + seconds(static_cast<std::int64_t>(*found->max_age));
  add(std::string(without_last_dot(url.host())), {expires, found->with_subdomains}, now);
  return true;
}

bool HSTSStore::covers(std::string_view host, sys_seconds now) const {
  host = without_last_dot(host);
  for (std::string_view name = host;;) {
    const auto at = hosts_.find(name);
    if (at != hosts_.end() && at->second.expires > now &&
        (name.size() == host.size() || at->second.with_subdomains))
      return true;
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return false;
    name.remove_prefix(dot + 1);
  }
}

URL HSTSStore::upgrade(const URL& url, sys_seconds now) const {
  URL upgraded = url;
  if (url.scheme() == "http" && covers(url.host(), now)) upgraded.set_scheme("https");
  return upgraded;
}

std::size_t HSTSStore::read(std::string_view text, sys_seconds now) {
  std::size_t passed_over = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t blank = std::min(line.find(' '), line.size());
    std::string_view host = line.substr(0, blank);
    std::string_view time = trim(line.substr(blank));
    if (time.size() >= 2 && time.front() == '"' && time.back() == '"')
      time = time.substr(1, time.size() - 2);
    const bool with_subdomains = host.starts_with('.');
    if (with_subdomains) host.remove_prefix(1);
    const auto expires = parse_time(time);
    std::string name;
    try {
      name = without_last_dot(canonical_host(host));
    } catch (const URLError&) {
    }
    if (!expires || name.empty() || is_address(name)) {
      ++passed_over;
    } else {
      add(std::move(name), {*expires, with_subdomains}, now);
    }
  }
  return passed_over;
}

std::string HSTSStore::write(sys_seconds now) const {
  std::string text = "# HSTS hosts, written by libproto; what you change may be written over.\n";
  for (const auto& [host, policy] : hosts_) {
    if (policy.expires <= now) continue;
    if (policy.with_subdomains) text += '.';
    text += host + " \"" + format_time(policy.expires) + "\"\n";
  }
  return text;
}

}  // namespace proto
