// Composes a message of the input, cut at NULs, and reads it back: nothing is lost, nothing is
// added, and any server takes it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "base/characters.h"
#include "proto/message.h"
#include "proto/message_edit.h"
#include "wire/line_ends.h"
#include "wire/transfer_encoding.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view take(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\0'), rest.size());
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return piece;
}

std::string with_lf(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out += text[i];
    } else if (text.substr(i, 2) != "\r\n") {
      out += '\n';
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view subject = take(rest);
  const std::string_view to = take(rest);
  const std::string_view text = take(rest);
  const std::string_view html = take(rest);
  const std::string_view name = take(rest);
  const std::string_view content = rest;
  proto::Message message;
  message.from("a@example.org");
  try {
    message.to(to).subject(subject).text(text);
    if (!html.empty()) message.html(html);
    if (!name.empty()) {
      message.attach({std::string(name), "application/x-any", std::string(content)});
      message.attach({std::string(name), "message/rfc822", std::string(content)});
    }
  } catch (const std::invalid_argument&) {
    return 0;
  }
  for (const bool allow_8bit : {false, true}) {
    const std::string raw = message.to_string({allow_8bit});
    const proto::MessageNeeds needs = proto::analyse_message(raw);
    require(!needs.nul && !needs.long_line && !proto::has_bare_line_end(raw));
    require(allow_8bit || !needs.eight_bit_body);
    require(needs.size == raw.size());
    const proto::ParsedMessage parsed(raw);
    require(parsed.to().defects.empty());
    if (proto::is_valid_utf8(subject)) require(parsed.subject() == proto::trim(subject));
    if (proto::is_valid_utf8(text)) {
      const std::string expected = with_lf(text);
      const std::string got = parsed.text().value_or("");
      require(got == expected || got == expected + "\n");
    }
    require(parsed.attachments().size() == (name.empty() ? 0U : 2U));
    if (name.empty()) {
      require(parsed.defects().empty());
      continue;
    }
    require(parsed.attachments()[0]->bytes() == content);
    const proto::MessagePart& carried = *parsed.attachments()[1];
    const bool as_message = carried.type() == "message/rfc822";
    require(as_message || parsed.defects().empty());
    require(as_message || carried.type() == "application/octet-stream");
    require(carried.bytes() == (as_message ? proto::with_crlf(content) : std::string(content)));
  }
  return 0;
}
