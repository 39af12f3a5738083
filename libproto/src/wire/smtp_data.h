// The one way of a message onto the wire: line ends and dots.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace proto {

// Bytes to send in one go: views of the caller's memory where they are long, copies where they are
// short. Lives with the encoder's input: the views are into it.
class DataBlock {
 public:
  static constexpr std::size_t kMaxParts = 60;  // one system call takes 64
  static constexpr std::size_t kScratchBytes = 64 * 1024;
  // So many are sent from the cache that the encoder brought them into.
  static constexpr std::size_t kFullBytes = 256 * 1024;
  // From here on a view costs less than a copy.
  static constexpr std::size_t kMinView = 512;

  DataBlock() noexcept {}  // and no byte of it is zeroed: that would cost more than a small message
  DataBlock(const DataBlock&) = delete;
  DataBlock& operator=(const DataBlock&) = delete;

  std::span<const std::string_view> parts() const noexcept { return {parts_.data(), count_}; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  // Room for one run of text, a line end and a dot, or for the end of the message.
  bool has_room() const noexcept {
    return count_ + 4 <= kMaxParts && used_ + kMinView + 16 <= kScratchBytes && size_ < kFullBytes;
  }
  // A view, or where it is short a copy.
  void append(std::string_view text);
  void clear() noexcept { count_ = used_ = size_ = 0; }

  // For a writer that copies as it scans: the free end of the scratch memory, and how much of it
  // was then written.
  std::span<char> tail() noexcept { return {scratch_.data() + used_, kScratchBytes - used_}; }
  void commit(std::size_t bytes) noexcept;

 private:
  std::size_t count_ = 0, used_ = 0, size_ = 0;
  std::array<std::string_view, kMaxParts> parts_;
  std::array<char, kScratchBytes> scratch_;
};

// CRLF made of every LF, CR and CRLF; a dot doubled after each CRLF that goes out, so that no text
// can end the message early (RFC 5321 §4.5.2; SMTP smuggling). O(1) memory.
class DataEncoder {
 public:
  // plain: for BDAT, which counts its bytes.
  enum class Dots { stuffed, plain };
  explicit DataEncoder(Dots dots = Dots::stuffed) noexcept : stuff_(dots == Dots::stuffed) {}

  // Encodes the front of `text` into `block` until all is used or the block is full. Returns how
  // much it used.
  std::size_t encode(std::string_view text, DataBlock& block);
  // Ends the last line, and with stuffed dots the message. The block needs has_room().
  void finish(DataBlock& block);

 private:
  void end_line(DataBlock& block);
  std::size_t clean_run(std::string_view text, std::size_t most) const noexcept;
  const char* copy_lines(const char* p, const char* end, DataBlock& block);

  bool stuff_;
  bool line_start_ = true;
  bool pending_cr_ = false;  // a CR came whose LF may follow
};

}  // namespace proto
