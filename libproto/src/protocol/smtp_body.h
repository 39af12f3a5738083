// The bytes of a message: in memory, or read in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proto/message_edit.h"
#include "proto/smtp_types.h"

namespace proto {

class SMTPBody {
 public:
  // Up to here a message is handled in one piece, and may go out together with its commands.
  static constexpr std::size_t kSmallBytes = 16 * 1024;
  static constexpr std::size_t kPieceBytes = 256 * 1024;

  // Both must outlive it.
  explicit SMTPBody(std::string_view text) : text_(text), bytes_(text.size()) {}
  explicit SMTPBody(MessageSource& source);

  // With the header ignored it stops where the message turns out not to be plain.
  MessageNeeds scan(MessageScanner::Header header);
  bool is_small() const noexcept { return bytes_ <= kSmallBytes; }
  // The next piece, empty at the end. It dies at the next call.
  std::string_view next();
  bool at_end() const noexcept { return offset_ == bytes_; }
  void rewind() noexcept { offset_ = 0; }
  std::uint64_t size() const noexcept { return bytes_; }

  // The bytes as they go out, line ends made and dots not stuffed: exactly, in a pass through all
  // of it.
  std::uint64_t encoded_size();

  // The first `bytes` of it; and `text` in their place from here on.
  std::string read_front(std::uint64_t bytes);
  void replace_front(std::uint64_t bytes, std::string text);

 private:
  std::string_view front_;  // in the place of the first skipped_ bytes of what follows
  std::uint64_t skipped_ = 0;
  std::string_view text_;
  MessageSource* source_ = nullptr;
  std::uint64_t bytes_;
  std::uint64_t offset_ = 0;
  std::unique_ptr<const std::string> own_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace proto
