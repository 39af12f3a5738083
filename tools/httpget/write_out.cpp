#include "httpget/write_out.h"

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

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
      {"http_code", r.http_code},
      {"http_version", r.http_code == 0       ? "0"
                       : r.http_version == 10 ? "1.0"
                                              : "1.1"},
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
  if (name == "http_code" || name == "response_code") {
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

// "{name}" at the front of `rest`; nothing where it is not closed.
std::optional<std::string> take_braced(std::string_view& rest) {
  const auto end = rest.find('}');
  if (!rest.starts_with('{') || end == std::string_view::npos) return std::nullopt;
  std::string name(rest.substr(1, end - 1));
  rest.remove_prefix(end + 1);
  return name;
}

}  // namespace

std::string write_out(std::string_view format, const Report& report) {
  std::string from_file;
  if (format.starts_with('@')) {
    from_file = tools::read_file(std::string(format.substr(1)));
    format = from_file;
  }
  const Values values = values_of(report);
  std::string out;
  while (!format.empty()) {
    const char c = format.front();
    const char next = format.size() > 1 ? format[1] : '\0';
    if (c == '\\' && (next == 'n' || next == 'r' || next == 't')) {
      out += next == 'n' ? '\n' : next == 'r' ? '\r' : '\t';
      format.remove_prefix(2);
      continue;
    }
    if (c == '%' && next == '%') {
      out += '%';
      format.remove_prefix(2);
      continue;
    }
    constexpr std::string_view kHeader = "%header";
    const bool header = format.starts_with("%header{");
    std::string_view rest =
        c == '%' ? format.substr(header ? kHeader.size() : 1) : std::string_view();
    const auto name = take_braced(rest);
    if (!name) {
      out += c;
      format.remove_prefix(1);
      continue;
    }
    if (header) {
      out += escaped(report.headers.get(*name).value_or(""));
    } else if (*name == "json") {
      out += json_of(values);
    } else if (*name == "header_json") {
      out += headers_json(report.headers);
    } else if (const auto found = values.find(*name); found != values.end()) {
      out += text_of(*name, found->second);
    } else {
      out += format.substr(0, format.size() - rest.size());
    }
    format = rest;
  }
  return out;
}

}  // namespace proto::httpget
