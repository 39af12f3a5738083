#include "wire/form_data.h"

#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "base/random.h"
#include "wire/http_request.h"

namespace proto {

namespace {

// The WHATWG's way (HTML §4.10.21.8), or RFC 2616's quoted-string.
std::string escape_name(std::string_view name, FormData::Escape escape) {
  const bool percent = escape == FormData::Escape::percent;
  if (percent ? name.find('\0') != std::string_view::npos : has_line_break_or_nul(name))
    throw std::invalid_argument("form: a line break or NUL in a name: " + quoted(name));
  std::string out;
  for (const char c : name) {
    if (!percent) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
      continue;
    }
    if (c == '"') {
      out += "%22";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

// A text that is not in any part: 200 bits of chance.
FormData::FormData(std::string boundary, Escape escape)
    : boundary_(boundary.empty() ? "----libproto" + random_text(40) : std::move(boundary)),
      escape_(escape) {}

void FormData::append(std::string_view text) {
  if (segments_.empty() || !segments_.back().path.empty()) segments_.emplace_back();
  segments_.back().bytes += text;
  segments_.back().size = segments_.back().bytes.size();
}

void FormData::begin_part(std::string_view name, const std::string* file_name,
                          std::string_view content_type, const Fields& fields) {
  std::string disposition = "form-data; name=\"" + escape_name(name, escape_) + "\"";
  if (file_name != nullptr)
    disposition += "; filename=\"" + escape_name(*file_name, escape_) + "\"";
  Fields head = {{"Content-Disposition", disposition}};
  if (!content_type.empty()) head.add("Content-Type", content_type);
  for (const Fields::Field field : fields) head.add(field.name, field.value);
  std::string text = segments_.empty() ? "--" : "\r\n--";
  text += boundary_ + "\r\n";
  append_fields(text, head);
  append(text + "\r\n");
}

void FormData::add(std::string_view name, std::string_view value, std::string_view content_type,
                   const Fields& fields) {
  begin_part(name, nullptr, content_type, fields);
  append(value);
}

void FormData::begin_file(std::string_view name, const FileOptions& options) {
  begin_part(name, options.file_name.empty() ? nullptr : &options.file_name, options.content_type,
             options.fields);
}

void FormData::add(std::string_view name, std::string_view value, const FileOptions& options) {
  begin_file(name, options);
  append(value);
}

void FormData::add_file(std::string_view name, std::string path, std::optional<std::uint64_t> size,
                        const FileOptions& options) {
  if (path.empty()) throw std::invalid_argument("form: a file without a name");
  begin_file(name, options);
  segments_.push_back({{}, std::move(path), size});
}

std::vector<FormData::Segment> FormData::take_segments() {
  append((segments_.empty() ? "--" : "\r\n--") + boundary_ + "--\r\n");
  return std::move(segments_);
}

std::optional<std::uint64_t> FormData::size() const {
  std::uint64_t total = boundary_.size() + (segments_.empty() ? 6 : 8);
  for (const Segment& segment : segments_) {
    if (!segment.size) return std::nullopt;
    total += *segment.size;
  }
  return total;
}

}  // namespace proto
