#include "proto/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "base/characters.h"
#include "base/integers.h"

namespace proto {

namespace {

// Reads the storage as the sockaddr type that its family says it is.
template <typename T>
T as(const Address& address) noexcept {
  T value{};
  std::memcpy(&value, address.data(), std::min(sizeof value, address.size()));
  return value;
}

std::string_view without_brackets(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    return host.substr(1, host.size() - 2);
  return host;
}

std::optional<Address> parse_literal(std::string_view host, std::uint16_t port) {
  if (host.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string text(without_brackets(host));
  sockaddr_in v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return Address::from_raw(&v4, sizeof v4);
  }
  sockaddr_in6 v6{};
  const auto zone = text.find('%');
  if (inet_pton(AF_INET6, text.substr(0, zone).c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  if (zone != std::string::npos) {
    const std::string name = text.substr(zone + 1);
    const auto index = parse_decimal(name, UINT32_MAX);
    v6.sin6_scope_id = index ? static_cast<std::uint32_t>(*index) : if_nametoindex(name.c_str());
    if (v6.sin6_scope_id == 0) return std::nullopt;
  }
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  return Address::from_raw(&v6, sizeof v6);
}

std::uint16_t parse_port(std::string_view text, std::string_view whole) {
  const auto port = parse_decimal(text, 65535);
  if (!port) throw std::invalid_argument("no port from 0 to 65535 in the address " + quoted(whole));
  return static_cast<std::uint16_t>(*port);
}

}  // namespace

Address::Address(std::string_view host, std::uint16_t port) {
  if (host.empty()) {
    *this = any(Family::ipv4, port);
    return;
  }
  const auto parsed = parse_literal(host, port);
  if (!parsed) throw std::invalid_argument("not an IPv4 or IPv6 address: " + quoted(host));
  *this = *parsed;
}

bool Address::is_literal(std::string_view host) {
  return !host.empty() && host.size() < 128 && parse_literal(host, 0).has_value();
}

Address Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) return local(text.substr(5));
  if (text.starts_with('/') || text.starts_with('@')) return local(text);
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    throw std::invalid_argument("no port in the address " + quoted(text));
  const std::string_view host = text.substr(0, colon);
  if (host.find(':') != std::string_view::npos && !host.starts_with('[')) {
    throw std::invalid_argument("an IPv6 address with a port needs brackets: " + quoted(text));
  }
  return Address(host, parse_port(text.substr(colon + 1), text));
}

Address Address::local(std::string_view path) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  const bool abstract_name = path.starts_with('@');
  // A path needs room for its NUL; an abstract name starts with one instead.
  const std::size_t terminator = abstract_name ? 0 : 1;
  if (path.empty() || path.find('\0') != std::string_view::npos ||
      path.size() + terminator > sizeof un.sun_path) {
    throw std::invalid_argument("not a path for a Unix socket: " + quoted(path));
  }
  std::memcpy(un.sun_path, path.data(), path.size());
  if (abstract_name) un.sun_path[0] = '\0';
  return from_raw(&un, offsetof(sockaddr_un, sun_path) + path.size() + terminator);
}

Address Address::any(Family family, std::uint16_t port) {
  return Address(family == Family::ipv6 ? "::" : "0.0.0.0", port);
}

Address Address::loopback(Family family, std::uint16_t port) {
  return Address(family == Family::ipv6 ? "::1" : "127.0.0.1", port);
}

Address Address::from_raw(const void* data, std::size_t size) {
  Address address;
  if (size > address.storage_.size()) throw std::invalid_argument("socket address too long");
  if (size != 0) std::memcpy(address.storage_.data(), data, size);
  address.size_ = static_cast<std::uint32_t>(size);
  return address;
}

Family Address::family() const noexcept {
  if (size_ < sizeof(sa_family_t)) return Family::unspecified;
  switch (as<sockaddr>(*this).sa_family) {
    case AF_INET:
      return Family::ipv4;
    case AF_INET6:
      return Family::ipv6;
    case AF_UNIX:
      return Family::local;
    default:
      return Family::unspecified;
  }
}

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN] = {};
  switch (family()) {
    case Family::ipv4: {
      const auto v4 = as<sockaddr_in>(*this);
      return inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    }
    case Family::ipv6: {
      const auto v6 = as<sockaddr_in6>(*this);
      std::string out = inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
      if (v6.sin6_scope_id == 0) return out;
      char name[IF_NAMESIZE] = {};
      out += '%';
      return out + (if_indextoname(v6.sin6_scope_id, name) != nullptr
                        ? name
                        : std::to_string(v6.sin6_scope_id));
    }
    case Family::local: {
      const auto un = as<sockaddr_un>(*this);
      const std::size_t length =
          size_ - std::min<std::size_t>(size_, offsetof(sockaddr_un, sun_path));
      if (length == 0) return {};  // an unnamed peer
      if (un.sun_path[0] == '\0') return "@" + std::string(un.sun_path + 1, length - 1);
      return std::string(un.sun_path, strnlen(un.sun_path, length));
    }
    case Family::unspecified:
      break;
  }
  return {};
}

std::uint16_t Address::port() const noexcept {
  switch (family()) {
    case Family::ipv4:
      return ntohs(as<sockaddr_in>(*this).sin_port);
    case Family::ipv6:
      return ntohs(as<sockaddr_in6>(*this).sin6_port);
    default:
      return 0;
  }
}

std::string Address::bytes() const {
  const char* raw = static_cast<const char*>(data());
  switch (family()) {
    case Family::ipv4:
      return {raw + offsetof(sockaddr_in, sin_addr), 4};
    case Family::ipv6:
      return {raw + offsetof(sockaddr_in6, sin6_addr), 16};
    default:
      return {};
  }
}

Address Address::with_port(std::uint16_t port) const {
  Address copy = *this;
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  const std::uint16_t wire = htons(port);
  if (family() == Family::ipv4 || family() == Family::ipv6) {
    std::memcpy(copy.storage_.data() + offsetof(sockaddr_in, sin_port), &wire, sizeof wire);
  }
  return copy;
}

bool Address::is_loopback() const noexcept {
  switch (family()) {
    case Family::ipv4:
      return ntohl(as<sockaddr_in>(*this).sin_addr.s_addr) >> 24 == 127;
    case Family::ipv6: {
      const auto address = as<sockaddr_in6>(*this).sin6_addr;
      return IN6_IS_ADDR_LOOPBACK(&address) ||
             (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127);
    }
    case Family::local:
      return true;
    case Family::unspecified:
      break;
  }
  return false;
}

std::string Address::to_string() const {
  switch (family()) {
    case Family::ipv4:
      return host() + ":" + std::to_string(port());
    case Family::ipv6:
      return "[" + host() + "]:" + std::to_string(port());
    case Family::local:
      return host();
    case Family::unspecified:
      break;
  }
  return "unspecified";
}

bool operator==(const Address& a, const Address& b) noexcept {
  return a.size_ == b.size_ && std::memcmp(a.data(), b.data(), a.size_) == 0;
}

}  // namespace proto
