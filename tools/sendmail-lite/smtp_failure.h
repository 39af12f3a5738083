// What a failure on the way to a relay means for the message.
#pragma once

#include <exception>
#include <string>

#include "sendmail-lite/relay.h"

namespace proto::sendmail {

struct Failure {
  Trouble trouble;  // none: the message can never go this way
  int status;
  std::string reason;
};

// `opening`: before the connection was ready for a message; then it is the relay's, or the
// network's, and never the message's.
Failure failure_of(const std::exception_ptr& error, bool opening);
// The exit status alone.
int status_of(const std::exception& error);

}  // namespace proto::sendmail
