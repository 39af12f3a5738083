// Text that came from the network or the user, on its way to a terminal.
#pragma once

#include <string>
#include <string_view>

namespace proto::tools {

// For a message: one line, control characters and bidirectional controls escaped.
std::string one_line(std::string_view text);

// For a body that goes to a terminal: line ends and tabs stay, every other control character is
// escaped. A UTF-8 sequence may be cut between two calls.
class TerminalText {
 public:
  std::string feed(std::string_view text);
  // What was held back of a cut sequence.
  std::string finish();

 private:
  std::string held_;
};

}  // namespace proto::tools
