#include "httpget/request.h"

#include <sys/stat.h>

#include <algorithm>
#include <ctime>

#include "base/characters.h"
#include "common/atomic_file.h"
#include "httpget/request_body.h"
#include "proto/header_text.h"
#include "wire/http_date.h"

namespace proto::httpget {

namespace {

void add_query(URL& url, const std::string& text, const char* option) {
  if (text.empty()) return;
  if (has_line_break_or_nul(text)) throw UsageError(std::string(option) + ": a line break in it");
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

// "host:80/path?to=http://other" has none. "file:/path" has one, though the rest of it is wrong: a
// port is not empty.
bool has_scheme(const std::string& text) {
  const auto end = text.find_first_of(":/?#@[");
  return end != std::string::npos && text.compare(end, 2, ":/") == 0;
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
  for (const std::string& text : operands) checked(has_scheme(text) ? text : "http://" + text);
  return urls;
}

namespace {

// -z: an If-Modified-Since of a date or of a file's time; with "-" before it an
// If-Unmodified-Since.
void add_time_condition(Fields& fields, const std::string& text) {
  if (text.empty()) return;
  const bool older = text.starts_with('-');
  const std::string value = older ? text.substr(1) : text;
  std::optional<std::chrono::sys_seconds> time;
  struct stat status {};
  if (const auto date = parse_mail_date(value)) {
    time = date->time;
  } else if (const auto http = parse_http_date(value)) {
    time = *http;
  } else if (std::tm day{}; ::strptime(value.c_str(), "%Y-%m-%d %H:%M:%S", &day) != nullptr ||
                            ::strptime(value.c_str(), "%Y-%m-%dT%H:%M:%S", &day) != nullptr ||
                            ::strptime(value.c_str(), "%Y-%m-%d", &day) != nullptr ||
                            ::strptime(value.c_str(), "%Y%m%d", &day) != nullptr ||
                            ::strptime(value.c_str(), "%d %b %Y %H:%M:%S", &day) != nullptr ||
                            ::strptime(value.c_str(), "%d %b %Y", &day) != nullptr) {
    time = std::chrono::sys_seconds(std::chrono::seconds(::timegm(&day)));
  } else if (::stat(value.c_str(), &status) == 0) {
    time = std::chrono::sys_seconds(std::chrono::seconds(status.st_mtim.tv_sec));
  }
  if (!time) throw UsageError("--time-cond: neither a date nor a file: " + proto::quoted(text));
  fields.add(older ? "If-Unmodified-Since" : "If-Modified-Since", format_http_date(*time));
}

void add_conditions(Fields& fields, const Options& o) {
  if (!o.range.empty()) {
    // As curl: a number alone is where it begins.
    const bool number = o.range.find_first_not_of("0123456789") == std::string::npos;
    fields.add("Range", "bytes=" + o.range + (number ? "-" : ""));
  }
  add_time_condition(fields, o.time_condition);
  if (!o.etag_compare.empty()) {
    struct stat status {};
    std::string tag = ::stat(o.etag_compare.c_str(), &status) == 0
                          ? tools::read_file(o.etag_compare, 64 * 1024)
                          : "";
    tag = trim(std::string_view(tag).substr(0, tag.find_first_of("\r\n")));
    fields.add("If-None-Match", tag.empty() ? "\"\"" : tag);
  }
}

void set_body(SessionRequest& http, const Options& o) {
  if (!o.form.empty()) {
    http.body = form_body(o, http.headers);
    return;
  }
  if (!o.upload.empty()) {
    const bool from_stdin = o.upload == "-" || o.upload == ".";
    // As curl: a URL that ends in a slash gets the file's own name.
    if (http.url.path().ends_with('/') && !from_stdin) {
      http.url.set_path(http.url.path() + percent_encode(o.upload.substr(o.upload.rfind('/') + 1)));
    }
    http.body = [path = from_stdin ? kStdin : o.upload] { return open_file(path); };
    if (from_stdin) http.may_retry = false;  // it is there once
    return;
  }
  if (o.data.empty()) return;
  bool json = false;
  std::string data = joined_data(o, json);
  if (o.data_in_query) return add_query(http.url, data, "--data");
  http.body = [bytes = std::make_shared<const std::string>(std::move(data))] {
    return Body(*bytes);
  };
  http.headers.add("Content-Type", json ? "application/json" : "application/x-www-form-urlencoded");
  if (json) http.headers.set("Accept", "application/json");
}

}  // namespace

namespace {

// As curl: -H @FILE is a file of such lines.
std::vector<std::string> header_lines(const Options& o) {
  std::vector<std::string> lines;
  for (const std::string& given : o.headers) {
    if (!given.starts_with('@')) {
      lines.push_back(given);
      continue;
    }
    const std::string text = tools::read_file(given.substr(1), 1024 * 1024);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      std::string_view line = std::string_view(text).substr(at, end - at);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!trim(line).empty()) lines.emplace_back(line);
      at = end + 1;
    }
  }
  return lines;
}

// -H 'Transfer-Encoding: chunked' is about how the body is framed, which is not ours to add twice.
bool takes_chunks(const std::string& line) {
  const auto colon = line.find(':');
  return colon != std::string::npos &&
         equals_ignoring_case(line.substr(0, colon), "Transfer-Encoding") &&
         equals_ignoring_case(trim(std::string_view(line).substr(colon + 1)), "chunked");
}

}  // namespace

SessionRequest make_request(const Options& o, const URL& given) {
  SessionRequest http{.method = o.method, .url = given, .headers = {}, .body = {}, .may_retry = {}};
  for (const std::string& text : o.url_query) {
    // As curl's: behind a + it goes as it is.
    add_query(http.url, text.starts_with('+') ? text.substr(1) : urlencoded(text), "--url-query");
  }
  if (!o.user_agent.empty()) http.headers.add("User-Agent", o.user_agent);
  http.headers.add("Accept", "*/*");
  if (!o.referer.empty()) http.headers.add("Referer", o.referer);
  for (const std::string& text : o.cookies) {
    if (text.find('=') == std::string::npos) continue;
    const auto before = http.headers.get("Cookie");
    http.headers.set("Cookie", before ? std::string(*before) + "; " + text : text);
  }
  set_body(http, o);
  add_conditions(http.headers, o);
  std::vector<std::string> lines = header_lines(o);
  if (http.body && std::erase_if(lines, takes_chunks) > 0)
    http.body = [make = std::move(http.body)] { return Body::from_source(source_of(make())); };
  apply_headers(http.headers, lines);
  if (http.method.empty()) {
    http.method = o.head_only ? "HEAD" : !o.upload.empty() ? "PUT" : http.body ? "POST" : "GET";
  }
  return http;
}

bool before_body(const std::exception& error, bool in_body) {
  if (dynamic_cast<const TunnelError*>(&error)) return true;
  if (dynamic_cast<const TLSError*>(&error)) return !in_body;
  const auto* const network = dynamic_cast<const NetworkError*>(&error);
  if (network == nullptr) return false;
  const Phase phase = network->phase();
  return phase == Phase::resolve || phase == Phase::connect || phase == Phase::proxy ||
         phase == Phase::tls;
}

}  // namespace proto::httpget
