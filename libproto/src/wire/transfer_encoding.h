// Which transfer encoding a content needs (RFC 2045 §6), and the content in it.
#pragma once

#include <string>
#include <string_view>

namespace proto {

struct EncodedContent {
  std::string_view encoding;  // "7bit", "8bit", "quoted-printable", "base64"
  std::string body;
};

// Text: UTF-8 or any other superset of ASCII; its line ends become CRLF.
EncodedContent encode_text(std::string_view text, bool allow_8bit);
// Bytes that arrive as they are: base64, but for text that no way changes.
EncodedContent encode_bytes(std::string_view bytes, bool is_text, bool allow_8bit);
// 7-bit whatever it is: quoted-printable or base64, whichever is shorter.
EncodedContent encode_text_as_7bit(std::string_view text);

// True where the body goes as it is: no NUL, no line over 998 bytes, no 8-bit unless allowed.
bool body_fits(std::string_view body, bool allow_8bit);

// CRLF for every LF, CR and CRLF.
std::string with_crlf(std::string_view text);

}  // namespace proto
