// Content codings: the first byte chooses which; the result does not depend on the cut, and keeps
// to its limits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proto/error.h"
#include "wire/codings.h"

namespace {

constexpr proto::CodingLimits kLimits{
    .max_output_bytes = 1 << 18, .max_ratio = 100, .free_bytes = 1 << 16, .max_codings = 3};

// Damage may be seen before or after bytes that stand near it have come out.
struct Result {
  bool ok = false;
  std::string out;
};

Result run(std::string_view codings, std::string_view input, std::size_t step) {
  Result result;
  try {
    proto::ContentDecoder decoder(codings, kLimits);
    while (!input.empty()) {
      std::string_view piece = input.substr(0, step);
      input.remove_prefix(piece.size());
      for (;;) {
        const std::string_view some = decoder.decode(piece);
        if (some.empty()) break;
        result.out += some;
      }
      if (!piece.empty() || result.out.size() > kLimits.max_output_bytes) std::abort();
    }
    decoder.finish();
    result.ok = true;
  } catch (const proto::ProtocolError&) {
  } catch (const proto::LimitError&) {
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::string_view choices[] = {"gzip", "deflate",    "br",
                                          "zstd", "gzip, gzip", "deflate, br"};
  const std::string_view codings = choices[data[0] % std::size(choices)];
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Result whole = run(codings, input, size);
  const Result cut = run(codings, input, 1);
  if (whole.ok && cut.ok && whole.out != cut.out) std::abort();
  return 0;
}
