#include "wire/field_line.h"

#include <algorithm>
#include <iterator>

#include "base/characters.h"
#include "proto/error.h"
#include "wire/scan.h"

namespace proto {

namespace {

const char* begin_of(std::string_view text) noexcept {
  return text.data();
}
const char* end_of(std::string_view text) noexcept {
  return text.data() + text.size();
}

std::string control_fault(std::string_view text) {
  const char* const bad = skip_value(begin_of(text), end_of(text));
  if (bad == end_of(text)) return {};
  if (*bad == '\r') return "has a CR without LF";
  if (*bad == '\0') return "has a NUL";
  return "has a control character";
}

}  // namespace

std::string field_line_fault(std::string_view line) {
  if (!line.empty() && is_blank(line.front())) {
    const std::string fault = control_fault(line);
    return fault.empty() ? "begins with a blank" : fault;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return "has no colon";
  if (colon == 0) return "has no name";
  if (is_blank(line[colon - 1]) && is_token(trim(line.substr(0, colon))))
    return "has a blank before the colon";
  if (!is_token(line.substr(0, colon))) return "has a name that is no token";
  return control_fault(line.substr(colon + 1));
}

bool is_secret_field(std::string_view name) noexcept {
  constexpr std::string_view kNames[] = {"Authorization", "Proxy-Authorization", "Cookie",
                                         "Set-Cookie", "Authentication-Info"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [name](std::string_view each) { return equals_ignoring_case(name, each); });
}

FieldLine parse_field_line(std::string_view line, std::string_view what) {
  const char* const end = end_of(line);
  const char* const colon = skip_token(begin_of(line), end);
  if (colon == begin_of(line) || colon == end || *colon != ':' ||
      skip_value(colon + 1, end) != end) {
    throw ProtocolError(std::string(what) + ": the field line " + field_line_fault(line) + ": " +
                        quoted(line));
  }
  const auto name_size = static_cast<std::size_t>(colon - begin_of(line));
  return {line.substr(0, name_size), trim(line.substr(name_size + 1))};
}

}  // namespace proto
