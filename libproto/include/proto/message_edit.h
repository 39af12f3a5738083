// Messages as bytes: what they ask of a server, what an old server needs done to them, and their
// header changed without touching the body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/header_text.h"
#include "proto/mail_address.h"

namespace proto {

// RFC 5321 §4.5.3.1.6, without the CRLF.
inline constexpr std::size_t kMaxMailLine = 998;

// What a message asks of its way, its line ends taken as the encoder for DATA makes them: CRLF of
// every LF, CR and CRLF.
struct MessageNeeds {
  bool eight_bit_header = false;  // needs SMTPUTF8, and to be UTF-8 (RFC 6532 §3)
  bool eight_bit_body = false;    // needs 8BITMIME
  bool nul = false;               // needs BINARYMIME
  bool long_line = false;         // over kMaxMailLine: needs BINARYMIME
  // Some line of the header ends in LF or CR alone: not to be sent as it is, not even where
  // BINARYMIME lets every other byte be.
  bool bare_header_line_end = false;
  // Bytes as it goes out, for SIZE; without dots stuffed. Where the first line's end is not how all
  // of them end, an estimate, which is what SIZE asks for (RFC 1870 §5).
  std::uint64_t size = 0;
  // Bytes up to where the body begins, as they came: as HeaderBlock divides them.
  std::uint64_t header_size = 0;

  bool eight_bit() const noexcept { return eight_bit_header || eight_bit_body; }
  // Any server takes it as it is.
  bool is_plain() const noexcept { return !eight_bit() && !nul && !long_line; }
};

// Finds that out piece by piece.
class MessageScanner {
 public:
  // ignored: all of it is taken for the body, which is cheaper. Enough to tell whether the message
  // is plain, and its size.
  enum class Header { scanned, ignored };
  explicit MessageScanner(Header header = Header::scanned) noexcept
      : in_header_(header == Header::scanned) {}

  void feed(std::string_view text);
  // So far.
  bool is_plain() const noexcept { return needs_.is_plain(); }
  MessageNeeds finish() const;

 private:
  void feed_piece(std::string_view piece);
  std::string_view scan_header(std::string_view piece, bool ascii);
  void end_header_line() noexcept;
  void scan_line_lengths(std::string_view piece);
  void count_line_feeds(std::string_view piece);

  MessageNeeds needs_;
  std::uint64_t fed_ = 0, lf_ = 0;
  std::size_t line_size_ = 0;  // of the line that has not ended yet
  char last_ = '\n';
  bool in_header_;
  HeaderLine line_;        // of the header
  bool after_cr_ = false;  // in the header, and an LF may follow
  enum class LineEnd { unknown, lf, crlf } line_end_ = LineEnd::unknown;
};
MessageNeeds analyse_message(std::string_view message);

struct ServerAbilities {
  bool eight_bit_mime = false;  // 8BITMIME
  bool smtputf8 = false;        // SMTPUTF8
};
struct Reencoded {
  std::optional<std::string> message;  // nothing where it cannot be
  std::string why_not;
};
// The message as such a server can take it: bodies that are 8-bit, hold NUL or lines over 998 bytes
// become quoted-printable or base64, 8-bit header text becomes encoded words (with SMTPUTF8 only
// what is no UTF-8); what fits is copied byte for byte. Not for signed and encrypted parts, whose
// signature it would break, and not where an address needs SMTPUTF8.
Reencoded reencode_message(std::string_view message, const ServerAbilities& abilities);
// For a server with neither.
inline Reencoded to_7bit(std::string_view message) {
  return reencode_message(message, {});
}

// Changes a message's header field by field. What is not changed stays as it came, byte for byte.
class HeaderEditor {
 public:
  // Copies the header out of `message` (or of its beginning, where the header is whole). A leading
  // "From " line is dropped.
  explicit HeaderEditor(std::string_view message);

  // How many bytes of `message` were the header, blank line included: the body begins there.
  std::size_t header_size() const noexcept { return header_size_; }

  bool has(std::string_view name) const noexcept;
  // The first of that name, decoded.
  std::optional<std::string> text(std::string_view name) const;

  // Whom To, Cc and Bcc name; where there are Resent- fields, whom those of the newest resending
  // name (RFC 5322 §3.6.6).
  AddressList recipients() const;

  // Every field of that name.
  void remove(std::string_view name);
  // Bcc and Resent-Bcc.
  void remove_blind_copies();
  // At the end. `text` is encoded and folded. Throws std::invalid_argument for CR, LF and NUL, and
  // for what is no field name.
  void add(std::string_view name, std::string_view text);

  struct Defaults {
    MailAddress from;
    MailDate date = MailDate::now();
    std::string message_id;  // "<left@right>"; one is made where this is empty
  };
  // From, Date and Message-ID, where there are none.
  void add_missing(const Defaults& defaults);

  // The address of From becomes `sender`'s; a display name that is there stays.
  void replace_sender(const MailAddress& sender);

  // Who stands for an address, or nothing where it stays.
  using Alias = std::function<std::optional<std::vector<MailAddress>>(const MailAddress&)>;
  // In To and Cc, and their Resent- likes: "root" becomes "root <admin@example.org>". A field that
  // cannot be read whole stays as it is.
  void replace_recipients(const Alias& alias);

  // The fields and the blank line, with the line ends that the header had.
  std::string to_string() const;

 private:
  struct Field {
    std::string name;
    std::string raw;  // name included, with its line end
    std::string_view value() const;
  };
  Field make_field(std::string_view name, std::string_view folded_value) const;

  std::vector<Field> fields_;
  std::size_t header_size_ = 0;
  std::string_view line_end_ = "\n";
};

// "<seconds.random@domain>"; "localhost" stands for a domain that is none.
std::string make_message_id(std::string_view domain);

}  // namespace proto
