// What a server offers in its answer to EHLO (RFC 5321 §4.1.1.1).
#pragma once

#include <string_view>

#include "proto/smtp_types.h"

namespace proto {

// From the text of the reply: the first line is the domain, each other one a keyword and its value.
// Lines that are no keyword are passed over; of a value that is malformed, nothing is believed.
SMTPCapabilities parse_smtp_capabilities(std::string_view text);

}  // namespace proto
