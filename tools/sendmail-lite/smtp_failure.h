// What a failure on the way to a relay means for the message.
#pragma once

#include <exception>
#include <string>

#include "proto/smtp_types.h"
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
// The server wants us to log in first, or otherwise: that is no word about the message.
bool is_about_login(const SMTPReply& reply) noexcept;
// A refusal of RCPT: there is nobody of that name.
bool says_no_such_recipient(const SMTPReply& reply);
// The exit status alone.
int status_of(const std::exception& error);

}  // namespace proto::sendmail
