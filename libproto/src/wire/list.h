// Comma-separated lists in field values (RFC 9110 §5.6.1).
#pragma once

#include <string_view>

#include "base/characters.h"

namespace proto {

// Takes the next member off the front of `list`, trimmed; commas in quoted strings do not part
// members. False: nothing is left. Empty members come out as such.
inline bool next_member(std::string_view& list, std::string_view& member) noexcept {
  if (list.data() == nullptr) return false;
  bool in_quotes = false;
  std::size_t i = 0;
  for (; i < list.size(); ++i) {
    const char c = list[i];
    if (c > ',' && c != '\\') continue;  // nearly all
    if (c == '"') in_quotes = !in_quotes;
    if (c == '\\' && in_quotes) ++i;
    if (c == ',' && !in_quotes) break;
  }
  i = i < list.size() ? i : list.size();
  member = trim(list.substr(0, i));
  list = i < list.size() ? list.substr(i + 1) : std::string_view();
  return true;
}

}  // namespace proto
