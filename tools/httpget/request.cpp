#include "httpget/request.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <span>
#include <system_error>

#include "base/characters.h"
#include "common/atomic_file.h"
#include "httpget/form.h"
#include "proto/header_text.h"
#include "wire/http_date.h"

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
  std::string encoded = percent_encode(value, " ");
  std::replace(encoded.begin(), encoded.end(), ' ', '+');
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
  if (!o.range.empty()) fields.add("Range", "bytes=" + o.range);
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

// What goes on the wire as it is joined by -d and its like.
std::string joined_data(const Options& o, bool& json) {
  std::string data;
  for (const DataPart& part : o.data) {
    if (&part != &o.data.front() && part.kind != DataPart::Kind::json) data += '&';
    data += data_of(part);
    json = json || part.kind == DataPart::Kind::json;
  }
  return data;
}

constexpr const char* kStdin = "/dev/stdin";

// A file; standard input is read as it is, chunked whatever it is, and once only.
Body open_file(const std::string& path) {
  if (path != kStdin) return Body::from_file(path);
  static std::atomic<bool> begun = false;
  if (begun) throw ReadError("cannot read stdin: it has been sent already", 0);
  return Body::from_source([](std::span<char> into) -> std::size_t {
    begun = true;
    for (;;) {
      const ssize_t n = ::read(STDIN_FILENO, into.data(), into.size());
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR)
        throw ReadError("cannot read stdin: " + std::generic_category().message(errno), errno);
    }
  });
}

// One segment after the other: bytes in memory, files as they are read.
Body form_body(const std::shared_ptr<const std::vector<FormData::Segment>>& segments,
               std::optional<std::uint64_t> size) {
  struct Reader {
    std::shared_ptr<const std::vector<FormData::Segment>> segments;
    std::size_t index = 0;
    std::size_t at = 0;
    std::optional<Body> file;
  };
  auto reader = std::make_shared<Reader>(Reader{segments, 0, 0, std::nullopt});
  return Body::from_source(
      [reader](std::span<char> into) -> std::size_t {
        Reader& r = *reader;
        for (; r.index < r.segments->size(); ++r.index, r.at = 0, r.file.reset()) {
          const FormData::Segment& segment = (*r.segments)[r.index];
          if (!segment.path.empty()) {
            if (!r.file) r.file = open_file(segment.path);
            if (const std::size_t n = r.file->source()(into)) return n;
          } else if (r.at < segment.bytes.size()) {
            const std::size_t n = std::min(into.size(), segment.bytes.size() - r.at);
            std::copy_n(segment.bytes.begin() + static_cast<std::ptrdiff_t>(r.at), n, into.begin());
            r.at += n;
            return n;
          }
        }
        return 0;
      },
      size);
}

void set_body(Request& request, const Options& o) {
  SessionRequest& http = request.http;
  if (!o.form.empty()) {
    FormData form = make_form(o.form);
    http.headers.add("Content-Type", form.content_type());
    const auto size = form.size();  // before its parts are taken
    auto segments = std::make_shared<const std::vector<FormData::Segment>>(form.take_segments());
    http.body = [segments, size] { return form_body(segments, size); };
    return;
  }
  if (!o.upload.empty()) {
    // As curl: a URL that ends in a slash gets the file's own name.
    if (http.url.path().ends_with('/') && o.upload != "-") {
      http.url.set_path(http.url.path() + percent_encode(o.upload.substr(o.upload.rfind('/') + 1)));
    }
    http.body = [path = o.upload == "-" ? kStdin : o.upload] { return open_file(path); };
    return;
  }
  if (o.data.empty()) return;
  bool json = false;
  std::string data = joined_data(o, json);
  if (o.data_in_query) return add_query(http.url, data);
  request.bytes = std::make_shared<const std::string>(std::move(data));
  http.body = [bytes = request.bytes] { return Body(*bytes); };
  http.headers.add("Content-Type", json ? "application/json" : "application/x-www-form-urlencoded");
  if (json) http.headers.set("Accept", "application/json");
}

}  // namespace

Request make_request(const Options& o, const URL& given) {
  Request request{
      .http = {.method = o.method, .url = given, .headers = {}, .body = {}, .may_retry = {}},
      .bytes = {}};
  SessionRequest& http = request.http;
  for (const std::string& text : o.url_query) {
    // As curl's: behind a + it goes as it is.
    add_query(http.url, text.starts_with('+') ? text.substr(1) : urlencoded(text));
  }
  if (!o.user_agent.empty()) http.headers.add("User-Agent", o.user_agent);
  http.headers.add("Accept", "*/*");
  if (!o.referer.empty()) http.headers.add("Referer", o.referer);
  for (const std::string& text : o.cookies) {
    if (text.find('=') == std::string::npos) continue;
    const auto before = http.headers.get("Cookie");
    http.headers.set("Cookie", before ? std::string(*before) + "; " + text : text);
  }
  set_body(request, o);
  add_conditions(http.headers, o);
  apply_headers(http.headers, o.headers);
  if (http.method.empty()) {
    http.method = o.head_only ? "HEAD" : !o.upload.empty() ? "PUT" : http.body ? "POST" : "GET";
  }
  return request;
}

void count_upload(SessionRequest& request, std::uint64_t& size) {
  request.body = [make = std::move(request.body), &size] {
    Body body = make();
    if (!body.source()) {
      size = body.bytes().size();
      return body;
    }
    size = 0;
    return Body::from_source(
        [source = body.source(), &size](std::span<char> into) {
          const std::size_t n = source(into);
          size += n;
          return n;
        },
        body.length());
  };
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
