// Addresses of mail: as headers hold them (RFC 5322 §3.4, with groups, comments and what is
// obsolete; RFC 6532) and as SMTP's MAIL and RCPT take them (RFC 5321 §4.1.2, RFC 6531).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proto {

struct MailAddress {
  std::string display_name;  // UTF-8, decoded; may be empty
  std::string local;         // without quotes
  std::string domain;        // "example.org", "[192.0.2.1]"; empty for a local name such as "root"
  std::string group;         // the name of the group it stands in; empty for none

  // Reads exactly one; std::invalid_argument for anything else.
  static MailAddress parse(std::string_view text);

  // "local@domain", the local part quoted where it must be. Throws std::invalid_argument where the
  // parts hold what no address can (blanks or brackets in the domain, CR, LF, NUL).
  std::string address() const;
  // As in a header: `Name <local@domain>`, quoted or encoded as needed, never folded.
  std::string to_string() const;

  bool operator==(const MailAddress&) const = default;
};

struct AddressList {
  std::vector<MailAddress> addresses;
  std::vector<std::string> defects;       // what was passed over, a line each
  std::vector<std::string> empty_groups;  // names: of "undisclosed-recipients:;"

  void append(AddressList more);
};
// Lenient: what can be read is read. Groups are flattened.
AddressList parse_address_list(std::string_view text);

// The value of a header field: folded, groups put together again. `column`: where it begins.
std::string format_address_list(std::span<const MailAddress> addresses, std::size_t column = 0);

// What stands between "<" and ">" in MAIL FROM and RCPT TO.
struct EnvelopeAddress {
  std::string address;  // empty: the null sender
  bool needs_smtputf8 = false;

  bool is_null() const noexcept { return address.empty(); }
  // Empty for a local name.
  std::string_view domain() const noexcept;
};
// Strict: `text` is one path with or without its brackets, or "" or "<>" for the null sender;
// nothing in it can end the path or the line. Throws std::invalid_argument, for RFC 5321 §4.5.3.1's
// limits too (64 bytes of local part, 255 of domain, 254 of both).
EnvelopeAddress envelope_address(std::string_view text);

// The domain as A-labels ("xn--..."); ASCII stays as it is. Nothing where it has no such form, or
// where the library was built without IDN.
std::optional<std::string> ascii_domain(std::string_view domain);

}  // namespace proto
