// The fields of a header: HeaderBlock.
#include "base/characters.h"
#include "proto/header_text.h"
#include "wire/line_ends.h"

namespace proto {

namespace {

bool is_blank_line(std::string_view line) noexcept {
  return line == "\n" || line == "\r\n" || line == "\r";
}

// Where the colon of a field line is, or npos. RFC 5322 §3.6.8: printable ASCII but ":"; obsolete
// syntax has blanks before the colon.
std::size_t find_colon(std::string_view line) noexcept {
  std::size_t at = 0;
  while (at < line.size() && line[at] > ' ' && line[at] < 0x7f && line[at] != ':') ++at;
  const std::size_t name_size = at;
  while (at < line.size() && is_blank(line[at])) ++at;
  return name_size > 0 && at < line.size() && line[at] == ':' ? at : line.npos;
}

}  // namespace

HeaderBlock::HeaderBlock(std::string_view text, StrayLine stray, std::size_t max_fields) {
  LineEnds lines(text);
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = at;
    const std::string_view line = text.substr(at, lines.after(at) - at);
    if (is_blank_line(line)) {
      header_ = text.substr(0, begin);
      body_ = text.substr(begin + line.size());
      return;
    }
    at += line.size();
    const std::size_t colon = find_colon(line);
    const bool is_mailbox_line =
        begin == 0 && (line.starts_with("From ") || line.starts_with(">From "));
    if (colon == line.npos || is_mailbox_line) {
      if (is_mailbox_line) continue;
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
    while (at < text.size() && is_blank(text[at])) at = lines.after(at);
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

}  // namespace proto
