// What addresses may consist of.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/mail_address.h"

namespace proto {

// Bytes. RFC 5321 says 64 and servers take more; past this one no line of a header can hold it.
inline constexpr std::size_t kMaxMailLocal = 255;

// Why `domain` is none ("[192.0.2.1]" is one, and so is UTF-8), or null.
const char* domain_fault(std::string_view domain) noexcept;

// A path without its brackets, where it has them.
constexpr std::string_view without_brackets(std::string_view path) noexcept {
  return path.size() >= 2 && path.front() == '<' && path.back() == '>'
             ? path.substr(1, path.size() - 2)
             : path;
}

// "undisclosed-recipients:;", as format_address_list() has it for groups that are not empty.
std::string format_empty_groups(std::span<const std::string> names, std::size_t column);

// Gives domains their A-labels where the local part needs no SMTPUTF8 either.
std::vector<MailAddress> with_ascii_domains(std::vector<MailAddress> addresses);
// Fields whose value is a list of addresses.
bool is_address_field(std::string_view name) noexcept;

}  // namespace proto
