// Ranges of bytes: Range for servers, Content-Range for clients (RFC 9110 §14).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proto {

// Both ends included, as on the wire; never empty.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t size() const noexcept { return last - first + 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// What a server does about a Range field.
struct RangeAnswer {
  enum class Kind {
    whole,          // no range that counts: 200, all of it
    partial,        // 206, `ranges`, in the order asked for
    unsatisfiable,  // 416
  };
  Kind kind = Kind::whole;
  std::vector<ByteRange> ranges;
};
// For a resource of `size` bytes. More than `max_ranges`, or more bytes than there are, is an
// attempt to make work: the whole is sent then (RFC 9110 §14.2).
RangeAnswer parse_range(std::string_view value, std::uint64_t size, std::size_t max_ranges = 16);

struct ContentRange {
  std::optional<ByteRange> range;     // nothing: unsatisfied ("bytes */SIZE")
  std::optional<std::uint64_t> size;  // of the whole; nothing: not known ("bytes 0-4/*")
};
// Nothing for anything but a valid range of bytes.
std::optional<ContentRange> parse_content_range(std::string_view value) noexcept;
// "bytes 0-4/10"; without a range: "bytes */10".
std::string format_content_range(const std::optional<ByteRange>& range, std::uint64_t size);

}  // namespace proto
