// Writing addresses, and the strict form that SMTP takes.
#include "proto/mail_address.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#ifdef PROTO_WITH_IDN
#include <idn2.h>
#endif

#include "base/characters.h"
#include "proto/header_text.h"
#include "wire/charset.h"
#include "wire/header_write.h"
#include "wire/mail_address_syntax.h"

namespace proto {

namespace {

constexpr std::size_t kMaxLocal = 64;  // RFC 5321 §4.5.3.1
constexpr std::size_t kMaxDomain = 255;
constexpr std::size_t kMaxPath = 254;  // 256 with the brackets
constexpr std::size_t kMaxLabel = 63;  // RFC 1035 §2.3.4

enum Kind : unsigned char { kAtext = 1, kDomain = 2 };

// What each byte may be part of.
constexpr std::array<unsigned char, 256> make_kinds() {
  std::array<unsigned char, 256> kinds{};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const char c = static_cast<char>(i);
    const bool is_8bit = i >= 0x80;
    // RFC 5322 §3.2.3 and RFC 6532 §3.2: HTTP's and MIME's token has a dot besides.
    const bool is_other = c == '/' || c == '=' || c == '?' || c == '{' || c == '}' || is_8bit;
    if ((is_token_char(c) && c != '.') || is_other) kinds[i] |= kAtext;
    if (is_alnum(c) || c == '-' || c == '_' || is_8bit) kinds[i] |= kDomain;
  }
  return kinds;
}
constexpr auto kKinds = make_kinds();

constexpr bool is_atext(char c) noexcept {
  return (kKinds[static_cast<unsigned char>(c)] & kAtext) != 0;
}
constexpr bool is_domain_char(char c) noexcept {
  return (kKinds[static_cast<unsigned char>(c)] & kDomain) != 0;
}

// Dots anywhere: mailboxes such as "a..b" and "a." exist, and their hosts know them unquoted.
bool is_plain_local(std::string_view local) noexcept {
  return !local.empty() &&
         std::all_of(local.begin(), local.end(), [](char c) { return is_atext(c) || c == '.'; });
}

bool is_literal(std::string_view domain) noexcept {
  return domain.size() > 2 && domain.front() == '[' && domain.back() == ']' &&
         std::all_of(domain.begin() + 1, domain.end() - 1,
                     [](char c) { return is_alnum(c) || c == '.' || c == ':' || c == '-'; });
}

[[noreturn]] void refuse(std::string_view text, const char* why) {
  throw std::invalid_argument("mail address " + quoted(text) + ": " + why);
}

// The size of the local part at the front of `path`, quotes included.
std::size_t local_size(std::string_view path, std::string_view whole) {
  if (!path.starts_with('"')) {
    std::size_t size = 0;
    while (size < path.size() && (is_atext(path[size]) || path[size] == '.')) ++size;
    if (size == 0) refuse(whole, "no local part");
    return size;
  }
  std::size_t at = 1;
  for (; at < path.size() && path[at] != '"'; ++at) {
    if (path[at] == '\\') ++at;
    if (at < path.size() && is_control(path[at])) refuse(whole, "a control character");
  }
  if (at >= path.size()) refuse(whole, "an open quote");
  return at + 1;
}

// A phrase as RFC 5322 writes it: atoms, or a quoted string, or encoded words. `mark` stands behind
// its last word.
void put_phrase(HeaderWriter& writer, std::string_view blanks, std::string_view given,
                std::string_view mark = {}) {
  const std::string phrase = is_valid_utf8(given) ? std::string(given) : utf8_or_latin1(given);
  const bool is_plain = is_ascii(phrase) && std::none_of(phrase.begin(), phrase.end(), is_control);
  if (!is_plain || phrase.find("=?") != phrase.npos || phrase.size() > 400) {
    writer.put_encoded(blanks, phrase, mark);
  } else if (std::all_of(phrase.begin(), phrase.end(),
                         [](char c) { return is_atext(c) || c == ' '; }) &&
             trim(phrase).size() == phrase.size() && phrase.find("  ") == phrase.npos) {
    for (std::string_view rest = phrase; !rest.empty();) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      std::string word(rest.substr(0, end));
      if (end == rest.size()) word += mark;
      writer.put_word(blanks, word);
      rest.remove_prefix(std::min(rest.size(), end + 1));
      blanks = " ";
    }
  } else {
    writer.put_word(blanks, quoted_string(phrase).append(mark));
  }
}

void put_mailbox(HeaderWriter& writer, std::string_view blanks, const MailAddress& mailbox,
                 std::string_view mark = {}) {
  if (has_line_break_or_nul(mailbox.display_name)) {
    throw std::invalid_argument("display name: CR, LF or NUL in " + quoted(mailbox.display_name));
  }
  if (trim(mailbox.display_name).empty()) {
    writer.put_word(blanks, mailbox.address().append(mark));
    return;
  }
  put_phrase(writer, blanks, trim(mailbox.display_name));
  writer.put_word(" ", ('<' + mailbox.address() + '>').append(mark));
}

