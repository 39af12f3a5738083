// Socket addresses: IPv4, IPv6 and Unix, from text and to text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace proto {

enum class Family { unspecified, ipv4, ipv6, local };

// A value: where a socket is, or goes.
class Address {
 public:
  // Unspecified: names nothing.
  Address() noexcept = default;
  // The tutorial's pair. `host` is an IPv4 or IPv6 literal ("fe80::1%eth0" too, brackets or not),
  // or "" for any interface (IPv4). Names go through gethostbyname(). Throws std::invalid_argument.
  Address(std::string_view host, std::uint16_t port);
  // "127.0.0.1:80", "[::1]:80", ":80" (any interface), "/path" or "unix:/path" or "@abstract".
  // Throws std::invalid_argument.
  static Address parse(std::string_view text);
  // A Unix socket; a first byte '@' means Linux's abstract names. Throws std::invalid_argument:
  // empty, NUL, too long.
  static Address local(std::string_view path);
  // All interfaces, and this machine: of IPv6 where that is asked for, else of IPv4.
  static Address any(Family family, std::uint16_t port);
  static Address loopback(Family family, std::uint16_t port);
  // From a struct sockaddr of `size` bytes, which is copied. Throws std::invalid_argument for more
  // than 128.
  static Address from_raw(const void* data, std::size_t size);
  // True for text that the two-argument constructor takes as a literal.
  static bool is_literal(std::string_view host);

  Family family() const noexcept;
  // The literal without brackets, or the path.
  std::string host() const;
  // 0 for a Unix socket.
  std::uint16_t port() const noexcept;
  // The 4 or 16 bytes of an IP address, as they go on the wire; empty for others.
  std::string bytes() const;
  // A copy; what has no port stays as it is.
  Address with_port(std::uint16_t port) const;
  bool is_loopback() const noexcept;  // 127/8, ::1, ::ffff:127/104, every Unix socket
  // As parse() takes it.
  std::string to_string() const;

  // A struct sockaddr and its length, for system calls; dies with this object.
  const void* data() const noexcept { return storage_.data(); }
  std::size_t size() const noexcept { return size_; }

  friend bool operator==(const Address& a, const Address& b) noexcept;

 private:
  alignas(8) std::array<std::byte, 128> storage_{};
  std::uint32_t size_ = 0;
};

}  // namespace proto
