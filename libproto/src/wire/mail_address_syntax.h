// What addresses may consist of.
#pragma once

#include <string_view>
#include <vector>

#include "proto/mail_address.h"

namespace proto {

// Why `domain` is none ("[192.0.2.1]" is one, and so is UTF-8), or null.
const char* domain_fault(std::string_view domain) noexcept;

// Gives domains their A-labels where the local part needs no SMTPUTF8 either.
std::vector<MailAddress> with_ascii_domains(std::vector<MailAddress> addresses);
// Fields whose value is a list of addresses.
bool is_address_field(std::string_view name) noexcept;

}  // namespace proto
