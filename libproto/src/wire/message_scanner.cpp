#include <algorithm>

#include "proto/message_edit.h"
#include "wire/charset.h"

namespace proto {

// A line's text, or a piece of it.
void MessageScanner::add(std::string_view text) {
  line_size_ += text.size();
  if (in_header_) needs_.eight_bit_header = needs_.eight_bit_header || !is_ascii(text);
}

void MessageScanner::end_line() {
  needs_.longest_line = std::max(needs_.longest_line, line_size_);
  needs_.size += line_size_ + 2;
  if (in_header_ && line_size_ == 0) in_header_ = false;
  line_size_ = 0;
}

void MessageScanner::feed(std::string_view piece) {
  if (piece.empty()) return;
  std::size_t at = 0;
  if (after_cr_) {
    after_cr_ = false;
    if (piece.front() == '\n') {
      at = 1;
      if (needs_.header_size == fed_) ++needs_.header_size;  // the blank line's own LF
    } else {
      needs_.bare_line_ends = true;
    }
  }
  if (!needs_.nul) needs_.nul = piece.find('\0') != piece.npos;
  bool body_seen = !in_header_;
  if (body_seen && !needs_.eight_bit_body) needs_.eight_bit_body = !is_ascii(piece);
  // Each is looked for anew only when it has been passed.
  std::size_t lf = std::min(piece.find('\n', at), piece.size());
  std::size_t cr = std::min(piece.find('\r', at), piece.size());
  while (at < piece.size()) {
    const std::size_t end = std::min(lf, cr);
    add(piece.substr(at, end - at));
    at = end;
    if (end < piece.size()) {
      end_line();
      if (end == lf) {
        needs_.bare_line_ends = true;
        at = end + 1;
      } else if (end + 1 == piece.size()) {
        after_cr_ = true;
        at = end + 1;
      } else {
        at = end + (lf == end + 1 ? 2 : 1);
        if (lf != end + 1) needs_.bare_line_ends = true;
      }
      if (lf < at) lf = std::min(piece.find('\n', at), piece.size());
      if (cr < at) cr = std::min(piece.find('\r', at), piece.size());
    }
    if (body_seen) continue;
    needs_.header_size = fed_ + at;
    if (!in_header_) {
      body_seen = true;
      if (!needs_.eight_bit_body) needs_.eight_bit_body = !is_ascii(piece.substr(at));
    }
  }
  fed_ += piece.size();
}

MessageNeeds MessageScanner::finish() {
  needs_.bare_line_ends = needs_.bare_line_ends || after_cr_;
  if (line_size_ > 0) end_line();
  return needs_;
}

MessageNeeds analyse_message(std::string_view message) {
  MessageScanner scanner;
  // Pieces that stay in the cache from one look to the next.
  constexpr std::size_t kPiece = 32 * 1024;
  for (; message.size() > kPiece; message.remove_prefix(kPiece)) {
    scanner.feed(message.substr(0, kPiece));
  }
  scanner.feed(message);
  return scanner.finish();
}

}  // namespace proto
