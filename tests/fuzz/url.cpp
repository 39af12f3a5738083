// URLs: parse or URLError; what is parsed is canonical, and safe on a request line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proto/url.h"

namespace {

void check(const proto::URL& url) {
  const std::string text = url.to_string_with_password();
  if (proto::URL::parse(text).to_string_with_password() != text) std::abort();
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f; };
  const std::string target = url.target();
  if (target.empty() || target[0] != '/') std::abort();
  if (!std::all_of(target.begin(), target.end(), visible)) std::abort();
  const std::string authority = url.authority();
  if (authority.empty() || !std::all_of(authority.begin(), authority.end(), visible)) std::abort();
  if (proto::canonical_host(url.host()) != url.host()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try {
    check(proto::URL::parse(input));
  } catch (const proto::URLError&) {
  }
  try {
    static const proto::URL base = proto::URL::parse("http://user@example.org:81/a/b;c?d#e");
    check(base.resolve(input));
  } catch (const proto::URLError&) {
  }
  return 0;
}
