// Quoted-printable (RFC 2045 §6.7): streaming, in lines of 76 columns; decoding is lenient and
// never fails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace proto {

class QuotedPrintableEncoder {
 public:
  // Text: CRLF, LF and CR are line ends. Binary: they are bytes like others.
  enum class Mode { text, binary };
  explicit QuotedPrintableEncoder(Mode mode = Mode::text) noexcept : mode_(mode) {}
  void feed(std::string_view bytes, std::string& out);
  void finish(std::string& out);

 private:
  void put(char c, bool as_hex, std::string& out);
  void put_run(std::string_view run, std::string& out);
  void put_other(char c, std::string& out);
  void put_held_blank(bool as_hex, std::string& out);
  void end_line(std::string& out);
  Mode mode_;
  std::size_t column_ = 0;
  char held_blank_ = 0;  // whether it ends the line is known by the next byte
  bool after_cr_ = false;
};

class QuotedPrintableDecoder {
 public:
  void feed(std::string_view text, std::string& out);
  void finish(std::string& out);
  // True where a "=" was followed by neither two digits nor a line end; such text stays as it is.
  bool is_damaged() const noexcept { return damaged_; }

 private:
  void put(char c, std::string& out);
  std::string held_;  // blanks that may end a line, or "=" and what followed it
  bool damaged_ = false;
};

std::string quoted_printable(
    std::string_view text, QuotedPrintableEncoder::Mode mode = QuotedPrintableEncoder::Mode::text);
std::string quoted_printable_decode(std::string_view text);

}  // namespace proto
