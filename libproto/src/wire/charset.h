// From the charsets of mail to UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace proto {

struct Charset {
  enum class Kind { unknown, ascii, utf8, latin1, other };
  Kind kind = Kind::unknown;
  const char* iconv = nullptr;  // its name there, where it is another

  bool is_known() const noexcept { return kind != Kind::unknown; }
};
// By one of its names in mail, in any case.
Charset find_charset(std::string_view name);

// Nothing where the charset is not known here. Bytes that it does not define become U+FFFD.
std::optional<std::string> to_utf8(const Charset& charset, std::string_view bytes);

// For bytes without a charset: themselves where they are UTF-8, else taken for Latin-1.
std::string utf8_or_latin1(std::string_view bytes);
// The size of the UTF-8 sequence that begins with `lead`, which is valid.
constexpr std::size_t utf8_size(char lead) noexcept {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}
// The longest prefix of valid UTF-8 that is at most `max_bytes` long.
std::string_view cut_utf8(std::string_view text, std::size_t max_bytes) noexcept;

}  // namespace proto
