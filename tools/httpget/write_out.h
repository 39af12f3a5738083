// -w: what a transfer was like, in a format of the user's.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/http_session.h"

namespace proto::httpget {

// Names as curl's: "http_code", "time_total", ... Times are seconds, sizes bytes.
struct Report {
  std::string url, url_effective, redirect_url, method, scheme, content_type, remote_ip, file_name,
      referer, error;
  Fields headers;
  int http_code = 0;
  int http_version = 11;
  int exit_code = 0;
  std::uint64_t size_download = 0, size_header = 0, size_upload = 0;
  std::size_t number = 0;  // of the URL
  std::uint16_t remote_port = 0;
  unsigned redirects = 0, connects = 0, retries = 0;
  double namelookup = 0, connect = 0, appconnect = 0, starttransfer = 0, total = 0;
};

// "%{name}", "%header{Name}", "%%", "\n", "\r", "\t"; "@FILE" takes the format from a file. What is
// not known stays as it is. Throws ReadError.
std::string write_out(std::string_view format, const Report& report);

}  // namespace proto::httpget
