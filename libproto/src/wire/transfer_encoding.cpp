#include "wire/transfer_encoding.h"

#include "base/characters.h"
#include "proto/message_edit.h"
#include "wire/line_ends.h"
#include "wire/mime_base64.h"
#include "wire/quoted_printable.h"

namespace proto {

namespace {

MessageNeeds needs_of_body(std::string_view body) {
  MessageScanner scanner;
  scanner.feed("\r\n");  // the end of an empty header
  scanner.feed(body);
  return scanner.finish();
}

bool fits(const MessageNeeds& needs, bool allow_8bit) noexcept {
  return !needs.nul && !needs.long_line && (allow_8bit || !needs.eight_bit_body);
}

void append_with_crlf(std::string_view text, std::string& out) {
  LineEnds lines(text);
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = text.substr(at, lines.after(at) - at);
    const std::string_view content = without_line_end(line);
    out += content;
    if (content.size() < line.size()) out += "\r\n";
    at += line.size();
  }
}

}  // namespace

std::string_view to_string(TransferEncoding encoding) noexcept {
  switch (encoding) {
    case TransferEncoding::identity_7bit:
      return "7bit";
    case TransferEncoding::identity_8bit:
      return "8bit";
    case TransferEncoding::quoted_printable:
      return "quoted-printable";
    case TransferEncoding::base64:
      break;
  }
  return "base64";
}

bool body_fits(std::string_view body, bool allow_8bit) {
  return fits(needs_of_body(body), allow_8bit);
}

TransferEncoding encoding_for_text(std::string_view text, bool allow_8bit) {
  const MessageNeeds needs = needs_of_body(text);
  if (!fits(needs, allow_8bit)) return shorter_encoding(text);
  return needs.eight_bit_body ? TransferEncoding::identity_8bit : TransferEncoding::identity_7bit;
}

TransferEncoding encoding_for_bytes(std::string_view bytes, bool is_text, bool allow_8bit) {
  if (!is_text) return TransferEncoding::base64;
  const MessageNeeds needs = needs_of_body(bytes);
  if (!fits(needs, allow_8bit) || has_bare_line_end(bytes)) return TransferEncoding::base64;
  return needs.eight_bit_body ? TransferEncoding::identity_8bit : TransferEncoding::identity_7bit;
}

TransferEncoding shorter_encoding(std::string_view text) {
  std::size_t escapes = 0;
  for (const char c : text) {
    const bool is_plain = !is_control(c) || c == '\t' || c == '\r' || c == '\n';
    escapes += !is_plain || c == '=' || static_cast<unsigned char>(c) >= 0x80 ? 1 : 0;
  }
  // Three bytes for one, against four for three.
  return escapes * 6 > text.size() ? TransferEncoding::base64 : TransferEncoding::quoted_printable;
}

void append_bytes(std::string_view bytes, TransferEncoding encoding, std::string& out) {
  if (encoding == TransferEncoding::base64) {
    Base64Encoder encoder;
    encoder.feed(bytes, out);
    encoder.finish(out);
  } else if (encoding == TransferEncoding::quoted_printable) {
    QuotedPrintableEncoder encoder(QuotedPrintableEncoder::Mode::binary);
    encoder.feed(bytes, out);
    encoder.finish(out);
  } else {
    out += bytes;
  }
}

void append_text(std::string_view text, TransferEncoding encoding, std::string& out) {
  if (encoding == TransferEncoding::quoted_printable) {
    QuotedPrintableEncoder encoder;
    encoder.feed(text, out);
    encoder.finish(out);
  } else if (encoding == TransferEncoding::base64) {
    append_bytes(with_crlf(text), encoding, out);
  } else {
    append_with_crlf(text, out);
  }
}

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32 + 2);
  append_with_crlf(text, out);
  return out;
}

}  // namespace proto
