// Which libproto this is.
#pragma once

#include <string_view>

namespace proto {

// Semantic: the middle number changes with additions, the first with what breaks programs; while it
// is 0, the middle one does for both.
inline constexpr int kVersionMajor = 0;
inline constexpr int kVersionMinor = 1;
inline constexpr int kVersionPatch = 0;
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace proto
