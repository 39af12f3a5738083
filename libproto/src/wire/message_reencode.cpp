// reencode_message(): a message for a server that cannot take it as it is.
#include <algorithm>
#include <stdexcept>

#include "base/characters.h"
#include "proto/message.h"
#include "proto/message_edit.h"
#include "wire/charset.h"
#include "wire/line_ends.h"
#include "wire/mail_address_syntax.h"
#include "wire/transfer_encoding.h"

namespace proto {

namespace {

bool is_printable(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

// Why it cannot be done; never leaves this file.
struct Impossible {
  std::string why;
};

// Of header text. What is no UTF-8 goes nowhere (RFC 6532 §3).
bool text_fits(std::string_view text, const ServerAbilities& abilities) noexcept {
  return abilities.smtputf8 ? is_valid_utf8(text) : is_ascii(text);
}

std::string folded(std::string_view name, const ParameterizedValue& value) {
  const std::string* const boundary = value.find("boundary");
  if (boundary != nullptr && !is_ascii(*boundary)) throw Impossible{"a boundary is not ASCII"};
  try {
    return value.to_string(name.size() + 2);
  } catch (const std::invalid_argument&) {
    throw Impossible{"its " + std::string(name) + " fits no line"};
  }
}

class Reencoder {
 public:
  Reencoder(const ServerAbilities& abilities, std::string& out)
      : abilities_(abilities), out_(out) {}

  void put(const MessagePart& part, bool is_message) {
    const bool body_needs_it = !body_fits(part.raw_body(), abilities_.eight_bit_mime);
    if (!body_needs_it) {
      put_header(part, {});
      out_ += part.raw_body();
    } else if (is_multipart(part)) {
      put_multipart(part);
    } else if (part.type().starts_with("message/") && !part.parts().empty()) {
      put_header(part, {{"Content-Transfer-Encoding", frame_encoding()}});
      put(part.parts().front(), true);
    } else if (part.type() == "message/rfc822" || part.type() == "message/partial") {
      throw Impossible{"a " + part.type() + " part cannot be encoded"};
    } else {
      put_leaf(part, is_message);
    }
  }

 private:
  // Fields that take the place of those of their name.
  using NewFields = std::vector<std::pair<std::string_view, std::string>>;

  static bool is_multipart(const MessagePart& part) {
    return part.type().starts_with("multipart/") && !part.parts().empty();
  }

  std::string frame_encoding() const { return abilities_.eight_bit_mime ? "8bit" : "7bit"; }

  void put_field(std::string_view name, std::string_view value) {
    out_ += name;
    out_ += ": ";
    out_ += value;
    out_ += "\r\n";
  }

  bool field_fits(std::string_view raw) const {
    if (!text_fits(raw, abilities_)) return false;
    if (raw.size() <= kMaxMailLine) return true;
    LineEnds lines(raw);
    for (std::size_t at = 0; at < raw.size();) {
      const std::size_t end = lines.after(at);
      if (without_line_end(raw.substr(at, end - at)).size() > kMaxMailLine) return false;
      at = end;
    }
    return true;
  }

  void put_encoded_field(const HeaderField& field) {
    const std::string_view name = field.name();
    const std::size_t column = name.size() + 2;
    if (column > kMaxMailLine) throw Impossible{"a field's name fits no line"};
    if (is_address_field(name)) {
      const AddressList list = parse_address_list(field.value());
      const std::string text = format_address_list(with_ascii_domains(list.addresses), column);
      if (list.defects.empty() && !list.addresses.empty()) {
        if (!is_ascii(text) && !abilities_.smtputf8) {
          throw Impossible{"an address in " + std::string(name) + " needs SMTPUTF8"};
        }
        return put_field(name, text);
      }
      if (list.defects.empty() && !list.empty_groups.empty()) {
        return put_field(name, format_empty_groups(list.empty_groups, column));
      }
    }
    if (is_one_of(name, {"Content-Type", "Content-Disposition"})) {
      const ParameterizedValue value = parse_parameters(field.value());
      if (is_printable(value.value)) return put_field(name, folded(name, value));
    }
    put_field(name, encode_header_text(field.text(), column));
  }

  // A NUL has no place in a header, whatever the server can.
  void put_raw_field(std::string_view raw) {
    for (const char c : raw) out_ += c == '\0' ? ' ' : c;
    if (!raw.ends_with('\n') && !raw.ends_with('\r')) out_ += "\r\n";
  }

  void put_header(const MessagePart& part, const NewFields& new_fields) {
    for (const HeaderField& field : part.header()) {
      const bool is_replaced =
          std::any_of(new_fields.begin(), new_fields.end(),
                      [&](const auto& f) { return equals_ignoring_case(f.first, field.name()); });
      if (is_replaced) continue;
      if (field_fits(field.raw())) {
        put_raw_field(field.raw());
      } else {
        put_encoded_field(field);
      }
    }
    for (const auto& [name, value] : new_fields) put_field(name, value);
    out_ += "\r\n";
    // Headers from here on stand in the body.
    abilities_.smtputf8 = abilities_.smtputf8 && abilities_.eight_bit_mime;
  }

  void put_multipart(const MessagePart& part) {
    if (part.type() == "multipart/signed" || part.type() == "multipart/encrypted") {
      throw Impossible{"a " + part.type() + " part must not be changed"};
    }
    NewFields fields;
    if (part.header().find("Content-Transfer-Encoding") != nullptr) {
      fields.emplace_back("Content-Transfer-Encoding", frame_encoding());
    }
    put_header(part, fields);
    const std::string delimiter = "--" + *part.content_type().find("boundary");
    if (!is_ascii(delimiter)) throw Impossible{"a boundary is not ASCII"};
    // What stands before the first part and behind the last is for nobody; it is not kept.
    for (const MessagePart& child : part.parts()) {
      out_ += delimiter + "\r\n";
      put(child, false);
      out_ += "\r\n";
    }
    out_ += delimiter + "--\r\n";
  }

  void put_leaf(const MessagePart& part, bool is_message) {
    const bool was_base64 = part.transfer_encoding() == "base64";
    const bool was_encoded = was_base64 || part.transfer_encoding() == "quoted-printable";
    ParameterizedValue type = part.content_type();
    // A multipart that has no parts is text to whoever reads it.
    const bool is_broken = type.value.starts_with("multipart/");
    if (is_broken) type = {"text/plain", {}};
    const std::string decoded = was_encoded ? part.bytes() : std::string();
    const std::string_view content = was_encoded ? std::string_view(decoded) : part.raw_body();
    const bool is_text = type.value.starts_with("text/") || type.value.starts_with("message/");
    const bool has_nul = content.find('\0') != content.npos;
    const bool as_text = is_text && !was_base64 && !has_nul;
    const TransferEncoding encoding =
        as_text ? shorter_encoding(content) : TransferEncoding::base64;
    NewFields fields;
    if (is_text && type.find("charset") == nullptr && !is_ascii(content)) {
      type.parameters.push_back({"charset", is_valid_utf8(content) ? "utf-8" : "iso-8859-1"});
      fields.emplace_back("Content-Type", folded("Content-Type", type));
    } else if (is_broken) {
      fields.emplace_back("Content-Type", folded("Content-Type", type));
    }
    if (is_message && part.header().find("MIME-Version") == nullptr) {
      fields.emplace_back("MIME-Version", "1.0");
    }
    fields.emplace_back("Content-Transfer-Encoding", to_string(encoding));
    put_header(part, fields);
    if (as_text) {
      append_text(content, encoding, out_);
    } else {
      append_bytes(content, encoding, out_);
    }
  }

  ServerAbilities abilities_;
  std::string& out_;
};

// The header of the whole; those of parts stand in its body.
bool header_fits(std::string_view header, const ServerAbilities& abilities) {
  return text_fits(header, abilities) && body_fits(header, true);
}

}  // namespace

Reencoded reencode_message(std::string_view message, const ServerAbilities& abilities) {
  ParseLimits limits;
  limits.fields = message.size() + 1;  // none may get lost
  const ParsedMessage parsed(message, limits);
  const bool body_stays = body_fits(parsed.root().raw_body(), abilities.eight_bit_mime);
  if (body_stays && header_fits(parsed.header().header(), abilities)) {
    return {std::string(message), {}};
  }
  if (!body_stays) {
    if (parsed.has(MessageDefect::too_many_parts) || parsed.has(MessageDefect::too_deep)) {
      return {std::nullopt, "it has too many parts"};
    }
    if (parsed.has(MessageDefect::unknown_transfer_encoding)) {
      return {std::nullopt, "a part has an unknown transfer encoding"};
    }
  }
  std::string out;
  out.reserve(message.size() + message.size() / 2);
  try {
    Reencoder(abilities, out).put(parsed.root(), true);
  } catch (const Impossible& reason) {
    return {std::nullopt, reason.why};
  }
  return {std::move(out), {}};
}

}  // namespace proto
