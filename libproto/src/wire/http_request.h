// Writes heads of HTTP/1.x messages.
#pragma once

#include <string>
#include <string_view>

#include "proto/fields.h"

namespace proto {

// A request that may be sent again without asking (RFC 9110 §9.2.2).
bool is_idempotent(std::string_view method) noexcept;

// Appends "METHOD TARGET HTTP/1.x", the fields and the empty line; `version` is 10 or 11. Throws
// std::invalid_argument, with `out` as it was, for a method that is no token and a target that is
// empty or has anything but visible ASCII in it. Fields cannot hold what must not go on the wire.
void append_request_head(std::string& out, std::string_view method, std::string_view target,
                         int version, const Fields& fields);
// The same for a server. Throws std::invalid_argument for a status that has not three digits and a
// reason with control characters.
void append_response_head(std::string& out, int version, int status, std::string_view reason,
                          const Fields& fields);
// Their parts: the first line, with what append_request_head() checks and throws; "Name: value"
// lines, without the empty line.
void append_request_line(std::string& out, std::string_view method, std::string_view target,
                         int version);
void append_fields(std::string& out, const Fields& fields);

}  // namespace proto
