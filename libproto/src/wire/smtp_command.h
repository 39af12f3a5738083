// MAIL and RCPT as they go on the line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/smtp_types.h"

namespace proto {

// What MAIL asks for beside the sender.
struct MailParameters {
  enum class Body { seven_bit, eight_bit, binary };
  std::optional<std::uint64_t> size;
  Body body = Body::seven_bit;
  bool smtputf8 = false;
  std::string_view ret, envid;  // DSN; empty: not said
};

// `path` is what stands between the brackets, checked before. Both append to `line`, without CRLF.
void append_mail_command(std::string_view path, const MailParameters& parameters,
                         std::string& line);
// With `dsn`: NOTIFY and ORCPT, where the recipient has them.
void append_rcpt_command(std::string_view path, const Recipient& recipient, bool dsn, bool smtputf8,
                         std::string& line);

// RFC 3461 §4: what an ENVID or an ORCPT may hold of any text.
std::string xtext(std::string_view text);
// "NEVER", or a list of SUCCESS, FAILURE and DELAY, in any case.
bool is_notify(std::string_view text) noexcept;

}  // namespace proto
