// Replies, however cut: the same replies, or the same kind of error, within the limits.
#include "wire/smtp_reply.h"

#include <cstdint>
#include <cstdlib>

#include "proto/error.h"

namespace {

std::string parse(std::string_view data, std::size_t step) {
  proto::SMTPReplyParser parser(200, 10);
  std::string out;
  try {
    while (!data.empty()) {
      std::string_view piece = data.substr(0, step);
      data.remove_prefix(piece.size());
      while (!piece.empty()) {
        piece.remove_prefix(parser.feed(piece));
        if (!parser.done()) continue;
        const auto& reply = parser.reply();
        if (reply.code < 200 || reply.code > 599 || reply.text.size() > 10 * 200) std::abort();
        out += std::to_string(reply.code) + reply.enhanced + "|" + reply.text + "\n";
      }
    }
    if (parser.started()) parser.finish();
  } catch (const proto::ProtocolError&) {
    out += "protocol";
  } catch (const proto::LimitError&) {
    out += "limit";
  } catch (const proto::ClosedError&) {
    out += "closed";
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string whole = parse(text, size + 1);
  for (const std::size_t step : {1U, 2U, 3U, 7U}) {
    if (parse(text, step) != whole) std::abort();
  }
  return 0;
}
