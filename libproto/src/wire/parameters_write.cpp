// "value; name=value" and RFC 2231, writing: ParameterizedValue::to_string().
#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/header_text.h"
#include "wire/charset.h"
#include "wire/header_write.h"

namespace proto {

namespace {

constexpr std::size_t kLongestInOnePiece = 60;
constexpr std::size_t kPiece = 50;
// Of a value, a parameter's name, a boundary: with what stands around them they are never over a
// line of 998.
constexpr std::size_t kLongestName = 400;

// RFC 2231 §7: attribute-char.
constexpr bool is_attribute_char(char c) noexcept {
  return is_token_char(c) && c != '*' && c != '\'' && c != '%';
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_attribute_char(c)) {
      out += c;
    } else {
      out += '%';
      append_hex(c, out);
    }
  }
  return out;
}

// MIME's token (RFC 2045 §5.1) is not HTTP's, and "*", "'" and "%" have a meaning by RFC 2231,
// which some readers see in any value: Python's email takes "filename=*" for a parameter without a
// value.
bool is_mime_token(std::string_view text) noexcept {
  return is_token(text) && text.find_first_of("{}*'%") == text.npos;
}

// A boundary is bytes that many readers look for as they stand there: no way to write it may change
// them.
bool is_plain_boundary(std::string_view name, std::string_view value) noexcept {
  return name == "boundary" && value.size() <= kLongestName &&
         std::none_of(value.begin(), value.end(), [](char c) {
           return is_control(c) || static_cast<unsigned char>(c) >= 0x80;
         });
}

void append_pieces(const ParameterizedValue::Parameter& parameter,
                   std::vector<std::string>& pieces) {
  const std::string& name = parameter.name;
  const std::string value =
      is_valid_utf8(parameter.value) ? parameter.value : utf8_or_latin1(parameter.value);
  // What looks like an encoded word would be decoded by many readers.
  const bool encode = !is_ascii(value) || std::any_of(value.begin(), value.end(), is_control) ||
                      value.find("=?") != value.npos || value.size() > kLongestInOnePiece;
  if (!encode || is_plain_boundary(name, value)) {
    pieces.push_back(name + '=' + (is_mime_token(value) ? value : quoted_string(value)));
    return;
  }
  const std::string encoded = percent_encode(value);
  if (encoded.size() <= kLongestInOnePiece) {
    pieces.push_back(name + "*=utf-8''" + encoded);
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
    pieces.push_back(name + '*' + std::to_string(number) + "*=" + (number == 0 ? "utf-8''" : "") +
                     std::string(rest.substr(0, take)));
    rest.remove_prefix(take);
  }
}

}  // namespace

std::string ParameterizedValue::to_string(std::size_t column) const {
  if (!is_ascii(value) || std::any_of(value.begin(), value.end(), is_control)) {
    throw std::invalid_argument("header value: not printable: " + quoted(value));
  }
  if (value.size() > kLongestName) {
    throw std::invalid_argument("header value: too long: " + quoted(value));
  }
  std::vector<std::string> pieces;
  for (const Parameter& parameter : parameters) {
    if (!is_token(parameter.name) || parameter.name.size() > kLongestName) {
      throw std::invalid_argument("header parameter: no token: " + quoted(parameter.name));
    }
    append_pieces(parameter, pieces);
  }
  HeaderWriter writer(column);
  writer.put(pieces.empty() ? value : value + ';');
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    writer.put_word(" ", i + 1 < pieces.size() ? pieces[i] + ';' : pieces[i]);
  }
  return writer.take();
}

}  // namespace proto
