// --check: says what works on the way of a message, and sends none.
#pragma once

#include <string>
#include <vector>

#include "proto/trace.h"
#include "sendmail-lite/options.h"

namespace proto::sendmail {

// Look-up, connection, TLS, login, MAIL and RCPT, then RSET: a line on stdout for each. Returns the
// exit status; what failed goes to `error`.
int check(const Options& options, const std::string& sender,
          const std::vector<std::string>& recipients, Trace trace, std::string& error);

}  // namespace proto::sendmail
