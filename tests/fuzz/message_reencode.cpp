// What is re-encoded for a server goes to that server, or it is said why not; and the header ends
// in one place for all who look for its end. The first byte says what the server can.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/characters.h"
#include "proto/message.h"
#include "proto/message_edit.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_header_end(std::string_view message) {
  const std::uint64_t size = proto::analyse_message(message).header_size;
  require(size == message.size() - proto::HeaderBlock(message).body().size());
  require(size == proto::HeaderEditor(message).header_size());
  proto::MessageScanner scanner;
  for (const char& c : message) scanner.feed({&c, 1});
  require(scanner.finish().header_size == size);
}

// The parts of a message that has no defects, read behind its way.
void check_content(const proto::MessagePart& before, const proto::MessagePart& after) {
  require(before.type() == after.type());
  require(before.parts().size() == after.parts().size());
  for (std::size_t i = 0; i < before.parts().size(); ++i)
    check_content(before.parts()[i], after.parts()[i]);
  if (!before.parts().empty()) return;
  const bool has_lines = before.is_text() || before.type().starts_with("message/");
  require(has_lines ? before.text() == after.text() : before.bytes() == after.bytes());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const proto::ServerAbilities abilities{(data[0] & 1) != 0, (data[0] & 2) != 0};
  const std::string_view message(reinterpret_cast<const char*>(data + 1), size - 1);
  check_header_end(message);
  const proto::Reencoded result = proto::reencode_message(message, abilities);
  require(result.message || !result.why_not.empty());
  if (!result.message) return 0;
  const std::string_view text = *result.message;
  check_header_end(text);
  const proto::MessageNeeds needs = proto::analyse_message(text);
  require(!needs.nul && !needs.long_line);
  require(abilities.eight_bit_mime || !needs.eight_bit_body);
  require(abilities.smtputf8 || !needs.eight_bit_header);
  require(proto::is_valid_utf8(text.substr(0, needs.header_size)));
  require(proto::reencode_message(text, abilities).message == text);
  const proto::ParsedMessage before(message), after(text);
  // A NUL in a header becomes a blank.
  if (before.defects().empty() && message.find('\0') == message.npos)
    check_content(before.root(), after.root());
  return 0;
}
