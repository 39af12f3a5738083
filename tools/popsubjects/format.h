// What is printed of each message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proto::tools {

// What is known of a message. Texts are UTF-8, decoded, on one line, but not escaped.
struct Summary {
  std::uint32_t number = 0;
  std::string subject;
  std::string from, to;
  std::string date;  // "2026-11-23T03:11:45+01:00", or as it came where it is no date
  std::string message_id;
  std::optional<std::uint64_t> size;
  std::string uid;
  std::string error;  // why it could not be had; the rest is empty then
};

// What of a message is looked at: what is not asked for is not decoded.
struct Wanted {
  bool subject = false, from = false, to = false, date = false, message_id = false;
  bool size = false, uid = false;
};

// The header's own words, as far as `wanted`.
Summary summarize(std::string_view header, const Wanted& wanted);

// "{number} {subject}\n..."; "{{" and "}}" are braces, \n, \t and \\ what they are in C.
class Format {
 public:
  // Subjects, as the tutorial prints them.
  Format();
  // Throws std::invalid_argument, naming what it does not know.
  explicit Format(std::string_view text);

  const Wanted& wanted() const noexcept { return wanted_; }
  // With its line end. Whatever the network sent is printable. Of a message that could not be had
  // the reason stands where its subject would, or, where that is not asked for, the first field of
  // its header.
  std::string print(const Summary& summary) const;

 private:
  enum class Field { none, subject, from, to, date, size, uid, number, message_id };
  struct Part {
    std::string text;
    Field field;  // behind the text
  };
  void add_field(std::string_view name, std::string text);
  std::string value(const Summary& summary, Field field) const;

  std::vector<Part> parts_;
  Field reason_at_ = Field::none;
  Wanted wanted_;
};

// One JSON object, with its line end. `ascii`: nothing else, for a terminal.
std::string to_json(const Summary& summary, bool ascii);
inline constexpr Wanted kAllOfIt{true, true, true, true, true, true, true};

}  // namespace proto::tools
