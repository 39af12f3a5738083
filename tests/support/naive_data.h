// What goes onto the wire after DATA, written as plainly as it can be: the oracle of the encoder.
#pragma once

#include <string>
#include <string_view>

namespace proto::test {

inline std::string naive_data(std::string_view text, bool stuff) {
  std::string lines;  // with LF alone
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      lines += '\n';
      if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
    } else {
      lines += text[i];
    }
  }
  if (!lines.empty() && lines.back() != '\n') lines += '\n';
  std::string wire;
  bool line_start = true;
  for (const char c : lines) {
    if (stuff && line_start && c == '.') wire += '.';
    line_start = c == '\n';
    if (line_start) wire += '\r';
    wire += c;
  }
  return stuff ? wire + ".\r\n" : wire;
}

}  // namespace proto::test
