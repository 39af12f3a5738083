#include "httpget/request.h"

#include <algorithm>

#include "base/characters.h"
#include "common/atomic_file.h"

namespace proto::httpget {

namespace {

// curl's rule for -d @FILE: line ends and NULs are taken out.
std::string without_line_ends(std::string text) {
  std::erase_if(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  return text;
}

// application/x-www-form-urlencoded, as curl's --data-urlencode: "text", "=text", "name=text",
// "@FILE", "name@FILE".
std::string urlencoded(const std::string& text) {
  const auto at = text.find_first_of("=@");
  const std::string name = at == std::string::npos ? "" : text.substr(0, at);
  std::string value = at == std::string::npos ? text : text.substr(at + 1);
  if (at != std::string::npos && text[at] == '@') value = tools::read_file(value);
  const std::string encoded = percent_encode(value);
  return name.empty() ? encoded : name + "=" + encoded;
}

std::string data_of(const DataPart& part) {
  const bool from_file = part.text.starts_with('@');
  switch (part.kind) {
    case DataPart::Kind::raw:
      return part.text;
    case DataPart::Kind::urlencode:
      return urlencoded(part.text);
    case DataPart::Kind::form:
      return from_file ? without_line_ends(tools::read_file(part.text.substr(1))) : part.text;
    case DataPart::Kind::binary:
    case DataPart::Kind::json:
      return from_file ? tools::read_file(part.text.substr(1)) : part.text;
  }
  return {};
}

void add_query(URL& url, const std::string& text) {
  if (text.empty()) return;
  url.set_query(url.query() && !url.query()->empty() ? *url.query() + "&" + text : text);
}

// -H: "Name: value" sets, "Name:" removes, "Name;" sends it empty. The first -H of a name replaces
// our own field, further ones are added.
void apply_headers(Fields& fields, const std::vector<std::string>& lines) {
  Fields given;
  for (const std::string& line : lines) {
    const auto end = line.find_first_of(":;");
    if (end == std::string::npos || end == 0)
      throw UsageError("--header: no 'Name: value' in " + proto::quoted(line));
    const std::string name = line.substr(0, end);
    const std::string_view value = trim(std::string_view(line).substr(end + 1));
    if (line[end] == ';' && !value.empty())
      throw UsageError("--header: no 'Name: value' in " + proto::quoted(line));
    if (!is_token(name)) throw UsageError("--header: not a name: " + proto::quoted(name));
    fields.remove(name);
    if (line[end] == ';' || !value.empty()) given.add(name, value);
  }
  for (const auto field : given) fields.add(field.name, field.value);
}

}  // namespace

std::vector<URL> urls_of(const std::vector<std::string>& operands) {
  std::vector<URL> urls;
  const auto checked = [&urls](const std::string& text) {
    URL url = URL::parse(text);
    if (url.scheme() != "http" && url.scheme() != "https") {
      throw URLError("only http and https are known: " + escaped(url.scheme()));
    }
    urls.push_back(std::move(url));
  };
  if (operands.size() == 2 && operands[0].find("://") == std::string::npos &&
      operands[1].starts_with('/')) {
    if (operands[0].find('/') != std::string::npos)
      throw URLError("not a host: " + proto::quoted(operands[0]));
    checked("http://" + operands[0] + operands[1]);
    return urls;
  }
  for (const std::string& text : operands)
    checked(text.find("://") == std::string::npos ? "http://" + text : text);
  return urls;
}

Body Request::body() const {
  if (!upload_path.empty()) return Body::from_file(upload_path == "-" ? "/dev/stdin" : upload_path);
  return has_bytes ? Body(bytes) : Body();
}

Request make_request(const Options& o, const URL& given) {
  Request request{given, o.method, {}, {}, false, {}};
  for (const std::string& text : o.url_query) add_query(request.url, urlencoded(text));
  if (!o.user_agent.empty()) request.fields.add("User-Agent", o.user_agent);
  request.fields.add("Accept", "*/*");
  if (!o.referer.empty()) request.fields.add("Referer", o.referer);

  std::string data;
  bool json = false;
  for (const DataPart& part : o.data) {
    if (&part != &o.data.front() && part.kind != DataPart::Kind::json) data += '&';
    data += data_of(part);
    json = json || part.kind == DataPart::Kind::json;
  }
  if (o.data_in_query) {
    add_query(request.url, data);
  } else if (!o.data.empty()) {
    request.has_bytes = true;
    request.bytes = std::move(data);
    request.fields.add("Content-Type",
                       json ? "application/json" : "application/x-www-form-urlencoded");
    if (json) request.fields.set("Accept", "application/json");
  }
  if (!o.upload.empty()) {
    request.upload_path = o.upload;
    // As curl: a URL that ends in a slash gets the file's own name.
    const auto slash = o.upload.rfind('/');
    if (request.url.path().ends_with('/') && o.upload != "-") {
      const std::string name = slash == std::string::npos ? o.upload : o.upload.substr(slash + 1);
      request.url.set_path(request.url.path() + percent_encode(name));
    }
  }
  apply_headers(request.fields, o.headers);
  if (request.method.empty()) {
    request.method = o.head_only         ? "HEAD"
                     : request.has_bytes ? "POST"
                     : !o.upload.empty() ? "PUT"
                                         : "GET";
  }
  return request;
}

}  // namespace proto::httpget
