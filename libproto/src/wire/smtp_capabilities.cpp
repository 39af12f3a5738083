#include "wire/smtp_capabilities.h"

#include <algorithm>

#include "base/characters.h"
#include "base/integers.h"

namespace proto {
namespace {

// Calls `take` with each word of `text`; blanks stand between them.
template <typename Take>
void for_each_word(std::string_view text, Take take) {
  while (!(text = trim(text)).empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    take(text.substr(0, end));
    text.remove_prefix(end);
  }
}

// RFC 9422 §3: name=value, each value a number that is not 0.
void read_limits(std::string_view value, SMTPCapabilities& into) {
  for_each_word(value, [&](std::string_view word) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return;
    const std::string_view name = word.substr(0, equals);
    const auto number = parse_decimal(word.substr(equals + 1));
    if (!number || *number == 0) return;
    if (equals_ignoring_case(name, "MAILMAX")) into.mail_max = number;
    if (equals_ignoring_case(name, "RCPTMAX")) into.rcpt_max = number;
    if (equals_ignoring_case(name, "RCPTDOMAINMAX")) into.rcpt_domain_max = number;
  });
}

void read_auth(std::string_view value, SMTPCapabilities& into) {
  for_each_word(value, [&](std::string_view word) {
    std::string name = upper(word);
    if (std::find(into.auth.begin(), into.auth.end(), name) == into.auth.end()) {
      into.auth.push_back(std::move(name));
    }
  });
}

void read_keyword(std::string_view line, SMTPCapabilities& into) {
  line = trim(line);
  // Some servers of old say "AUTH=LOGIN PLAIN" beside the line with a blank.
  const std::size_t end = std::min(line.find_first_of(" \t="), line.size());
  if (end == 0) return;
  std::string name = upper(line.substr(0, end));
  const std::string_view value = trim(line.substr(std::min(line.size(), end + 1)));
  if (name == "SIZE") {
    into.size = true;
    // 0 is "no fixed maximum" (RFC 1870 §4).
    if (const auto number = parse_decimal(value); number && *number > 0) into.max_size = number;
  } else if (name == "AUTH") {
    read_auth(value, into);
  } else if (name == "LIMITS") {
    read_limits(value, into);
  } else {
    const std::pair<std::string_view, bool SMTPCapabilities::*> flags[] = {
        {"8BITMIME", &SMTPCapabilities::eight_bit_mime},
        {"SMTPUTF8", &SMTPCapabilities::smtputf8},
        {"PIPELINING", &SMTPCapabilities::pipelining},
        {"CHUNKING", &SMTPCapabilities::chunking},
        {"BINARYMIME", &SMTPCapabilities::binarymime},
        {"DSN", &SMTPCapabilities::dsn},
        {"ENHANCEDSTATUSCODES", &SMTPCapabilities::enhanced_status_codes},
        {"STARTTLS", &SMTPCapabilities::starttls},
    };
    for (const auto& [keyword, flag] : flags) {
      if (name == keyword) into.*flag = true;
    }
  }
  into.keywords.push_back({std::move(name), std::string(value)});
}

}  // namespace

const SMTPCapabilities::Keyword* SMTPCapabilities::find(std::string_view name) const noexcept {
  for (const Keyword& keyword : keywords) {
    if (equals_ignoring_case(keyword.name, name)) return &keyword;
  }
  return nullptr;
}

SMTPCapabilities parse_smtp_capabilities(std::string_view text) {
  SMTPCapabilities capabilities;
  std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view first = trim(text.substr(0, end));
  capabilities.domain = first.substr(0, first.find(' '));
  while (end < text.size()) {
    text.remove_prefix(end + 1);
    end = std::min(text.find('\n'), text.size());
    read_keyword(text.substr(0, end), capabilities);
  }
  return capabilities;
}

}  // namespace proto
