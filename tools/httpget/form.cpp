#include "httpget/form.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/characters.h"
#include "common/atomic_file.h"
#include "proto/message.h"

namespace proto::httpget {

namespace {

UsageError refused(const FormPart& part, const std::string& why) {
  return UsageError(std::string(part.literal ? "--form-string" : "--form") + ": " + why + " in " +
                    proto::quoted(part.text));
}

// What stands before the next semicolon, or in double quotes; `rest` goes on behind it. A quote
// that is not closed is one like any other character.
std::string take_value(std::string_view& rest) {
  if (rest.starts_with('"')) {
    std::string out;
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (rest[i] == '"') {
        rest.remove_prefix(i + 1);
        return out;
      }
      if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
      out += rest[i];
    }
  }
  const auto end = std::min(rest.find(';'), rest.size());
  std::string out(rest.substr(0, end));
  rest.remove_prefix(end);
  return out;
}

// "name=value;type=...": what it says.
struct Parsed {
  std::string name;
  char kind = '\0';  // '@', '<', or neither
  std::string value;
  std::string type;
  std::optional<std::string> file_name;
  Fields fields;
};

void add_field(Fields& fields, const FormPart& part, const std::string& line) {
  const auto colon = line.find(':');
  if (colon == std::string::npos) throw refused(part, "no 'Name: value' behind headers=");
  fields.add(line.substr(0, colon), trim(std::string_view(line).substr(colon + 1)));
}

Parsed parse(const FormPart& part) {
  const auto equals = part.text.find('=');
  if (equals == std::string::npos) throw refused(part, "no name=value");
  Parsed out;
  out.name = part.text.substr(0, equals);
  std::string_view rest = std::string_view(part.text).substr(equals + 1);
  if (part.literal) {
    out.value = rest;
    return out;
  }
  if (rest.starts_with('@') || rest.starts_with('<')) {
    out.kind = rest.front();
    rest.remove_prefix(1);
  }
  out.value = take_value(rest);
  while (rest.starts_with(';')) {
    rest.remove_prefix(1);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const std::string_view whole = rest;
    const auto is = [&](std::string_view what) {
      if (!whole.starts_with(what)) return false;
      rest.remove_prefix(what.size());
      return true;
    };
    if (is("type=")) {
      out.type = take_value(rest);
    } else if (is("filename=")) {
      out.file_name = take_value(rest);
    } else if (is("headers=")) {
      add_field(out.fields, part, take_value(rest));
    } else if (out.kind != '\0') {
      throw refused(part, "neither type=, filename= nor headers=");
    } else {
      out.value += ";" + take_value(rest);  // a semicolon of the value's own
    }
  }
  return out;
}

// The name that the server is told says what it is, else the file's own, as with curl.
std::string type_of(const std::string& shown, const std::string& path) {
  const std::string type(guess_media_type(shown));
  return type == FormData::FileOptions().content_type ? std::string(guess_media_type(path)) : type;
}

void add_part(FormData& form, const FormPart& given) {
  Parsed part = parse(given);
  if (part.kind == '<') part.value = tools::read_file(part.value);
  if (part.kind != '@') {
    return form.add(part.name, part.value,
                    {.file_name = part.file_name.value_or(""),
                     .content_type = part.type,
                     .fields = part.fields});
  }
  const std::string path = part.value == "-" ? "/dev/stdin" : part.value;
  struct stat status {};
  std::optional<std::uint64_t> size;
  if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode))
    size = static_cast<std::uint64_t>(status.st_size);
  const std::string shown = part.file_name.value_or(part.value.substr(part.value.rfind('/') + 1));
  form.add_file(part.name, path, size,
                {.file_name = shown,
                 .content_type = part.type.empty() ? type_of(shown, part.value) : part.type,
                 .fields = part.fields});
}

}  // namespace

FormData make_form(const Options& options) {
  FormData form({}, options.form_escape ? FormData::Escape::backslash : FormData::Escape::percent);
  for (const FormPart& part : options.form) {
    try {
      add_part(form, part);
    } catch (const UsageError&) {
      throw;
    } catch (const std::invalid_argument& e) {
      throw refused(part, e.what());
    }
  }
  return form;
}

}  // namespace proto::httpget
