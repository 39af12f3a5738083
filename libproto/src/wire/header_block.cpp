// The fields of a header: HeaderBlock.
#include <algorithm>

#include "base/characters.h"
#include "proto/header_text.h"
#include "wire/scan.h"

namespace proto {

namespace {

// Enough for most headers, so that one allocation is all.
constexpr std::size_t kUsualFields = 24;

// Where the colon of a field line is, or npos. Obsolete syntax has blanks before it (RFC 5322
// §4.5.8).
std::size_t find_colon(std::string_view line) noexcept {
  const char* const end = line.data() + line.size();
  const char* p = skip_mail_name(line.data(), end);
  if (p == line.data()) return line.npos;
  while (p != end && is_blank(*p)) ++p;
  return p != end && *p == ':' ? static_cast<std::size_t>(p - line.data()) : line.npos;
}

// Behind the line end of the line that `at` stands in: LF, CRLF or CR.
std::size_t next_line(std::string_view text, std::size_t at) noexcept {
  const char* const end = text.data() + text.size();
  const char* p = find_cr_or_lf(text.data() + at, end);
  if (p != end && *p++ == '\r' && p != end && *p == '\n') ++p;
  return static_cast<std::size_t>(p - text.data());
}

// What a mailbox begins a message with.
bool is_mailbox_line(std::string_view line) noexcept {
  return line.starts_with("From ") || line.starts_with(">From ");
}

}  // namespace

HeaderBlock::HeaderBlock(std::string_view text, StrayLine stray, std::size_t max_fields) {
  fields_.reserve(std::min(max_fields, text.empty() ? 0 : kUsualFields));
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = at;
    const std::string_view line = text.substr(at, next_line(text, at) - at);
    if (line.front() == '\r' || line.front() == '\n') {
      header_ = text.substr(0, begin);
      body_ = text.substr(begin + line.size());
      return;
    }
    at += line.size();
    const std::size_t colon = find_colon(line);
    const bool is_separator = begin == 0 && is_mailbox_line(line);
    if (colon == line.npos || is_separator) {
      if (is_separator) continue;
      if (stray == StrayLine::ends_header) {
        header_ = text.substr(0, begin);
        body_ = text.substr(begin);
        missing_separator_ = true;
        return;
      }
      ++stray_lines_;
      continue;
    }
    // A fold is a line end before a blank (RFC 5322 §2.2.3).
    while (at < text.size() && is_blank(text[at])) at = next_line(text, at);
    if (fields_.size() == max_fields) {
      too_many_fields_ = true;
      continue;
    }
    std::size_t name_size = colon;
    while (is_blank(line[name_size - 1])) --name_size;
    fields_.emplace_back(text.substr(begin, at - begin), name_size, colon + 1);
  }
  header_ = text;
}

const HeaderField* HeaderBlock::find(std::string_view name) const noexcept {
  for (const HeaderField& field : fields_) {
    if (equals_ignoring_case(field.name(), name)) return &field;
  }
  return nullptr;
}

std::vector<const HeaderField*> HeaderBlock::find_all(std::string_view name) const {
  std::vector<const HeaderField*> found;
  for (const HeaderField& field : fields_) {
    if (equals_ignoring_case(field.name(), name)) found.push_back(&field);
  }
  return found;
}

std::optional<std::string> HeaderBlock::text(std::string_view name) const {
  const HeaderField* field = find(name);
  if (field == nullptr) return std::nullopt;
  return field->text();
}

std::optional<HeaderField> find_header_field(std::string_view text,
                                             std::string_view name) noexcept {
  if (name.empty()) return std::nullopt;
  const char first = to_lower(name.front());
  for (std::size_t at = 0; at < text.size(); at = next_line(text, at)) {
    if (text[at] == '\r' || text[at] == '\n') break;
    if (to_lower(text[at]) != first || (at == 0 && is_mailbox_line(text))) continue;
    const std::string_view rest = text.substr(at);
    if (!starts_with_ignoring_case(rest, name)) continue;
    std::size_t colon = name.size();
    while (colon < rest.size() && is_blank(rest[colon])) ++colon;
    if (colon == rest.size() || rest[colon] != ':') continue;
    std::size_t end = next_line(rest, colon);
    while (end < rest.size() && is_blank(rest[end])) end = next_line(rest, end);
    return HeaderField(rest.substr(0, end), name.size(), colon + 1);
  }
  return std::nullopt;
}

}  // namespace proto