// What stands behind the mailbox at `i`: the end of its group, and a comma before the next one.
std::string_view mark_behind(std::span<const MailAddress> addresses, std::size_t i) noexcept {
  const bool is_last = i + 1 == addresses.size();
  const bool ends_group =
      !addresses[i].group.empty() && (is_last || addresses[i + 1].group != addresses[i].group);
  return is_last ? (ends_group ? ";" : "") : ends_group ? ";," : ",";
}

}  // namespace

const char* domain_fault(std::string_view domain) noexcept {
  if (domain.starts_with('[')) return is_literal(domain) ? nullptr : "a malformed address literal";
  if (domain.size() > kMaxDomain) return "a domain longer than 255 bytes";
  std::size_t label = 0;
  for (const char c : domain) {
    if (c == '.' ? label == 0 : !is_domain_char(c)) return "a malformed domain";
    label = c == '.' ? 0 : label + 1;
    if (label > kMaxLabel) return "a label longer than 63 bytes";
  }
  return label == 0 ? "a malformed domain" : nullptr;
}

std::string MailAddress::address() const {
  if (std::any_of(local.begin(), local.end(), is_control)) refuse(local, "a control character");
  if (local.size() > kMaxMailLocal) refuse(local, "a local part longer than 255 bytes");
  std::string out = is_plain_local(local) ? local : quoted_string(local);
  if (domain.empty()) return out;
  if (const char* fault = domain_fault(domain)) refuse(domain, fault);
  out += '@';
  return out += domain;
}

std::string MailAddress::to_string() const {
  HeaderWriter writer(0, HeaderWriter::Folding::off);
  put_mailbox(writer, {}, *this);
  return writer.take();
}

std::string format_address_list(std::span<const MailAddress> addresses, std::size_t column) {
  HeaderWriter writer(column);
  std::string_view blanks;
  std::string_view group;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const MailAddress& mailbox = addresses[i];
    if (has_line_break_or_nul(mailbox.group)) {
      throw std::invalid_argument("group name: CR, LF or NUL in " + quoted(mailbox.group));
    }
    if (mailbox.group != group && !mailbox.group.empty()) {
      put_phrase(writer, blanks, mailbox.group, ":");
      blanks = " ";
    }
    group = mailbox.group;
    put_mailbox(writer, blanks, mailbox, mark_behind(addresses, i));
    blanks = " ";
  }
  return writer.take();
}

std::string format_empty_groups(std::span<const std::string> names, std::size_t column) {
  HeaderWriter writer(column);
  for (std::size_t i = 0; i < names.size(); ++i)
    put_phrase(writer, i == 0 ? "" : " ", names[i], i + 1 == names.size() ? ":;" : ":;,");
  return writer.take();
}

std::string_view EnvelopeAddress::domain() const noexcept {
  const std::size_t at = address.rfind('@');
  return at == address.npos || address.ends_with('"') ? std::string_view()
                                                      : std::string_view(address).substr(at + 1);
}

EnvelopeAddress envelope_address(std::string_view text) {
  const std::string_view path = without_brackets(text);
  EnvelopeAddress result;
  if (path.empty()) return result;
  if (has_line_break_or_nul(path)) refuse(text, "CR, LF or NUL");
  result.needs_smtputf8 = !is_ascii(path);
  if (result.needs_smtputf8 && !is_valid_utf8(path)) refuse(text, "it is not UTF-8");
  const std::size_t local = local_size(path, text);
  if (local > kMaxLocal) refuse(text, "a local part longer than 64 bytes");
  if (local < path.size()) {
    if (path[local] != '@') refuse(text, "a character that no address can hold");
    if (const char* fault = domain_fault(path.substr(local + 1))) refuse(text, fault);
  }
  if (path.size() > kMaxPath) refuse(text, "longer than 254 bytes");
  result.address = path;
  return result;
}

std::vector<MailAddress> with_ascii_domains(std::vector<MailAddress> addresses) {
  for (MailAddress& address : addresses) {
    if (!is_ascii(address.local) || is_ascii(address.domain)) continue;
    if (auto domain = ascii_domain(address.domain)) address.domain = std::move(*domain);
  }
  return addresses;
}

bool is_address_field(std::string_view name) noexcept {
  return is_one_of(name, {"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Resent-From",
                          "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Bcc"});
}

std::optional<std::string> ascii_domain(std::string_view domain) {
  if (is_ascii(domain)) return std::string(domain);
  if (has_line_break_or_nul(domain) || !is_valid_utf8(domain)) return std::nullopt;
#ifdef PROTO_WITH_IDN
  char* ascii = nullptr;
  const int done =
      idn2_to_ascii_8z(std::string(domain).c_str(), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (done != IDN2_OK) return std::nullopt;
  std::string result(ascii);
  idn2_free(ascii);
  // The mapping makes ASCII of wide letters and blanks, and so of a wide ">" or "@", too.
  if (domain_fault(result) != nullptr) return std::nullopt;
  return result;
#else
  return std::nullopt;
#endif
}

}  // namespace proto
