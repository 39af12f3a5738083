// Values of fields that a client or a server acts on: parsed or not, never harmful.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/characters.h"
#include "proto/hsts.h"
#include "wire/byte_range.h"
#include "wire/http_date.h"
#include "wire/response_fields.h"
#include "wire/validators.h"

namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};

void check_name(const std::optional<std::string>& name) {
  if (!name) return;
  const bool safe = !name->empty() && name->size() <= 255 && name->front() != '.' &&
                    name->find_first_of("/\\") == std::string::npos &&
                    std::none_of(name->begin(), name->end(), proto::is_control);
  if (!safe) std::abort();
}

void check_hsts(std::string_view input) {
  proto::HSTSStore store;
  store.take(proto::URL::parse("https://a.example/"), input, kNow);
  store.read(input, kNow);
  const std::string text = store.write(kNow);
  proto::HSTSStore again;
  if (again.read(text, kNow) != 0 || again.write(kNow) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_name(proto::safe_file_name(input));
  check_name(proto::disposition_file_name(input));
  proto::parse_digest_field(input);
  proto::parse_retry_after(input, kNow);
  proto::parse_etag(input);
  if (const auto date = proto::parse_http_date(input);
      date && proto::parse_http_date(proto::format_http_date(*date)) != date)
    std::abort();
  for (const proto::ByteRange& range : proto::parse_range(input, 1000).ranges)
    if (range.first > range.last || range.last >= 1000) std::abort();
  proto::parse_content_range(input);
  check_hsts(input);
  return 0;
}
