#include "wire/chunked.h"

#include <algorithm>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/error.h"
#include "wire/field_line.h"
#include "wire/http_request.h"
#include "wire/scan.h"
#include "wire/wire_fields.h"

namespace proto {

namespace {

constexpr std::size_t kMaxDigits = 16;

[[noreturn]] void refuse(const char* what, std::string_view line) {
  throw ProtocolError(std::string("HTTP chunked body: ") + what + ": " + quoted(line));
}

}  // namespace

bool may_be_trailer(std::string_view name) noexcept {
  constexpr std::string_view kNever[] = {
      "Age",
      "Authorization",
      "Cache-Control",
      "Connection",
      "Content-Encoding",
      "Content-Length",
      "Content-Range",
      "Content-Type",
      "Cookie",
      "Date",
      "Expect",
      "Expires",
      "Host",
      "If-Match",
      "If-Modified-Since",
      "If-None-Match",
      "If-Range",
      "If-Unmodified-Since",
      "Keep-Alive",
      "Location",
      "Max-Forwards",
      "Pragma",
      "Proxy-Authenticate",
      "Proxy-Authorization",
      "Proxy-Connection",
      "Range",
      "Retry-After",
      "Set-Cookie",
      "Strict-Transport-Security",
      "TE",
      "Trailer",
      "Transfer-Encoding",
      "Upgrade",
      "Vary",
      "WWW-Authenticate",
  };
  return std::none_of(std::begin(kNever), std::end(kNever),
                      [&](std::string_view never) { return equals_ignoring_case(name, never); });
}

ChunkedDecoder::ChunkedDecoder(const ChunkLimits& limits) : limits_(limits) {
  limits_.max_line_bytes = std::max(limits_.max_line_bytes, kMaxDigits + kChunkEnd.size());
}

void ChunkedDecoder::reset() noexcept {
  state_ = State::size_line;
  remaining_ = received_ = extension_bytes_ = 0;
  scanned_ = trailer_bytes_ = trailer_count_ = 0;
  trailers_.clear();
  usual_bytes_ = 0;
}

// The size of the line at the front of `rest`, its LF included; 0 where it is not complete. Only
// CRLF ends it: what takes LF alone here and another implementation does not, smuggles.
std::size_t ChunkedDecoder::find_line_end(std::string_view rest, std::size_t before,
                                          std::size_t limit, const char* what) {
  const std::size_t lf = rest.find('\n', scanned_);
  const std::size_t size = lf == std::string_view::npos ? rest.size() : lf + 1;
  if (before + size > limit) {
    throw LimitError(std::string("HTTP chunked body: ") + what + " longer than " +
                     std::to_string(limit) + " bytes");
  }
  scanned_ = lf == std::string_view::npos ? size : 0;
  if (lf == std::string_view::npos) return 0;
  if (lf == 0 || rest[lf - 1] != '\r')
    refuse("a line of framing ends in LF alone", rest.substr(0, lf));
  return size;
}

std::size_t ChunkedDecoder::take_size_line(std::string_view rest) {
  // Nearly every line is digits and CRLF.
  std::uint64_t value = 0;
  std::size_t digits = 0;
  for (const std::size_t most = std::min(rest.size(), kMaxDigits); digits < most; ++digits) {
    const int digit = hex_digit(rest[digits]);
    if (digit < 0) break;
    value = value << 4 | static_cast<std::uint64_t>(digit);
  }
  std::size_t size = digits + 2;
  if (digits == 0 || rest.size() < size || rest[digits] != '\r' || rest[digits + 1] != '\n') {
    size = check_size_line(rest, digits);
    if (size == 0) return 0;
  } else if (value != 0) {
    std::copy_n(kChunkEnd.begin(), kChunkEnd.size(), usual_.begin());
    std::copy_n(rest.begin(), size, usual_.begin() + kChunkEnd.size());
    usual_bytes_ = kChunkEnd.size() + size;
    usual_size_ = value;
  }
  if (value > kMaxSize - received_) refuse("too large a size", rest.substr(0, digits));
  scanned_ = 0;
  received_ += value;
  remaining_ = value;
  state_ = value == 0 ? State::trailers : State::data_end;
  return size;
}

// A line that is not complete, or has blanks or an extension behind the size, or is wrong.
std::size_t ChunkedDecoder::check_size_line(std::string_view rest, std::size_t digits) {
  const std::size_t size = find_line_end(rest, 0, limits_.max_line_bytes, "a chunk's line is");
  if (size == 0) return 0;
  const std::string_view line = rest.substr(0, size - 2);
  if (digits == 0) refuse("no chunk size", line);
  std::string_view more = line.substr(digits);
  if (!more.empty() && hex_digit(more.front()) >= 0) refuse("a chunk size of over 16 digits", line);
  more = trim(more);
  if (!more.empty() && more.front() != ';') refuse("no chunk size", line);
  const char* const end = more.data() + more.size();
  if (skip_value(more.data(), end) != end) refuse("a control character in an extension", line);
  extension_bytes_ += line.size() - digits;
  if (extension_bytes_ > limits_.max_extension_bytes + received_) {
    throw LimitError("HTTP chunked body: extensions take more than " +
                     std::to_string(limits_.max_extension_bytes) + " bytes beyond the body's");
  }
  return size;
}

std::size_t ChunkedDecoder::take_trailers(std::string_view rest) {
  std::size_t used = 0;
  for (;;) {
    const std::size_t size =
        find_line_end(rest, trailer_bytes_, limits_.max_trailer_bytes, "the trailer section is");
    if (size == 0) return used;
    used += size;
    trailer_bytes_ += size;
    const std::string_view line = rest.substr(0, size - 2);
    if (line.empty()) {
      state_ = State::done;
      return used;
    }
    const FieldLine field = parse_field_line(line, "HTTP trailers");
    if (++trailer_count_ > limits_.max_trailers) {
      throw LimitError("HTTP chunked body: more than " + std::to_string(limits_.max_trailers) +
                       " trailers");
    }
    if (may_be_trailer(field.name)) WireFields::append(trailers_, field.name, field.value);
    rest.remove_prefix(size);
  }
}

std::size_t ChunkedDecoder::take_framing(std::string_view buffered) {
  std::size_t used = 0;
  if (state_ == State::data_end) {
    if (buffered.empty() || buffered == "\r") return 0;
    if (buffered[0] != '\r' || buffered[1] != '\n')
      refuse("want CRLF behind a chunk, got", buffered.substr(0, buffered[0] == '\r' ? 2 : 1));
    state_ = State::size_line;
    used = kChunkEnd.size();
  }
  if (state_ == State::size_line) used += take_size_line(buffered.substr(used));
  if (state_ == State::trailers) used += take_trailers(buffered.substr(used));
  return used;
}

void ChunkedDecoder::finish() const {
  std::string message = "HTTP chunked body: the connection was closed ";
  if (remaining_ > 0) {
    message += "in a chunk, " + std::to_string(remaining_) + " octets before its end";
  } else if (state_ == State::trailers) {
    message += "before the end of the trailers";
  } else {
    message += "before the last chunk";
  }
  message += "; " + std::to_string(received_ - remaining_) + " octets of body came";
  throw ClosedError(message, 0, Phase::receive);
}

ChunkHeader::ChunkHeader(std::uint64_t size) noexcept {
  text_[begin_] = '\r';
  text_[begin_ + 1] = '\n';
  do {
    text_[--begin_] = "0123456789abcdef"[size & 15];
    size >>= 4;
  } while (size != 0);
}

void append_last_chunk(std::string& out, const Fields& trailers) {
  out.append("0\r\n");
  append_fields(out, trailers);
  out.append(kChunkEnd);
}

}  // namespace proto
