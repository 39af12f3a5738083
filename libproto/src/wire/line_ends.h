// Line by line through a text whose lines end in LF, CRLF or CR, in time linear in its size.
#pragma once

#include <cstddef>
#include <string_view>

namespace proto {

class LineEnds {
 public:
  explicit LineEnds(std::string_view text) noexcept : text_(text) {}

  // Where the line that `at` stands in ends, its line end included. `at` never decreases from call
  // to call: each byte is looked at once for LF and once for CR.
  std::size_t after(std::size_t at) noexcept {
    if (!lf_known_ || lf_ < at) lf_ = find('\n', at), lf_known_ = true;
    if (!cr_known_ || cr_ < at) cr_ = find('\r', at), cr_known_ = true;
    if (cr_ < lf_ && cr_ + 1 != lf_) return cr_ + 1;
    return lf_ == text_.size() ? lf_ : lf_ + 1;
  }

 private:
  std::size_t find(char c, std::size_t at) const noexcept {
    const std::size_t found = text_.find(c, at);
    return found == text_.npos ? text_.size() : found;
  }

  std::string_view text_;
  std::size_t lf_ = 0;
  std::size_t cr_ = 0;
  bool lf_known_ = false;
  bool cr_known_ = false;
};

// Without its line end.
constexpr std::string_view without_line_end(std::string_view line) noexcept {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace proto
