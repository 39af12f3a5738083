// Message-IDs (RFC 5322 §3.6.4).
#pragma once

#include <string>
#include <string_view>

#include "proto/header_text.h"

namespace proto {

// "<seconds.random@domain>"; "localhost" stands for a domain that is none.
std::string message_id_of(const MailDate& date, std::string_view random, std::string_view domain);

}  // namespace proto
