#include "httpget/form.h"

#include <sys/stat.h>

#include "base/characters.h"
#include "common/atomic_file.h"
#include "httpget/options.h"
#include "proto/message.h"

namespace proto::httpget {

namespace {

// What stands before `;type=` and the like, or in double quotes; `rest` goes on behind it.
std::string take_value(std::string_view& rest) {
  std::string out;
  if (rest.starts_with('"')) {
    rest.remove_prefix(1);
    while (!rest.empty() && rest.front() != '"') {
      if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
      out += rest.front();
      rest.remove_prefix(1);
    }
    if (!rest.empty()) rest.remove_prefix(1);
    return out;
  }
  const auto end = std::min(rest.find(';'), rest.size());
  out = rest.substr(0, end);
  rest.remove_prefix(end);
  return out;
}

void add_part(FormData& form, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos)
    throw UsageError("--form: no name=value in " + proto::quoted(text));
  const std::string name = text.substr(0, equals);
  std::string_view rest = std::string_view(text).substr(equals + 1);
  const char kind = rest.empty() ? '\0' : rest.front();
  if (kind == '@' || kind == '<') rest.remove_prefix(1);
  std::string value = take_value(rest);
  std::string type;
  std::optional<std::string> file_name;
  while (rest.starts_with(';')) {
    rest.remove_prefix(1);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    if (rest.starts_with("type=")) {
      rest.remove_prefix(5);
      type = take_value(rest);
    } else if (rest.starts_with("filename=")) {
      rest.remove_prefix(9);
      file_name = take_value(rest);
    } else if (kind == '@' || kind == '<') {
      throw UsageError("--form: neither type= nor filename= in " + proto::quoted(text));
    } else {
      value += ";" + take_value(rest);  // a semicolon of the value's own
    }
  }
  if (kind == '<') value = tools::read_file(value);
  if (kind != '@') {
    if (file_name) throw UsageError("--form: filename= goes with @FILE: " + proto::quoted(text));
    return form.add(name, value, type);
  }
  const std::string path = value == "-" ? "/dev/stdin" : value;
  struct stat status {};
  std::optional<std::uint64_t> size;
  if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode))
    size = static_cast<std::uint64_t>(status.st_size);
  // The name that the server is told says what it is, as with curl.
  const std::string shown = file_name.value_or(value.substr(value.rfind('/') + 1));
  form.add_file(name, path, size,
                {.file_name = shown,
                 .content_type = type.empty() ? std::string(guess_media_type(shown)) : type,
                 .fields = {}});
}

}  // namespace

FormData make_form(const std::vector<std::string>& parts) {
  FormData form;
  for (const std::string& part : parts) add_part(form, part);
  return form;
}

}  // namespace proto::httpget
