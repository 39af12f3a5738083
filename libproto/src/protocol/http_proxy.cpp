// Proxies: their URLs, the environment's, and the hosts that need none.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/http_session.h"

namespace proto {

namespace {

// RFC 1928's usual port, and those that curl takes.
std::uint16_t default_proxy_port(Proxy::Kind kind) {
  return kind == Proxy::Kind::https ? 443 : 1080;
}

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

// The bytes of a literal: 4 or 16, or none.
std::string literal_bytes(std::string_view text) {
  return Address::is_literal(text) ? Address(text, 0).bytes() : std::string();
}

bool in_block(const std::string& address, const std::string& block, std::uint64_t bits) {
  if (address.size() != block.size() || bits > block.size() * 8) return false;
  const std::size_t whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(address.data(), block.data(), whole) != 0) return false;
  const unsigned rest = static_cast<unsigned>(bits % 8);
  if (rest == 0) return true;
  const unsigned mask = (0xff00U >> rest) & 0xffU;
  return ((static_cast<unsigned>(address[whole]) ^ static_cast<unsigned>(block[whole])) & mask) ==
         0;
}

}  // namespace

Proxy Proxy::parse(std::string_view text) {
  Proxy proxy;
  const auto scheme_end = text.find("://");
  const std::string scheme =
      scheme_end == std::string_view::npos ? "http" : lower(text.substr(0, scheme_end));
  const std::pair<std::string_view, Kind> kinds[] = {
      {"http", Kind::http},      {"https", Kind::https},   {"socks4a", Kind::socks4a},
      {"socks4", Kind::socks4a}, {"socks5", Kind::socks5}, {"socks5h", Kind::socks5h},
      {"socks", Kind::socks5h}};
  const auto* const kind = std::find_if(std::begin(kinds), std::end(kinds),
                                        [&](const auto& entry) { return entry.first == scheme; });
  if (kind == std::end(kinds)) throw URLError("not a kind of proxy: " + proto::quoted(scheme));
  proxy.kind = kind->second;
  const std::string_view rest =
      scheme_end == std::string_view::npos ? text : text.substr(scheme_end + 3);
  // "x" has no default port, so a port of 0 means that none was given.
  const URL url = URL::parse("x://" + std::string(rest));
  proxy.host = url.host();
  proxy.port = url.port() != 0 ? url.port() : default_proxy_port(proxy.kind);
  proxy.user = url.user().value_or("");
  if (url.password()) proxy.password = *url.password();
  return proxy;
}

std::string Proxy::to_string() const {
  const char* const schemes[] = {"http", "https", "socks4a", "socks5", "socks5h"};
  const std::string name = host.find(':') != std::string::npos ? "[" + host + "]" : host;
  return std::string(schemes[static_cast<int>(kind)]) + "://" + name + ":" + std::to_string(port);
}

NoProxy::NoProxy(std::string_view list) {
  std::size_t from = 0;
  while (from < list.size()) {
    const std::size_t end = std::min(list.find_first_of(", \t", from), list.size());
    std::string entry = lower(list.substr(from, end - from));
    while (entry.starts_with('.')) entry.erase(0, 1);
    if (entry.starts_with("*.")) entry.erase(0, 2);
    if (!entry.empty()) entries_.push_back(std::move(entry));
    from = end + 1;
  }
}

bool NoProxy::matches(std::string_view host_text, std::uint16_t port) const {
  std::string host = lower(host_text);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  while (host.ends_with('.')) host.pop_back();
  const std::string address = literal_bytes(host);
  for (std::string entry : entries_) {
    if (entry == "*") return true;
    // "host:port", but not the colons of an IPv6 address.
    const auto colon = entry.rfind(':');
    if (colon != std::string::npos && (entry.find(':') == colon || entry[colon - 1] == ']')) {
      if (entry.substr(colon + 1) != std::to_string(port)) continue;
      entry.erase(colon);
    }
    if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
    if (const auto slash = entry.find('/'); slash != std::string::npos) {
      const auto bits = parse_decimal(std::string_view(entry).substr(slash + 1), 128);
      if (bits && !address.empty() &&
          in_block(address, literal_bytes(entry.substr(0, slash)), *bits))
        return true;
    } else if (!address.empty()) {
      if (address == literal_bytes(entry)) return true;
    } else if (host == entry || host.ends_with("." + entry)) {
      return true;
    }
  }
  return false;
}

std::optional<Proxy> proxy_from_environment(const URL& url) {
  const char* skip = environment("no_proxy");
  if (skip == nullptr) skip = environment("NO_PROXY");
  if (skip != nullptr && NoProxy(skip).matches(url.host(), url.port())) return std::nullopt;
  const bool secure = url.scheme() == "https";
  const char* value = environment(secure ? "https_proxy" : "http_proxy");
  if (value == nullptr && secure) value = environment("HTTPS_PROXY");
  if (value == nullptr && !secure && environment("REQUEST_METHOD") == nullptr)
    value = environment("HTTP_PROXY");
  if (value == nullptr) value = environment("all_proxy");
  if (value == nullptr) value = environment("ALL_PROXY");
  if (value == nullptr) return std::nullopt;
  return Proxy::parse(value);
}

}  // namespace proto
