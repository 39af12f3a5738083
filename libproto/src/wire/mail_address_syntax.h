// What addresses may consist of.
#pragma once

#include <string_view>

namespace proto {

// Why `domain` is none ("[192.0.2.1]" is one, and so is UTF-8), or null.
const char* domain_fault(std::string_view domain) noexcept;

}  // namespace proto
