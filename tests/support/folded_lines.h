// How far the lines of a folded field value reach.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace proto::test {

// True where no line that holds an encoded word is longer than 76 (RFC 2047 §2) and none is longer
// than 998 (RFC 5322 §2.1.1). The value begins at `column`.
inline bool is_folded_well(std::string_view value, std::size_t column) {
  for (std::size_t at = 0; at <= value.size();) {
    const std::size_t end = std::min(value.find("\r\n", at), value.size());
    const std::string_view line = value.substr(at, end - at);
    const std::size_t most = line.find("=?utf-8?") == line.npos ? 998 : 76;
    if (column + line.size() > most) return false;
    column = 0;
    at = end + 2;
  }
  return true;
}

}  // namespace proto::test
