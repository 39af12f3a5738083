// Lines that end in LF, CRLF or CR: finding their ends, many bytes at a time, and going from one to
// the next in time linear in the text's size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace proto {

std::uint64_t count_lf(std::string_view text) noexcept;

// The size of what can go onto the wire as it is at the front of `text`, whose first byte stands
// within a line: up to a CR or LF that is not of a CRLF, or a dot that begins a line where `dots`
// are to be stuffed. A CR at the very end is not in it: its LF may follow.
enum class LineDots { any, stuffed };
std::size_t clean_size(std::string_view text, LineDots dots) noexcept;
// Some line ends in LF or CR alone.
inline bool has_bare_line_end(std::string_view text) noexcept {
  return clean_size(text, LineDots::any) < text.size();
}

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
