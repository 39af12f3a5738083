// One field line, "name: value", as heads and trailers have it.
#pragma once

#include <string>
#include <string_view>

namespace proto {

struct FieldLine {
  std::string_view name;
  std::string_view value;
};

// `line` without its end. Throws ProtocolError, which begins with `what`.
FieldLine parse_field_line(std::string_view line, std::string_view what);
// Why `line` is no field line, as the end of a sentence that begins "the field line".
std::string field_line_fault(std::string_view line);
// A field whose value is a credential or a cookie: no log, trace or process title shows it.
bool is_secret_field(std::string_view name) noexcept;

}  // namespace proto
