// Base64 (RFC 4648), standard and URL-safe, and hexadecimal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace proto {

// Padded, one line.
std::string base64_encode(std::string_view bytes);
// Strict: the alphabet, padding where it is due, nothing else; nothing for anything else.
std::optional<std::string> base64_decode(std::string_view text);
// The URL-safe alphabet, without padding.
std::string base64url_encode(std::string_view bytes);

std::string hex_encode(std::string_view bytes);  // lower case
std::optional<std::string> hex_decode(std::string_view text);

}  // namespace proto
