// SMTP replies (RFC 5321 §4.2), strictly: whoever reads a reply more kindly than the server means
// it believes that mail was sent which was not.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proto/smtp_types.h"

namespace proto {

inline constexpr std::size_t kMaxSMTPLineBytes = 2048;  // without its line end
inline constexpr std::size_t kMaxSMTPReplyLines = 100;

// Parses one reply after the other. Allocates nothing for replies no longer than one before.
class SMTPReplyParser {
 public:
  explicit SMTPReplyParser(std::size_t max_line_bytes = kMaxSMTPLineBytes,
                           std::size_t max_lines = kMaxSMTPReplyLines)
      : max_line_bytes_(max_line_bytes), max_lines_(max_lines) {}

  // Takes what belongs to this reply off the front of `data`: how many bytes it took. After done()
  // it begins the next reply. Throws ProtocolError, LimitError; then it is of no more use.
  std::size_t feed(std::string_view data);
  bool done() const noexcept { return done_; }
  // Whether bytes of an unfinished reply were taken.
  bool started() const noexcept { return !done_ && (lines_ > 0 || !partial_.empty()); }
  // The stream ended: throws ClosedError unless done().
  void finish() const;
  // Once done(), until the next feed().
  const SMTPReply& reply() const noexcept { return reply_; }

 private:
  void begin();
  void keep_partial(std::string_view piece);
  void take_line(std::string_view line);

  std::size_t max_line_bytes_, max_lines_;
  std::string partial_;  // the line that has not ended yet
  std::size_t lines_ = 0;
  bool done_ = false;
  SMTPReply reply_;
};

// Keeps its memory.
inline void clear(SMTPReply& reply) noexcept {
  reply.code = 0;
  reply.enhanced.clear();
  reply.text.clear();
}

// The enhanced status code (RFC 3463) that `text` begins with, where its class fits `code`; else
// empty. A view into `text`.
std::string_view enhanced_code_of(std::string_view text, int code) noexcept;

}  // namespace proto
