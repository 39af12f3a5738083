// Reads multipart/byteranges (RFC 9110 §14.6), without copying a body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/fields.h"
#include "wire/byte_range.h"

namespace proto {

// Each part's Content-Range says how long it is, so a boundary in the data does no harm. Used as
// ChunkedDecoder: while !done(), where remaining() > 0 take body octets and say so with consumed(),
// else feed().
class ByterangesDecoder {
 public:
  // Throws ProtocolError where the Content-Type is another, or has no boundary.
  explicit ByterangesDecoder(std::string_view content_type);

  // How many octets of framing stand at the front of `buffered`; 0: more is needed. Throws
  // ProtocolError, LimitError.
  std::size_t feed(std::string_view buffered);
  // Octets that are still to come of the range.
  std::uint64_t remaining() const noexcept { return remaining_; }
  void consumed(std::uint64_t size) noexcept { remaining_ -= size; }
  bool done() const noexcept { return state_ == State::done; }
  // The body ended before done(): throws ClosedError.
  [[noreturn]] void finish() const;

  // Of the current part, once remaining() > 0.
  const ByteRange& range() const noexcept { return *content_range_.range; }
  const ContentRange& content_range() const noexcept { return content_range_; }
  const Fields& fields() const noexcept { return fields_; }

 private:
  enum class State { preamble, fields, line_end, done };
  void take_line(std::string_view line);
  void begin_part();

  std::string delimiter_;  // "--BOUNDARY"
  State state_ = State::preamble;
  std::uint64_t remaining_ = 0;
  std::size_t framing_bytes_ = 0;  // since the last octet of data
  std::size_t scanned_ = 0;
  std::size_t parts_ = 0;
  ContentRange content_range_;
  Fields fields_;
};

}  // namespace proto
