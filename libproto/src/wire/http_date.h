// Dates in HTTP fields (RFC 9110 §5.6.7).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace proto {

// IMF-fixdate, and the two obsolete forms: RFC 850's, whose two-digit years are 1970 to 2069, and
// asctime()'s. Nothing for anything else; the day's name is not compared with the date.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) noexcept;
// IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT". For the years 0 to 9999.
std::string format_http_date(std::chrono::sys_seconds time);

}  // namespace proto
