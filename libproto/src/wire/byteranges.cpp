#include "wire/byteranges.h"

#include "base/characters.h"
#include "proto/error.h"
#include "proto/header_text.h"
#include "wire/field_line.h"
#include "wire/wire_fields.h"

namespace proto {

namespace {

constexpr std::size_t kMaxFramingBytes = std::size_t{16} * 1024;  // between two stretches of data
constexpr std::size_t kMaxParts = 1000;

[[noreturn]] void refuse(const std::string& what) {
  throw ProtocolError("HTTP multipart/byteranges: " + what);
}

}  // namespace

ByterangesDecoder::ByterangesDecoder(std::string_view content_type) {
  const ParameterizedValue type = parse_parameters(content_type);
  const std::string* const boundary = type.find("boundary");
  if (type.value != "multipart/byteranges" || boundary == nullptr || boundary->empty() ||
      boundary->size() > 70)
    refuse("no Content-Type with a boundary: " + quoted(content_type));
  delimiter_ = "--" + *boundary;
}

std::size_t ByterangesDecoder::feed(std::string_view buffered) {
  std::size_t used = 0;
  while (!done() && remaining_ == 0) {
    const std::string_view rest = buffered.substr(used);
    // What stands behind the last boundary, were it a line end, means nothing.
    if (state_ == State::preamble && rest.starts_with(delimiter_ + "--")) {
      if (parts_ == 0) refuse("no part in it");
      state_ = State::done;
      return used + delimiter_.size() + 2;
    }
    const std::size_t lf = rest.find('\n', scanned_);
    const bool complete = lf != std::string_view::npos;
    const std::size_t size = complete ? lf + 1 : rest.size();
    if (framing_bytes_ + size > kMaxFramingBytes) {
      throw LimitError("HTTP multipart/byteranges: more than " + std::to_string(kMaxFramingBytes) +
                       " bytes between two ranges");
    }
    scanned_ = complete ? 0 : size;
    if (!complete) return used;
    std::string_view line = rest.substr(0, lf);
    if (line.ends_with('\r')) line.remove_suffix(1);
    framing_bytes_ += size;
    used += size;
    take_line(line);
  }
  return used;
}

void ByterangesDecoder::take_line(std::string_view line) {
  if (state_ == State::fields) {
    if (line.empty()) return begin_part();
    const FieldLine field = parse_field_line(line, "HTTP multipart/byteranges");
    WireFields::append(fields_, field.name, field.value);
    return;
  }
  // Behind data its line end belongs to the boundary; blanks may follow one (RFC 2046 §5.1.1).
  if (state_ == State::line_end) {
    if (!line.empty()) refuse("want a line end behind a range, got " + quoted(line));
    state_ = State::preamble;
  } else if (line.starts_with(delimiter_) && trim(line.substr(delimiter_.size())).empty()) {
    if (++parts_ > kMaxParts) throw LimitError("HTTP multipart/byteranges: more than 1000 parts");
    fields_.clear();
    state_ = State::fields;
  } else if (parts_ > 0) {
    refuse("want the boundary behind a range, got " + quoted(line));
  }
}

void ByterangesDecoder::begin_part() {
  const auto value = fields_.get("Content-Range");
  const auto parsed = value ? parse_content_range(*value) : std::nullopt;
  if (!parsed || !parsed->range)
    refuse("a part's Content-Range: " + (value ? quoted(*value) : std::string("none")));
  content_range_ = *parsed;
  remaining_ = parsed->range->size();
  framing_bytes_ = 0;
  state_ = State::line_end;
}

void ByterangesDecoder::finish() const {
  throw ClosedError(
      "HTTP multipart/byteranges: the body ended before its last boundary" +
          (remaining_ > 0 ? ", " + std::to_string(remaining_) + " octets before the end of a range"
                          : std::string()),
      0, Phase::receive);
}

}  // namespace proto
