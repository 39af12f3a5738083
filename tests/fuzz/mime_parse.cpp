// Messages: whatever comes is read within the limits; what is re-encoded goes to any server.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/characters.h"
#include "proto/message.h"
#include "proto/message_edit.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::size_t check_part(const proto::MessagePart& part, std::size_t depth) {
  require(depth <= 16);
  require(proto::is_valid_utf8(part.text()));
  require(part.file_name().find_first_of("/\\") == std::string::npos);
  part.is_damaged();
  part.content_id();
  std::size_t count = 1;
  for (const proto::MessagePart& child : part.parts()) count += check_part(child, depth + 1);
  return count;
}

proto::MessageNeeds analyse(std::string_view input, std::size_t piece) {
  proto::MessageScanner scanner;
  for (; input.size() > piece; input.remove_prefix(piece)) scanner.feed(input.substr(0, piece));
  scanner.feed(input);
  return scanner.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const proto::ParsedMessage message(input);
  require(check_part(message.root(), 0) <= 1001);
  message.text();
  message.html();
  message.attachments();
  message.date();
  message.from();

  const proto::MessageNeeds whole = proto::analyse_message(input);
  for (const std::size_t piece : {1U, 7U}) {
    const proto::MessageNeeds cut = analyse(input, piece);
    require(cut.size == whole.size && cut.long_line == whole.long_line &&
            cut.eight_bit_header == whole.eight_bit_header && cut.is_plain() == whole.is_plain() &&
            cut.bare_header_line_end == whole.bare_header_line_end);
  }
  const proto::Reencoded plain = proto::to_7bit(input);
  require(plain.message || !plain.why_not.empty());
  if (plain.message) require(proto::analyse_message(*plain.message).is_plain());

  proto::HeaderEditor editor(input);
  editor.remove_blind_copies();
  require(!editor.has("bcc"));
  editor.add_missing({proto::MailAddress{"", "root", "example.org", ""}, {}, "<1@x>"});
  editor.replace_sender({"", "a", "example.org", ""});
  editor.replace_recipients([](const proto::MailAddress&) {
    return std::vector{proto::MailAddress{"", "b", "example.org", ""}};
  });
  const std::string header = editor.to_string();
  require(proto::HeaderEditor(header).has("from") &&
          !proto::HeaderEditor(header).has("resent-bcc"));
  return 0;
}
