// canonical_host(): what a host may be, and its one form.
#include <algorithm>
#include <memory>
#include <string>

#include "base/characters.h"
#include "proto/url.h"
#include "wire/ip_literal.h"

#if PROTO_WITH_IDN
#include <idn2.h>
#endif

namespace proto {

namespace {

constexpr std::size_t kMaxName = 253;  // RFC 1035, as text
constexpr std::size_t kMaxLabel = 63;

[[noreturn]] void refuse(std::string_view host, const std::string& why) {
  throw URLError("URL: host " + quoted(host) + ": " + why);
}

std::string canonical_ipv6(std::string_view literal, std::string_view host) {
  std::string_view zone;
  if (const std::size_t percent = literal.find('%'); percent != std::string_view::npos) {
    zone = literal.substr(percent + 1);
    if (zone.starts_with("25") && zone.size() > 2) zone.remove_prefix(2);  // RFC 6874
    literal = literal.substr(0, percent);
    const bool plain = std::all_of(zone.begin(), zone.end(), [](char c) {
      return is_alnum(c) || std::string_view("-._~").find(c) != std::string_view::npos;
    });
    if (zone.empty() || !plain) refuse(host, "no zone behind the %");
  }
  const auto address = parse_ipv6(literal);
  if (!address) refuse(host, "not an IPv6 address");
  std::string text = format_ipv6(*address);
  if (!zone.empty()) text.append("%").append(zone);
  return text;
}

// To A-labels (RFC 5890), mapped by UTS #46.
std::string to_ascii([[maybe_unused]] const std::string& name, std::string_view host) {
#if PROTO_WITH_IDN
  std::uint8_t* raw = nullptr;
  const int code = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(name.c_str()), &raw,
                                  IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<std::uint8_t, decltype(&idn2_free)> owned(raw, &idn2_free);
  if (code != IDN2_OK) refuse(host, std::string("not a name: ") + idn2_strerror(code));
  return reinterpret_cast<const char*>(raw);
#else
  refuse(host, "not ASCII, and this build has no IDNA");
#endif
}

// By UTS #46 and the WHATWG: a name whose last label is a number is meant as an IPv4 address.
bool looks_like_ipv4(std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  const std::string_view last = name.substr(name.rfind('.') + 1);
  const bool hex = last.starts_with("0x") && std::all_of(last.begin() + 2, last.end(), [](char c) {
                     return is_digit(c) || (c >= 'a' && c <= 'f');
                   });
  return hex || (!last.empty() && std::all_of(last.begin(), last.end(), is_digit));
}

void check_name(std::string_view name, std::string_view host) {
  const std::string_view labels = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  if (labels.size() > kMaxName) refuse(host, "longer than 253 characters");
  std::size_t label = 0;
  for (const char c : labels) {
    if (c != '.' && !is_alnum(c) && c != '-' && c != '_')
      refuse(host, "has " + quoted({&c, 1}) + " in it");
    if (c == '.' && label == 0) refuse(host, "has an empty label");
    label = c == '.' ? 0 : label + 1;
    if (label > kMaxLabel) refuse(host, "has a label of over 63 characters");
  }
  if (label == 0) refuse(host, "has an empty label");
}

}  // namespace

std::string canonical_host(std::string_view host) {
  if (host.empty()) throw URLError("URL: no host");
  if (host.front() == '[') {
    if (host.back() != ']' || host.size() < 2) refuse(host, "a bracket without its other");
    return canonical_ipv6(host.substr(1, host.size() - 2), host);
  }
  if (host.find(':') != std::string_view::npos) return canonical_ipv6(host, host);
  const auto decoded = percent_decode(host);
  if (!decoded) refuse(host, "a % without two hexadecimal digits");
  // Before IDNA, which would map some of them away.
  if (std::any_of(decoded->begin(), decoded->end(),
                  [](char c) { return is_control(c) || c == ' '; }))
    refuse(host, "has a space or a control character");
  const bool ascii =
      std::all_of(decoded->begin(), decoded->end(), [](char c) { return (c & 0x80) == 0; });
  const std::string name = lower(ascii ? *decoded : to_ascii(*decoded, host));
  if (looks_like_ipv4(name)) {
    if (!parse_ipv4(name)) refuse(host, "an IPv4 address is four decimal numbers");
    return name;
  }
  check_name(name, host);
  return name;
}

}  // namespace proto
