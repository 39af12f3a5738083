#include "httpget/report.h"

#include <stdexcept>

namespace proto::httpget {

namespace {

using Clock = std::chrono::steady_clock;

void take_address(const std::string& text, std::string& ip, std::uint16_t& port) {
  if (text.rfind(':') == std::string::npos) return;  // a Unix socket, or none
  try {
    const Address address = Address::parse(text);
    ip = address.host();
    port = address.port();
  } catch (const std::invalid_argument&) {
  }
}

void fill_times(Report& report, const SessionResponse& response, Clock::time_point start) {
  const ConnectTimes& times = response.times();
  // Zero where the connection was there already.
  if (times.started >= start) {
    report.namelookup = seconds_between(start, times.resolved);
    report.connect = seconds_between(start, times.connected);
    report.appconnect = seconds_between(start, times.secured);
  }
  report.starttransfer = seconds_between(start, Clock::now());
  if (report.redirects == 0) return;
  // All that went before the last request.
  const auto last = response.attempts().back().elapsed;
  report.redirect = seconds_between(start + last, Clock::now());
}

}  // namespace

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return to < from ? 0 : std::chrono::duration<double>(to - from).count();
}

void fill_report(Report& report, const SessionResponse& response, Clock::time_point start) {
  report.http_code = response.status();
  report.http_version = response.response().version();
  report.headers = response.headers();
  report.url_effective = response.url().to_string();
  report.scheme = response.url().scheme();
  report.content_type = response.headers().get("Content-Type").value_or("");
  report.redirects = response.redirects();
  report.connects = response.connects();
  report.retries = static_cast<unsigned>(response.attempts().size()) - 1 - report.redirects;
  if (const auto location = response.headers().get("Location");
      location && response.status() / 100 == 3) {
    try {
      report.redirect_url = response.url().resolve(*location).to_string();
    } catch (const URLError&) {
      report.redirect_url = *location;
    }
  }
  take_address(response.peer(), report.remote_ip, report.remote_port);
  take_address(response.times().local, report.local_ip, report.local_port);
  fill_times(report, response, start);
}

}  // namespace proto::httpget
