// sendmail's command line, as its callers write it, put into long options: one pass, no meaning.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace proto::sendmail {

struct Translation {
  std::vector<std::string> arguments;  // "--name", "--name=value", then "--" and the operands
  std::vector<std::string>
      warnings;  // one for each thing that nobody knows: mail is never lost for it
};

// `program`: argv[0]. `takes_value`: whether a long option ("--host") has a value, so that one that
// stands by itself is kept together with it.
Translation translate(std::string_view program, const std::vector<std::string>& arguments,
                      const std::function<bool(std::string_view)>& takes_value);

}  // namespace proto::sendmail
