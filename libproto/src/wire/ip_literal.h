// IP addresses as text, without the system's help: strict in, canonical out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proto {

// Four decimal numbers without leading zeros.
std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) noexcept;
// RFC 4291 §2.2, without brackets and zone.
std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text) noexcept;
// RFC 5952.
std::string format_ipv6(const std::array<std::uint8_t, 16>& address);

}  // namespace proto
