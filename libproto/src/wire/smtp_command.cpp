#include "wire/smtp_command.h"

#include <algorithm>

#include "base/characters.h"
#include "base/integers.h"

namespace proto {
namespace {

// RFC 6533 §3: utf-8-addr-unitext.
std::string unitext(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '+' || c == '=' || static_cast<unsigned char>(c) <= 0x20) {
      out += "\\x{";
      append_hex(c, out);
      out += '}';
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string xtext(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c > 0x20 && c < 0x7f && c != '+' && c != '=') {
      out += c;
    } else {
      out += '+';
      append_hex(c, out);
    }
  }
  return out;
}

bool is_notify(std::string_view text) noexcept {
  if (equals_ignoring_case(text, "NEVER")) return true;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    if (!equals_ignoring_case(word, "SUCCESS") && !equals_ignoring_case(word, "FAILURE") &&
        !equals_ignoring_case(word, "DELAY")) {
      return false;
    }
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

void append_mail_command(std::string_view path, const MailParameters& parameters,
                         std::string& line) {
  line.append("MAIL FROM:<").append(path) += '>';
  if (parameters.size) line.append(" SIZE=").append(std::to_string(*parameters.size));
  if (parameters.body == MailParameters::Body::eight_bit) line += " BODY=8BITMIME";
  if (parameters.body == MailParameters::Body::binary) line += " BODY=BINARYMIME";
  if (parameters.smtputf8) line += " SMTPUTF8";
  if (!parameters.ret.empty()) line.append(" RET=").append(upper(parameters.ret));
  if (!parameters.envid.empty()) line.append(" ENVID=").append(xtext(parameters.envid));
}

void append_rcpt_command(std::string_view path, const Recipient& recipient, bool dsn, bool smtputf8,
                         std::string& line) {
  line.append("RCPT TO:<").append(path) += '>';
  if (!dsn) return;
  if (!recipient.notify.empty()) line.append(" NOTIFY=").append(upper(recipient.notify));
  if (is_ascii(recipient.original)) {
    if (!recipient.original.empty()) {
      line.append(" ORCPT=rfc822;").append(xtext(recipient.original));
    }
  } else if (smtputf8) {
    line.append(" ORCPT=utf-8;").append(unitext(recipient.original));
  }
}

}  // namespace proto
