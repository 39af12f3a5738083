#include <string.h>

#include <algorithm>

#include "base/characters.h"
#include "proto/message_edit.h"
#include "wire/charset.h"
#include "wire/line_ends.h"
#include "wire/plain_text.h"
#include "wire/scan.h"

namespace proto {
namespace {

// Where the last line end in `text` stands, or npos.
std::size_t find_last_line_end(std::string_view text) noexcept {
  for (const char c : {'\n', '\r'}) {
    const void* const at = ::memrchr(text.data(), c, text.size());
    if (at != nullptr) return static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
  }
  return std::string_view::npos;
}

}  // namespace

void MessageScanner::feed(std::string_view text) {
  // Pieces that stay in the cache from one look to the next.
  constexpr std::size_t kPiece = 32 * 1024;
  for (; text.size() > kPiece; text.remove_prefix(kPiece)) feed_piece(text.substr(0, kPiece));
  if (!text.empty()) feed_piece(text);
}

void MessageScanner::feed_piece(std::string_view piece) {
  const bool plain = is_plain_text(piece);
  const bool ascii = plain || is_ascii(piece);
  const std::string_view body = in_header_ ? scan_header(piece, ascii) : piece;
  if (!ascii && !needs_.eight_bit_body) needs_.eight_bit_body = !is_ascii(body);
  if (!plain && !needs_.nul) needs_.nul = piece.find('\0') != std::string_view::npos;
  if (!needs_.long_line) scan_line_lengths(piece);
  count_line_feeds(piece);
  fed_ += piece.size();
  if (in_header_) needs_.header_size = fed_;
  last_ = piece.back();
}

MessageNeeds MessageScanner::finish() const {
  MessageNeeds needs = needs_;
  if (after_cr_) needs.bare_header_line_end = true;
  // Text that ends within a line's beginning: no field, and so the body.
  if (in_header_ && line_.kind() == HeaderLine::Kind::undecided) needs.header_size -= line_.size();
  needs.size = fed_ + lf_ + (last_ == '\n' ? 0U : last_ == '\r' ? 1U : 2U);
  return needs;
}

// Up to where the body begins. Returns what stands behind it; where a line that is no line of a
// header began in a piece before, that piece held only ASCII of it.
std::string_view MessageScanner::scan_header(std::string_view piece, bool ascii) {
  const std::size_t size = piece.size();
  while (!piece.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (piece.front() == '\n') {
        piece.remove_prefix(1);
      } else {
        needs_.bare_header_line_end = true;
      }
      end_header_line();
    } else {
      const std::size_t before = line_.size();
      if (line_.feed(piece) == HeaderLine::Kind::stray) {
        in_header_ = false;
        needs_.header_size = fed_ + (size - piece.size()) - before;
        return piece;
      }
      const char* const end = find_cr_or_lf(piece.data(), piece.data() + piece.size());
      const std::string_view line(piece.data(), end);
      if (!ascii && !needs_.eight_bit_header) needs_.eight_bit_header = !is_ascii(line);
      piece.remove_prefix(line.size());
      if (piece.empty()) break;
      after_cr_ = piece.front() == '\r';
      piece.remove_prefix(1);
      if (after_cr_) continue;
      needs_.bare_header_line_end = true;
      end_header_line();
    }
    if (!in_header_) {
      needs_.header_size = fed_ + (size - piece.size());
      break;
    }
  }
  return piece;
}

void MessageScanner::end_header_line() noexcept {
  const HeaderLine::Kind kind = line_.kind();
  in_header_ = kind != HeaderLine::Kind::empty;
  line_ = HeaderLine(false, kind == HeaderLine::Kind::field || kind == HeaderLine::Kind::fold);
}

void MessageScanner::count_line_feeds(std::string_view piece) {
  if (line_end_ == LineEnd::unknown) {
    const std::size_t at = piece.find('\n');
    if (at == std::string_view::npos) return;
    const char before = at > 0 ? piece[at - 1] : last_;
    line_end_ = before == '\r' ? LineEnd::crlf : LineEnd::lf;
  }
  if (line_end_ == LineEnd::lf) lf_ += count_lf(piece);
}

// From line end to line end in leaps as long as a line may be: most bytes are never looked at.
void MessageScanner::scan_line_lengths(std::string_view piece) {
  std::size_t begin = 0;  // of a line, whose first line_size_ bytes were in pieces before
  for (;;) {
    const std::size_t most = kMaxMailLine + 1 - std::min(line_size_, kMaxMailLine + 1);
    const std::string_view window = piece.substr(begin, most);
    const std::size_t end = find_last_line_end(window);
    if (end != std::string_view::npos) {
      begin += end + 1;
      line_size_ = 0;
      continue;
    }
    line_size_ += window.size();
    needs_.long_line = line_size_ > kMaxMailLine;
    if (needs_.long_line || begin + window.size() >= piece.size()) return;
  }
}

MessageNeeds analyse_message(std::string_view message) {
  MessageScanner scanner;
  scanner.feed(message);
  return scanner.finish();
}

}  // namespace proto
