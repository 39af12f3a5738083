// The chunked transfer coding (RFC 9112 §7.1), both ways, without copying a body.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "proto/fields.h"

namespace proto {

// RFC 9110 §6.5.1: what must be known before the body, or rules the connection, is no trailer.
bool may_be_trailer(std::string_view name) noexcept;

struct ChunkLimits {
  std::size_t max_line_bytes = std::size_t{4} * 1024;      // a chunk's line, its end included
  std::size_t max_trailer_bytes = std::size_t{16} * 1024;  // the whole trailer section
  std::size_t max_trailers = 500;
  // What all extensions may take beyond the size of the body.
  std::size_t max_extension_bytes = std::size_t{16} * 1024;
};

// Usage: while !done(): if remaining() > 0, take that many body octets (from the buffer or straight
// from the stream) and say so with consumed(); else feed() what is buffered and take off what it
// returns; 0 means that more bytes are needed.
class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(const ChunkLimits& limits = {});

  // How many octets of framing stand at the front of `buffered`; call it only while remaining() is
  // 0. What it left the last time stands at the front again. Throws ProtocolError, LimitError; then
  // it is good for reset() only.
  std::size_t feed(std::string_view buffered) {
    const std::size_t usual = feed_usual(buffered);
    return usual != 0 ? usual : take_framing(buffered);
  }
  // The same where that is what stood before the last chunk, as it is for most: they are of one
  // size. Else 0, and feed() is to be asked.
  std::size_t feed_usual(std::string_view buffered) noexcept {
    if (state_ != State::data_end || usual_bytes_ == 0 ||
        !buffered.starts_with({usual_.data(), usual_bytes_}) || usual_size_ > kMaxSize - received_)
      return 0;
    received_ += usual_size_;
    remaining_ = usual_size_;
    return usual_bytes_;
  }
  // Body octets of the current chunk that are still to come.
  std::uint64_t remaining() const noexcept { return remaining_; }
  void consumed(std::uint64_t size) noexcept { remaining_ -= size; }
  bool done() const noexcept { return state_ == State::done; }
  // The stream ended before done(): throws ClosedError.
  [[noreturn]] void finish() const;
  void reset() noexcept;

  // Once done: what may be a trailer (RFC 9110 §6.5.1). Framing, routing, authentication and the
  // like are dropped.
  const Fields& trailers() const noexcept { return trailers_; }

 private:
  enum class State { size_line, data_end, trailers, done };
  // Octets are told to interfaces that count in signed 64 bits.
  static constexpr std::uint64_t kMaxSize = std::numeric_limits<std::int64_t>::max();
  std::size_t take_framing(std::string_view buffered);
  std::size_t find_line_end(std::string_view rest, std::size_t before, std::size_t limit,
                            const char* what);
  std::size_t take_size_line(std::string_view rest);
  std::size_t check_size_line(std::string_view rest, std::size_t digits);
  std::size_t take_trailers(std::string_view rest);

  ChunkLimits limits_;
  State state_ = State::size_line;
  std::uint64_t remaining_ = 0;
  std::uint64_t received_ = 0;  // body octets announced so far
  std::uint64_t extension_bytes_ = 0;
  std::size_t scanned_ = 0;  // of what feed() left, this much holds no LF
  std::size_t trailer_bytes_ = 0;
  std::size_t trailer_count_ = 0;
  Fields trailers_;
  // The last chunk's size, and what stood before its data: CRLF, the size alone, CRLF. Empty where
  // there was none like that.
  std::uint64_t usual_size_ = 0;
  std::array<char, 20> usual_{};
  std::size_t usual_bytes_ = 0;
};

// "SIZE CRLF" before the octets of a chunk; behind them goes kChunkEnd.
class ChunkHeader {
 public:
  explicit ChunkHeader(std::uint64_t size) noexcept;  // size > 0: an empty chunk ends the body
  std::string_view text() const noexcept { return {text_.data() + begin_, text_.size() - begin_}; }

 private:
  std::array<char, 18> text_{};
  std::size_t begin_ = 16;
};
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
// The last chunk, with trailers.
void append_last_chunk(std::string& out, const Fields& trailers);

}  // namespace proto
