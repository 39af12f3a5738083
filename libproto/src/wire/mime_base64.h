// MIME's base64 (RFC 2045 §6.8): streaming, in lines of 76 columns; decoding is lenient and never
// fails.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace proto {

class Base64Encoder {
 public:
  void feed(std::string_view bytes, std::string& out);
  // What is held back, and the last line's end.
  void finish(std::string& out);

 private:
  static void put(const unsigned char* three, char* four) noexcept;
  void put_groups(const unsigned char* data, std::size_t groups, std::string& out);
  std::array<unsigned char, 3> held_{};
  std::size_t held_size_ = 0;
  std::size_t column_ = 0;
};

class Base64Decoder {
 public:
  // Passes over what is not in the alphabet.
  void feed(std::string_view text, std::string& out);
  // True where something other than blanks and line ends was passed over, or the end is missing.
  bool is_damaged() const noexcept { return damaged_ || bits_ >= 6; }

 private:
  std::size_t feed_groups(std::string_view text, std::string& out);
  void put(char c, std::string& out);
  std::uint32_t word_ = 0;
  unsigned bits_ = 0;
  bool damaged_ = false;
};

std::string base64_lines(std::string_view bytes);
std::string base64_decode_leniently(std::string_view text);

}  // namespace proto
