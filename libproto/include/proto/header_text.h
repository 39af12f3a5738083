// What stands in the header of a mail, as text: fields, folding, encoded words (RFC 2047),
// parameters (RFC 2231), dates. Reading is lenient and linear in time; what it gives is UTF-8.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proto {

// Bytes of decoded text: no honest field comes near it.
inline constexpr std::size_t kMaxHeaderText = 256 * 1024;

// Without the line ends before blanks (RFC 5322 §2.2.3), and without blanks at both ends.
std::string unfold(std::string_view value);

// Unfolds, and decodes encoded words; adjacent ones are joined as bytes first, so that a character
// may be cut anywhere. Malformed words and unknown charsets stay as they are. Raw 8-bit text is
// UTF-8 where it is valid, else Latin-1. Never holds CR, LF or NUL, whatever was encoded: it can be
// put in another header. Cut at `max_bytes`, between characters.
std::string decode_header_text(std::string_view value, std::size_t max_bytes = kMaxHeaderText);

// The other way: folded at 78 columns, with encoded words where they are needed and no UTF-8
// sequence cut over two. `column` is where the value begins. Decodes to the same text, but for
// blanks at its ends. Throws std::invalid_argument for CR, LF or NUL; takes what is no UTF-8 for
// Latin-1.
std::string encode_header_text(std::string_view text, std::size_t column = 0);

// For a terminal: one line, control characters escaped, at most `max_bytes` of it (and "..." then).
std::string printable_line(std::string_view text, std::size_t max_bytes = 1000);

// "text/plain; charset=utf-8; name*0=..." and all its like.
struct ParameterizedValue {
  struct Parameter {
    std::string name;   // lower case, without RFC 2231's '*' and numbers
    std::string value;  // UTF-8; of "boundary", the bytes
  };
  std::string value;  // what stands before the first ';', lower case
  std::vector<Parameter> parameters;

  // Null where there is none of that name.
  const std::string* find(std::string_view name) const noexcept;
  // Folded, encoded by RFC 2231 where it must be. Throws std::invalid_argument where `value` is not
  // printable ASCII, a name is no token, or one of them has over 400 bytes, which no line could
  // hold.
  std::string to_string(std::size_t column = 0) const;
};
ParameterizedValue parse_parameters(std::string_view value);

// One field of a header: views into the text that was parsed.
class HeaderField {
 public:
  HeaderField(std::string_view raw, std::size_t name_size, std::size_t value_at) noexcept
      : raw_(raw), name_size_(name_size), value_at_(value_at) {}

  std::string_view name() const noexcept { return raw_.substr(0, name_size_); }
  // After the colon, as it came: folded and encoded, with its line end.
  std::string_view value() const noexcept { return raw_.substr(value_at_); }
  // The whole field as it came.
  std::string_view raw() const noexcept { return raw_; }
  std::string text() const { return decode_header_text(value()); }

 private:
  std::string_view raw_;
  std::size_t name_size_;
  std::size_t value_at_;
};

// What a line of a header is, told by its beginning: the one rule of where a header ends, for text
// that is whole and for text that comes in pieces.
class HeaderLine {
 public:
  enum class Kind {
    undecided,  // more of it must be seen; at the end of all text it is stray
    empty,      // ends the header
    mailbox,    // "From " or ">From ", what a mailbox begins a message with: no field
    field,      // a name, and blanks before the colon in obsolete syntax (RFC 5322 §4.5.8)
    fold,       // goes on the field before it (RFC 5322 §2.2.3)
    stray,      // no line of a header
  };

  // `is_first`: of all the text. `after_field`: behind a field or a fold of it.
  explicit HeaderLine(bool is_first = true, bool after_field = false) noexcept
      : is_first_(is_first), after_field_(after_field) {}

  // Goes on with the line, whose end `more` may hold, until it is decided.
  Kind feed(std::string_view more) noexcept {
    if (kind_ == Kind::undecided && !more.empty()) kind_ = decide(more);
    return kind_;
  }
  Kind kind() const noexcept { return kind_; }
  // What was fed of a line that is undecided; where the colon of a field stands.
  std::size_t size() const noexcept { return size_; }
  // Without the blanks before the colon.
  std::size_t name_size() const noexcept { return name_size_; }

 private:
  Kind decide(std::string_view more) noexcept;
  void keep_name(std::string_view more) noexcept;
  bool is_mailbox_name() const noexcept;

  bool is_first_;
  bool after_field_;
  Kind kind_ = Kind::undecided;
  std::array<char, 5> start_{};  // of the name
  std::size_t size_ = 0;
  std::size_t name_size_ = 0;
};

// What a line that is no field does: in a whole message the body begins with it (a writer forgot
// the blank line), in what POP3's TOP gives it is passed over.
enum class StrayLine { ends_header, skipped };

// The fields of a header, in order. A line ends in LF, CRLF or CR: what the encoder for DATA will
// make line ends of must be line ends here. A "From " line of a mailbox is passed over. Holds views
// into `text`, which must outlive it.
class HeaderBlock {
 public:
  HeaderBlock() = default;
  explicit HeaderBlock(std::string_view text, StrayLine stray = StrayLine::ends_header,
                       std::size_t max_fields = 2000);
  // A temporary string would be gone before the views into it.
  template <std::same_as<std::string> Temporary>
  explicit HeaderBlock(Temporary&&, StrayLine = {}, std::size_t = 0) = delete;

  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }
  std::size_t size() const noexcept { return fields_.size(); }
  bool empty() const noexcept { return fields_.empty(); }

  // The first of that name, any case, or null.
  const HeaderField* find(std::string_view name) const noexcept;
  std::vector<const HeaderField*> find_all(std::string_view name) const;
  // The first one's text, decoded; nothing where there is none.
  std::optional<std::string> text(std::string_view name) const;

  // Up to and without the blank line; what stands after the blank line.
  std::string_view header() const noexcept { return header_; }
  std::string_view body() const noexcept { return body_; }

  // The header ended without a blank line before text that is no field.
  bool missing_separator() const noexcept { return missing_separator_; }
  // Fields beyond max_fields were passed over.
  bool too_many_fields() const noexcept { return too_many_fields_; }
  // How many lines were passed over (StrayLine::skipped).
  std::size_t stray_lines() const noexcept { return stray_lines_; }

 private:
  std::vector<HeaderField> fields_;
  std::string_view header_;
  std::string_view body_;
  std::size_t stray_lines_ = 0;
  bool missing_separator_ = false;
  bool too_many_fields_ = false;
};

// One field alone, for who wants no more of many headers: what a HeaderBlock with
// StrayLine::skipped would find() first. A view into `text`.
std::optional<HeaderField> find_header_field(std::string_view text, std::string_view name) noexcept;

// A moment and the clock on the writer's wall.
struct MailDate {
  std::chrono::sys_seconds time;
  std::chrono::minutes offset{0};  // of local time, east of UTC
  bool offset_known = true;        // false for "-0000"

  // RFC 5322 §3.3: "Tue, 02 Jan 2024 15:04:05 +0100".
  std::string to_string() const;
  static MailDate now();  // with the offset of the local zone
};
// RFC 5322 §3.3 and §4.3 (obsolete zones, two-digit years, comments), and the order of ctime().
std::optional<MailDate> parse_mail_date(std::string_view text);

}  // namespace proto
