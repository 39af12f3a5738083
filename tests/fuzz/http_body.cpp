// The chunked coding: returns or throws an Error, within its limits, whatever the cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proto/error.h"
#include "wire/chunked.h"
#include "wire/http_request.h"

namespace {

constexpr proto::ChunkLimits kLimits{.max_line_bytes = 256,
                                     .max_trailer_bytes = 1024,
                                     .max_trailers = 10,
                                     .max_extension_bytes = 512};

std::string run(std::string_view input, std::size_t step) {
  proto::ChunkedDecoder decoder(kLimits);
  std::string body;
  std::size_t used = 0;
  try {
    for (std::size_t end = 0; end < input.size() && !decoder.done();) {
      end = std::min(input.size(), end + step);
      while (!decoder.done()) {
        const std::string_view buffered = input.substr(used, end - used);
        std::size_t size = 0;
        if (decoder.remaining() > 0) {
          size = static_cast<std::size_t>(
              std::min<std::uint64_t>(buffered.size(), decoder.remaining()));
          body.append(buffered.substr(0, size));
          decoder.consumed(size);
        } else {
          size = decoder.feed(buffered);
          if (size > buffered.size()) std::abort();
        }
        if (size == 0) break;
        used += size;
      }
    }
    if (!decoder.done()) decoder.finish();
    proto::append_fields(body, decoder.trailers());
    return std::to_string(used) + body;
  } catch (const proto::Error& e) {
    return e.what() + body;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string whole = run(input, size + 1);
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{50}})
    if (run(input, step) != whole) std::abort();
  return 0;
}
