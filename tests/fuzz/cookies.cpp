// Cookies: a jar takes anything, keeps to its limits, and reads what it writes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proto/cookies.h"

namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};

void check_header(const std::string& header) {
  const bool clean = std::all_of(header.begin(), header.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  });
  if (!clean || header.size() > proto::CookieLimits().max_header_bytes) std::abort();
}

}  // namespace

// Lines of Set-Cookie values, taken over https and http; then the same bytes as a jar's file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const proto::URL urls[] = {proto::URL::parse("https://www.example.co.uk/a/b"),
                                    proto::URL::parse("http://www.example.co.uk/a/b")};
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  proto::CookieLimits limits;
  limits.max_per_domain = 5;
  limits.max_total = 8;
  proto::CookieJar jar(limits);
  std::size_t count = 0;
  for (std::string_view rest = input; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    jar.set(urls[count++ % 2], rest.substr(0, end), kNow);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  jar.read_netscape(input, kNow);
  if (jar.size() > limits.max_total) std::abort();
  for (const proto::URL& url : urls) check_header(jar.header_for(url, kNow));
  const std::string text = jar.write_netscape(kNow);
  proto::CookieJar again(limits);
  if (again.read_netscape(text, kNow) != 0 || again.write_netscape(kNow) != text) std::abort();
  return 0;
}
