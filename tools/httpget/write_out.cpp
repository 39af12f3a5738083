#include "httpget/write_out.h"

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/characters.h"
#include "common/atomic_file.h"

namespace proto::httpget {

namespace {

using Values = std::map<std::string, nlohmann::ordered_json, std::less<>>;

Values values_of(const Report& r) {
  const auto rate = [&r](std::uint64_t size) {
    return r.total > 0 ? static_cast<std::uint64_t>(static_cast<double>(size) / r.total) : 0;
  };
  return {
      {"content_type", r.content_type},
      {"errormsg", r.error},
      {"exitcode", r.exit_code},
      {"filename_effective", r.file_name},
      {"ftp_entry_path", ""},
      {"http_code", r.http_code},
      {"http_connect", r.http_connect},
      {"http_version", r.http_code == 0       ? "0"
                       : r.http_version == 20 ? "2"
                       : r.http_version == 10 ? "1.0"
                                              : "1.1"},
      {"local_ip", r.local_ip},
      {"local_port", r.local_port},
      {"method", r.method},
      {"num_connects", r.connects},
      {"num_headers", r.headers.size()},
      {"num_redirects", r.redirects},
      {"num_retries", r.retries},
      {"redirect_url", r.redirect_url},
      {"remote_ip", r.remote_ip},
      {"remote_port", r.remote_port},
      {"response_code", r.http_code},
      {"scheme", upper(r.scheme)},
      {"size_download", r.size_download},
      {"size_header", r.size_header},
      {"size_upload", r.size_upload},
      {"ssl_verify_result", 0},  // what is not trusted does not come this far
      {"proxy_ssl_verify_result", 0},
      {"referer", r.referer},
      {"urlnum", r.number},
      {"speed_download", rate(r.size_download)},
      {"speed_upload", rate(r.size_upload)},
      {"time_appconnect", r.appconnect},
      {"time_connect", r.connect},
      {"time_namelookup", r.namelookup},
      {"time_pretransfer", std::max(r.connect, r.appconnect)},
      {"time_redirect", r.redirect},
      {"time_starttransfer", r.starttransfer},
      {"time_total", r.total},
      {"url", r.url},
      {"url_effective", r.url_effective},
  };
}

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string text_of(std::string_view name, const nlohmann::ordered_json& value) {
  char text[64];
  if (name == "http_code" || name == "response_code" || name == "http_connect") {
    std::snprintf(text, sizeof text, "%03d", value.get<int>());
  } else if (value.is_number_float()) {
    std::snprintf(text, sizeof text, "%.6f", value.get<double>());
  } else if (value.is_string()) {
    return escaped(value.get<std::string>());
  } else {
    return dump(value);
  }
  return text;
}

std::string json_of(const Values& values) {
  nlohmann::ordered_json all;
  all["curl_version"] = "httpget/" PROTO_VERSION;
  for (const auto& [name, value] : values) {
    // As curl's: null where there is none.
    const bool none = value.is_string() && value.get_ref<const std::string&>().empty();
    all[name] = none ? nlohmann::ordered_json() : value;
  }
  return dump(all);
}

// As curl's: names in lower case, each with the list of its values.
std::string headers_json(const Fields& headers) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const auto field : headers) all[lower(field.name)].push_back(std::string(field.value));
  return dump(all);
}

// A part of a URL, by curl's name of it: "host" of "url.host".
std::optional<std::string> part_of(const std::string& text, std::string_view part) {
  std::optional<URL> url;
  try {
    url = URL::parse(text);
  } catch (const URLError&) {
    return "";
  }
  if (part == "scheme") return url->scheme();
  if (part == "host") return url->host();
  if (part == "port") return std::to_string(url->port());
  if (part == "path") return url->path();
  if (part == "query") return url->query().value_or("");
  if (part == "fragment") return url->fragment().value_or("");
  if (part == "user") return url->user().value_or("");
  return std::nullopt;
}

// "{name}" at the front of `rest`; nothing where it is not closed.
std::optional<std::string> take_braced(std::string_view& rest) {
  const auto end = rest.find('}');
  if (!rest.starts_with('{') || end == std::string_view::npos) return std::nullopt;
  std::string name(rest.substr(1, end - 1));
  rest.remove_prefix(end + 1);
  return name;
}

class Writer {
 public:
  explicit Writer(const Report& report) : report_(report), values_(values_of(report)) {}
  WrittenOut write(std::string_view format);

 private:
  // One of them, off the front.
  void take(std::string_view& format);
  bool take_escape(std::string_view& format);
  // What the name stands for; nothing: it is not known.
  std::optional<std::string> value_of(const std::string& name);

  const Report& report_;
  const Values values_;
  WrittenOut out_;
  std::string* to_ = &out_.to_stdout;
  bool done_ = false;
};

bool Writer::take_escape(std::string_view& format) {
  constexpr std::pair<std::string_view, char> kEscapes[] = {
      {"\\n", '\n'}, {"\\r", '\r'}, {"\\t", '\t'}, {"%%", '%'}};
  for (const auto& [text, meaning] : kEscapes) {
    if (!format.starts_with(text)) continue;
    *to_ += meaning;
    format.remove_prefix(text.size());
    return true;
  }
  // Any other one is itself, and so is what it stands before.
  if (!format.starts_with('\\') || format.size() < 2) return false;
  *to_ += format.substr(0, 2);
  format.remove_prefix(2);
  return true;
}

std::optional<std::string> Writer::value_of(const std::string& name) {
  if (name == "stdout" || name == "stderr") {
    to_ = name == "stdout" ? &out_.to_stdout : &out_.to_stderr;
    return "";
  }
  if (name == "onerror") {
    done_ = report_.exit_code == 0;
    return "";
  }
  if (name == "json") return json_of(values_);
  if (name == "header_json") return headers_json(report_.headers);
  if (name.starts_with("url.")) return part_of(report_.url, name.substr(4));
  if (name.starts_with("urle.")) return part_of(report_.url_effective, name.substr(5));
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return text_of(name, found->second);
}

void Writer::take(std::string_view& format) {
  if (take_escape(format)) return;
  constexpr std::string_view kHeader = "%header";
  const bool header = format.starts_with("%header{");
  std::string_view rest =
      format.starts_with('%') ? format.substr(header ? kHeader.size() : 1) : std::string_view();
  const auto name = take_braced(rest);
  if (!name) {
    *to_ += format.front();
    format.remove_prefix(1);
    return;
  }
  const std::string_view whole = format.substr(0, format.size() - rest.size());
  if (header) {
    *to_ += escaped(report_.headers.get(*name).value_or(""));
  } else {
    const auto value = value_of(*name);
    *to_ += value ? *value : std::string(whole);
  }
  format = rest;
}

WrittenOut Writer::write(std::string_view format) {
  while (!format.empty() && !done_) take(format);
  return std::move(out_);
}

}  // namespace

WrittenOut write_out(std::string_view format, const Report& report) {
  std::string from_file;
  if (format.starts_with('@')) {
    from_file = tools::read_file(std::string(format.substr(1)));
    format = from_file;
  }
  return Writer(report).write(format);
}

}  // namespace proto::httpget
