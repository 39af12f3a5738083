// The fields of a header: HeaderBlock.
#include <algorithm>

#include "base/characters.h"
#include "proto/header_text.h"
#include "wire/line_scan.h"
#include "wire/scan.h"

namespace proto {

namespace {

// Enough for most headers, so that one allocation is all.
constexpr std::size_t kUsualFields = 24;

// Behind the line end of the line that `at` stands in: LF, CRLF or CR.
std::size_t next_line(std::string_view text, std::size_t at) noexcept {
  const char* const end = text.data() + text.size();
  const char* p = find_cr_or_lf(text.data() + at, end);
  if (p != end && *p++ == '\r' && p != end && *p == '\n') ++p;
  return static_cast<std::size_t>(p - text.data());
}

// Behind the lines at `at` that go on with the one before: a fold is a line end before a blank
// (RFC 5322 §2.2.3).
std::size_t behind_folds(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && is_blank(text[at])) at = next_line(text, at);
  return at;
}

}  // namespace

HeaderBlock::HeaderBlock(std::string_view text, StrayLine stray, std::size_t max_fields) {
  fields_.reserve(std::min(max_fields, text.empty() ? 0 : kUsualFields));
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = at;
    HeaderLine line(begin == 0);
    const HeaderLine::Kind kind = line.feed(text.substr(begin));
    at = next_line(text, begin + line.size());
    if (kind == HeaderLine::Kind::empty) {
      header_ = text.substr(0, begin);
      body_ = text.substr(at);
      return;
    }
    if (kind == HeaderLine::Kind::mailbox) continue;
    if (kind != HeaderLine::Kind::field) {
      if (stray == StrayLine::ends_header) {
        header_ = text.substr(0, begin);
        body_ = text.substr(begin);
        missing_separator_ = true;
        return;
      }
      ++stray_lines_;
      continue;
    }
    at = behind_folds(text, at);
    if (fields_.size() == max_fields) {
      too_many_fields_ = true;
      continue;
    }
    fields_.emplace_back(text.substr(begin, at - begin), line.name_size(), line.size() + 1);
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

namespace {

// Where the line at the front of `text` begins one of that name.
std::optional<HeaderField> field_at_front(std::string_view text, std::string_view name) noexcept {
  if (to_lower(text.front()) != to_lower(name.front())) return std::nullopt;  // soon told
  if (!starts_with_ignoring_case(text, name)) return std::nullopt;
  std::size_t colon = name.size();
  while (colon < text.size() && is_blank(text[colon])) ++colon;
  if (colon == text.size() || text[colon] != ':') return std::nullopt;
  const std::size_t end = behind_folds(text, next_line(text, colon));
  return HeaderField(text.substr(0, end), name.size(), colon + 1);
}

}  // namespace

std::optional<HeaderField> find_header_field(std::string_view text,
                                             std::string_view name) noexcept {
  if (name.empty()) return std::nullopt;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  for (const char* line = begin; line != end && *line != '\r' && *line != '\n';
       line = find_line_by_letter(line + 1, end, name.front())) {
    const auto field = field_at_front({line, static_cast<std::size_t>(end - line)}, name);
    if (!field || (line == begin && HeaderLine().feed(text) == HeaderLine::Kind::mailbox)) continue;
    return field;
  }
  return std::nullopt;
}

}  // namespace proto
