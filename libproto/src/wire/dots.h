// Multi-line replies (RFC 1939 §3): text that ends with a line of a single dot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace proto {

// Undoes dot-stuffing where the bytes lie. feed() it what comes, again and again, until it is done;
// bytes behind the end are left alone. Lines have no limit, only the text as a whole has. Only
// CRLF "." CRLF ends it: a line that a bare LF begins is inside of a line (else a mail could end
// its own transfer).
class DotDecoder {
 public:
  explicit DotDecoder(std::uint64_t max_bytes = UINT64_MAX) : max_bytes_(max_bytes) {}

  struct Step {
    std::size_t used;       // bytes of the input that are dealt with
    std::string_view text;  // what they mean: a part of the input, or of static memory
  };
  // Deals with as much of `input` as makes one piece of text: call it again with the rest. Throws
  // LimitError.
  Step feed(std::string_view input);
  bool done() const noexcept { return state_ == State::done; }
  // The text so far, in bytes.
  std::uint64_t size() const noexcept { return size_; }
  // Says what an EOF means now: throws ClosedError unless it is done.
  void finish() const;

 private:
  enum class State {
    line_start,
    text,
    cr,      // within text, behind a CR
    dot,     // behind the dot that begins a line
    dot_cr,  // behind that and a CR
    done,
  };
  Step scan(std::string_view input);
  Step piece(std::size_t used, std::string_view text);
  [[noreturn]] void refuse_size() const;

  State state_ = State::line_start;
  std::uint64_t size_ = 0;
  std::uint64_t max_bytes_;
};

}  // namespace proto
