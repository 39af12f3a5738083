#include "wire/dots.h"

#include "proto/error.h"
#include "wire/line_scan.h"

namespace proto {

DotDecoder::Step DotDecoder::feed(std::string_view input) {
  if (input.empty()) return {0, {}};
  switch (state_) {
    case State::done:
      return {0, {}};
    case State::line_start:
      if (input.front() != '.') return scan(input);
      state_ = State::dot;
      return {1, {}};
    case State::dot:
      state_ = input.front() == '\r' ? State::dot_cr : State::text;
      return state_ == State::dot_cr ? Step{1, {}} : scan(input);
    case State::dot_cr:
      if (input.front() == '\n') {
        state_ = State::done;
        return {1, {}};
      }
      state_ = State::cr;
      return piece(0, "\r");
    case State::cr:
      if (input.front() == '\n') {
        state_ = State::line_start;
        return piece(1, input.substr(0, 1));
      }
      return scan(input);
    case State::text:
      return scan(input);
  }
  return {0, {}};
}

// From within a line, up to the next line that begins with a dot, or the end of the input.
DotDecoder::Step DotDecoder::scan(std::string_view input) {
  const char* const begin = input.data();
  const char* const end = begin + input.size();
  const char* lf = find_line_with_dot(begin, end);
  for (; lf != end; lf = find_line_with_dot(lf + 1, end)) {
    if (lf == begin || lf[-1] != '\r') continue;
    const char* const p = lf + 1;
    const auto text = input.substr(0, static_cast<std::size_t>(p - begin));
    if (end - p >= 3 && p[1] == '\r' && p[2] == '\n') {
      state_ = State::done;
      return piece(text.size() + 3, text);
    }
    state_ = State::dot;
    return piece(text.size() + 1, text);
  }
  const bool line_ended = input.ends_with("\r\n");
  state_ = line_ended ? State::line_start : end[-1] == '\r' ? State::cr : State::text;
  return piece(input.size(), input);
}

DotDecoder::Step DotDecoder::piece(std::size_t used, std::string_view text) {
  size_ += text.size();
  if (size_ > max_bytes_) refuse_size();
  return {used, text};
}

void DotDecoder::refuse_size() const {
  throw LimitError("a reply of more than one line is longer than " + std::to_string(max_bytes_) +
                   " bytes");
}

void DotDecoder::finish() const {
  if (done()) return;
  throw ClosedError("the connection was closed within a reply, after " + std::to_string(size_) +
                        " bytes of text and before the dot that ends it",
                    0, Phase::receive);
}

}  // namespace proto
