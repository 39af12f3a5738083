// POP3's lines, and multi-line text: a value or a ProtocolError; text does not depend on the cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proto/credentials.h"
#include "proto/error.h"
#include "wire/dots.h"
#include "wire/pop3_reply.h"

namespace {

// The text decoded in steps of `step` bytes, and what is left behind it.
std::string decode(std::string_view input, std::size_t step) {
  proto::DotDecoder decoder(4096);
  std::string text;
  try {
    while (!input.empty() && !decoder.done()) {
      const auto piece = input.substr(0, step);
      const auto [used, more] = decoder.feed(piece);
      if (used > piece.size() || (used == 0 && more.empty())) std::abort();
      text += more;
      input.remove_prefix(used);
    }
    decoder.finish();
  } catch (const proto::LimitError&) {
    return "limit";
  } catch (const proto::ClosedError&) {
    return text + "|cut";
  }
  return text + "|" + std::string(input);
}

template <typename Parse>
void parse(Parse function) {
  try {
    function();
  } catch (const proto::ProtocolError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string whole = decode(input, size);
  for (const std::size_t step : {1U, 2U, 7U}) {
    if (decode(input, step) != whole) std::abort();
  }
  const auto line = input.substr(0, input.find('\n'));
  parse([&] { proto::parse_pop3_status(line, "x"); });
  parse([&] { proto::parse_pop3_stat(line); });
  parse([&] { proto::parse_pop3_list(line); });
  parse([&] { proto::parse_pop3_uidl(line); });
  parse([&] { proto::parse_pop3_capability(line); });
  const auto stamp = proto::find_apop_timestamp(line);
  if (!stamp.empty() && (stamp.front() != '<' || stamp.back() != '>')) std::abort();
  try {
    proto::find_in_netrc(input, "mail");
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
