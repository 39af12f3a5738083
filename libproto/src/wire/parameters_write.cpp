// "value; name=value" and RFC 2231, writing: ParameterizedValue::to_string().
#include <algorithm>
#include <stdexcept>

#include "base/characters.h"
#include "proto/header_text.h"
#include "wire/charset.h"
#include "wire/header_write.h"

namespace proto {

namespace {

constexpr std::size_t kLongestInOnePiece = 60;
constexpr std::size_t kPiece = 50;

// RFC 2231 §7: attribute-char.
constexpr bool is_attribute_char(char c) noexcept {
  return is_token_char(c) && c != '*' && c != '\'' && c != '%';
}

std::string percent_encode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_attribute_char(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15U]};
    }
  }
  return out;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// MIME's token (RFC 2045 §5.1) is narrower than HTTP's.
bool is_mime_token(std::string_view text) noexcept {
  return is_token(text) && text.find_first_of("{}") == text.npos;
}

void put_parameter(HeaderWriter& writer, const ParameterizedValue::Parameter& parameter) {
  const std::string value =
      is_valid_utf8(parameter.value) ? parameter.value : utf8_or_latin1(parameter.value);
  // What looks like an encoded word would be decoded by many readers.
  const bool encode = !is_ascii(value) || std::any_of(value.begin(), value.end(), is_control) ||
                      value.find("=?") != value.npos || value.size() > kLongestInOnePiece;
  const auto put = [&](const std::string& text) {
    writer.put(";");
    writer.put_word(" ", text);
  };
  if (!encode) {
    put(parameter.name + '=' + (is_mime_token(value) ? value : quote(value)));
    return;
  }
  const std::string encoded = percent_encode(value);
  if (encoded.size() <= kLongestInOnePiece) {
    put(parameter.name + "*=utf-8''" + encoded);
    return;
  }
  std::string_view rest = encoded;
  for (unsigned number = 0; !rest.empty(); ++number) {
    std::size_t take = std::min(rest.size(), kPiece);
    // Never within "%XX".
    for (const std::size_t back : {1U, 2U}) {
      if (take < rest.size() && rest[take - back] == '%') {
        take -= back;
        break;
      }
    }
    put(parameter.name + '*' + std::to_string(number) + "*=" + (number == 0 ? "utf-8''" : "") +
        std::string(rest.substr(0, take)));
    rest.remove_prefix(take);
  }
}

}  // namespace

std::string ParameterizedValue::to_string(std::size_t column) const {
  if (!is_ascii(value) || std::any_of(value.begin(), value.end(), is_control)) {
    throw std::invalid_argument("header value: not printable: " + quoted(value));
  }
  HeaderWriter writer(column);
  writer.put(value);
  for (const Parameter& parameter : parameters) {
    if (!is_token(parameter.name)) {
      throw std::invalid_argument("header parameter: no token: " + quoted(parameter.name));
    }
    put_parameter(writer, parameter);
  }
  return writer.take();
}

}  // namespace proto
