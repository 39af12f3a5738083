// multipart/byteranges: returns or throws an Error, within its limits, whatever the cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proto/error.h"
#include "wire/byteranges.h"

namespace {

std::string run(std::string_view input, std::size_t step) {
  proto::ByterangesDecoder decoder("multipart/byteranges; boundary=B");
  std::string text;
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
          text.append(buffered.substr(0, size));
          decoder.consumed(size);
        } else {
          size = decoder.feed(buffered);
          if (size > buffered.size()) std::abort();
          if (decoder.remaining() > 0) text += std::to_string(decoder.range().first) + ":";
        }
        if (size == 0) break;
        used += size;
      }
    }
    if (!decoder.done()) decoder.finish();
    return text;
  } catch (const proto::Error& e) {
    return e.what() + text;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string whole = run(input, size + 1);
  if (run(input, 1) != whole || run(input, 5) != whole) std::abort();
  return 0;
}
