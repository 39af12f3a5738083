// What a peer did that its standard forbids, and that was taken all the same.
#pragma once

#include <string_view>

namespace proto {

enum class Deviation : unsigned {
  lf_only_line = 1,               // a line of a head ended by LF alone
  folded_field = 2,               // obs-fold (RFC 9112 §5.2)
  chunked_and_length = 4,         // both; chunked wins (RFC 9112 §6.3)
  repeated_length = 8,            // Content-Length more than once, all equal
  chunked_in_http_1_0 = 16,       // RFC 9112 §6.1
  body_fields_without_body = 32,  // on 1xx or 204 (RFC 9110 §8.6, RFC 9112 §6.1)
};

class Deviations {
 public:
  constexpr void add(Deviation d) noexcept { bits_ |= static_cast<unsigned>(d); }
  constexpr void add(Deviations other) noexcept { bits_ |= other.bits_; }
  constexpr bool has(Deviation d) const noexcept { return (bits_ & static_cast<unsigned>(d)) != 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }
  friend constexpr bool operator==(Deviations, Deviations) noexcept = default;

 private:
  unsigned bits_ = 0;
};

// One line, for a report.
constexpr std::string_view to_string(Deviation d) noexcept {
  switch (d) {
    case Deviation::lf_only_line:
      return "a header line ends in LF alone";
    case Deviation::folded_field:
      return "a header field is folded over several lines";
    case Deviation::chunked_and_length:
      return "Content-Length beside chunked";
    case Deviation::repeated_length:
      return "Content-Length is given more than once";
    case Deviation::chunked_in_http_1_0:
      return "chunked in HTTP/1.0";
    case Deviation::body_fields_without_body:
      return "body fields where there is no body";
  }
  return "";
}

}  // namespace proto
