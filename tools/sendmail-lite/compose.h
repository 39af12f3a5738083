// A MIME message from command-line options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sendmail-lite/options.h"

namespace proto::sendmail {

struct Composed {
  std::string message;                  // To and Cc in its header, Bcc not
  std::vector<std::string> recipients;  // those of --header 'Bcc: ...' and its likes, too
};
// `text` is the body where `--body` is absent. `from`: the header's sender; empty: nobody knows
// yet, and there is no From. Throws UsageError for what is no address or header field,
// std::system_error for a file that cannot be read.
Composed compose(const Composition& composition, std::string_view from, std::string_view text);

}  // namespace proto::sendmail
