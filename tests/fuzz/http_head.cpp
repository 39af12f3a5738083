// Heads of responses and requests: returns or throws an Error, within its limits, whatever the cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proto/error.h"
#include "wire/body_framing.h"
#include "wire/http_head.h"
#include "wire/http_request.h"

namespace {

constexpr proto::HeadLimits kLimits{
    .max_head_bytes = 4096, .max_line_bytes = 512, .max_fields = 40};

std::string start_of(const proto::ResponseHeadParser& p) {
  return std::to_string(p.status()) + p.reason();
}
std::string start_of(const proto::RequestHeadParser& p) {
  return p.method() + " " + p.target();
}

// What the parser makes of `input`, fed in steps of `step` bytes.
template <typename Parser>
std::string run(std::string_view input, std::size_t step) {
  Parser parser(kLimits);
  try {
    std::size_t size = 0;
    for (std::size_t end = 0; size == 0 && end < input.size();) {
      end = std::min(input.size(), end + step);
      size = parser.feed(input.substr(0, end));
    }
    if (size == 0) parser.finish(input);
    if (size > kLimits.max_head_bytes || parser.fields().size() > kLimits.max_fields) std::abort();
    std::string text = std::to_string(size) + start_of(parser);
    proto::append_fields(text, parser.fields());
    const bool response = std::is_same_v<Parser, proto::ResponseHeadParser>;
    const proto::BodyFraming framing =
        response ? proto::framing_for("GET", 200, parser.version(), parser.fields())
                 : proto::framing_for_request(parser.version(), parser.fields());
    return text + std::to_string(static_cast<int>(framing.kind)) + std::to_string(framing.length);
  } catch (const proto::Error& e) {
    return e.what();
  }
}

template <typename Parser>
void check(std::string_view input) {
  const std::string whole = run<Parser>(input, input.size() + 1);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{64}})
    if (run<Parser>(input, step) != whole) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check<proto::ResponseHeadParser>(input);
  check<proto::RequestHeadParser>(input);
  return 0;
}
