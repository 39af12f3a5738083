#include "wire/transfer_encoding.h"

#include "base/characters.h"
#include "proto/message_edit.h"
#include "wire/line_ends.h"
#include "wire/mime_codec.h"

namespace proto {

namespace {

MessageNeeds needs_of_body(std::string_view body) {
  MessageScanner scanner;
  scanner.feed("\r\n");  // the end of an empty header
  constexpr std::size_t kPiece = 32 * 1024;
  for (; body.size() > kPiece; body.remove_prefix(kPiece)) scanner.feed(body.substr(0, kPiece));
  scanner.feed(body);
  return scanner.finish();
}

bool fits(const MessageNeeds& needs, bool allow_8bit) noexcept {
  return !needs.nul && needs.longest_line <= kMaxMailLine && (allow_8bit || !needs.eight_bit_body);
}

}  // namespace

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32 + 2);
  LineEnds lines(text);
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = text.substr(at, lines.after(at) - at);
    const std::string_view content = without_line_end(line);
    out += content;
    if (content.size() < line.size()) out += "\r\n";
    at += line.size();
  }
  return out;
}

bool body_fits(std::string_view body, bool allow_8bit) {
  return fits(needs_of_body(body), allow_8bit);
}

EncodedContent encode_text(std::string_view text, bool allow_8bit) {
  const MessageNeeds needs = needs_of_body(text);
  if (!fits(needs, allow_8bit)) return encode_text_as_7bit(text);
  return {needs.eight_bit_body ? "8bit" : "7bit",
          needs.bare_line_ends ? with_crlf(text) : std::string(text)};
}

EncodedContent encode_bytes(std::string_view bytes, bool is_text, bool allow_8bit) {
  if (is_text) {
    const MessageNeeds needs = needs_of_body(bytes);
    if (fits(needs, allow_8bit) && !needs.bare_line_ends) {
      return {needs.eight_bit_body ? "8bit" : "7bit", std::string(bytes)};
    }
  }
  return {"base64", base64_lines(bytes)};
}

EncodedContent encode_text_as_7bit(std::string_view text) {
  std::size_t escapes = 0;
  for (const char c : text) {
    const bool is_plain = !is_control(c) || c == '\t' || c == '\r' || c == '\n';
    escapes += !is_plain || c == '=' || static_cast<unsigned char>(c) >= 0x80 ? 1 : 0;
  }
  // Three bytes for one, against four for three.
  if (escapes * 6 > text.size()) return {"base64", base64_lines(with_crlf(text))};
  return {"quoted-printable", quoted_printable(text)};
}

}  // namespace proto
