// SASLprep (RFC 4013): user names and passwords that look the same become the same.
#pragma once

#include <string>
#include <string_view>

namespace proto {

// As a query: code points that Unicode has not assigned are let through. Throws
// std::invalid_argument for what is prohibited: control characters, private use, text of both
// directions mixed (RFC 3454 §5, §6). What is no UTF-8 cannot be prepared, and stays as it is. A
// build without libunistring does not normalise (NFKC): only NO-BREAK SPACE and SOFT HYPHEN are
// mapped there, and only ASCII control characters refused.
std::string saslprep(std::string_view text);

}  // namespace proto
