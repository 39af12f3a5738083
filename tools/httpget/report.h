// What a transfer was like: for -w.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "proto/http_session.h"

namespace proto::httpget {

// Times are seconds since the transfer began, sizes bytes.
struct Report {
  std::string url, url_effective, redirect_url, method, scheme, content_type, remote_ip, local_ip,
      file_name, referer, error;
  Fields headers;
  int http_code = 0;
  int http_connect = 0;  // a proxy's answer to CONNECT
  int http_version = 11;
  int exit_code = 0;
  std::uint64_t size_download = 0, size_header = 0, size_upload = 0;
  std::size_t number = 0;  // of the URL
  std::uint16_t remote_port = 0, local_port = 0;
  unsigned redirects = 0, connects = 0, retries = 0;
  double namelookup = 0, connect = 0, appconnect = 0, starttransfer = 0, redirect = 0, total = 0;
};

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to);

// Called when the head of the last response has come.
void fill_report(Report& report, const SessionResponse& response,
                 std::chrono::steady_clock::time_point start);

}  // namespace proto::httpget
