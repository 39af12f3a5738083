// Which transfer encoding a content needs (RFC 2045 §6), and the content in it.
#pragma once

#include <string>
#include <string_view>

namespace proto {

enum class TransferEncoding { identity_7bit, identity_8bit, quoted_printable, base64 };
std::string_view to_string(TransferEncoding encoding) noexcept;

// For text: UTF-8 or any other superset of ASCII.
TransferEncoding encoding_for_text(std::string_view text, bool allow_8bit);
// For bytes that shall arrive as they are: base64, but for text that no way changes.
TransferEncoding encoding_for_bytes(std::string_view bytes, bool is_text, bool allow_8bit);
// Quoted-printable or base64, whichever is shorter for this text.
TransferEncoding shorter_encoding(std::string_view text);

// Text gets CRLF for every line end first.
void append_text(std::string_view text, TransferEncoding encoding, std::string& out);
void append_bytes(std::string_view bytes, TransferEncoding encoding, std::string& out);

// True where the body goes as it is: no NUL, no line over 998 bytes, no 8-bit unless allowed.
bool body_fits(std::string_view body, bool allow_8bit);

// CRLF for every LF, CR and CRLF.
std::string with_crlf(std::string_view text);

}  // namespace proto
