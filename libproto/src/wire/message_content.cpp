// Reading messages, what they hold: MessagePart, ParsedMessage.
#include <algorithm>

#include "proto/message.h"
#include "wire/charset.h"
#include "wire/mime_base64.h"
#include "wire/quoted_printable.h"

namespace proto {

bool MessagePart::is_attachment() const {
  const HeaderField* field = header_.find("Content-Disposition");
  return field != nullptr && parse_parameters(field->value()).value == "attachment";
}

std::string MessagePart::file_name() const {
  std::string name;
  if (const HeaderField* field = header_.find("Content-Disposition")) {
    const ParameterizedValue disposition = parse_parameters(field->value());
    if (const std::string* given = disposition.find("filename")) name = *given;
  }
  if (name.empty()) {
    if (const std::string* given = content_type_.find("name")) name = *given;
  }
  const std::size_t slash = name.find_last_of("/\\");
  if (slash != name.npos) name.erase(0, slash + 1);
  name.erase(0, std::min(name.find_first_not_of(". "), name.size()));
  return name;
}

std::string MessagePart::content_id() const {
  std::string id = header_.text("Content-ID").value_or("");
  if (id.starts_with('<')) id.erase(0, 1);
  if (id.ends_with('>')) id.pop_back();
  return id;
}

std::string MessagePart::bytes() const {
  if (!parts_.empty() && type().starts_with("multipart/")) return std::string(raw_body());
  if (transfer_encoding_ == "base64") return base64_decode_leniently(raw_body());
  if (transfer_encoding_ == "quoted-printable") return quoted_printable_decode(raw_body());
  return std::string(raw_body());
}

bool MessagePart::is_damaged() const {
  std::string ignored;
  if (transfer_encoding_ == "base64") {
    Base64Decoder decoder;
    decoder.feed(raw_body(), ignored);
    return decoder.is_damaged();
  }
  if (transfer_encoding_ == "quoted-printable") {
    QuotedPrintableDecoder decoder;
    decoder.feed(raw_body(), ignored);
    decoder.finish(ignored);
    return decoder.is_damaged();
  }
  return false;
}

std::string MessagePart::text() const {
  const std::string content = bytes();
  const std::string* charset = content_type_.find("charset");
  std::optional<std::string> decoded;
  if (charset != nullptr) decoded = to_utf8(find_charset(*charset), content);
  std::string text = decoded ? std::move(*decoded) : utf8_or_latin1(content);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      if (i + 1 == text.size() || text[i + 1] != '\n') out += '\n';
    } else {
      out += text[i];
    }
  }
  return out;
}

namespace {

// Every part that holds content of its own, in order; a message within the message is one.
template <typename Visit>
void visit_leaves(const MessagePart& part, const Visit& visit) {
  if (part.parts().empty() || !part.type().starts_with("multipart/")) return visit(part);
  for (const MessagePart& child : part.parts()) visit_leaves(child, visit);
}

const MessagePart* find_body(const MessagePart& root, std::string_view type) {
  const MessagePart* found = nullptr;
  visit_leaves(root, [&](const MessagePart& part) {
    if (found == nullptr && part.type() == type && !part.is_attachment()) found = &part;
  });
  return found;
}

}  // namespace

bool ParsedMessage::has(MessageDefect defect) const noexcept {
  return std::find(defects_.begin(), defects_.end(), defect) != defects_.end();
}

AddressList ParsedMessage::addresses(std::string_view name) const {
  AddressList list;
  for (const HeaderField* field : header().find_all(name))
    list.append(parse_address_list(field->value()));
  return list;
}

std::optional<MailDate> ParsedMessage::date() const {
  const HeaderField* field = header().find("Date");
  if (field == nullptr) return std::nullopt;
  return parse_mail_date(field->value());
}

std::optional<std::string> ParsedMessage::first_text(std::string_view type) const {
  const MessagePart* part = find_body(root_, type);
  if (part == nullptr) return std::nullopt;
  return part->text();
}

std::vector<const MessagePart*> ParsedMessage::attachments() const {
  const MessagePart* text = find_body(root_, "text/plain");
  const MessagePart* html = find_body(root_, "text/html");
  std::vector<const MessagePart*> found;
  visit_leaves(root_, [&](const MessagePart& part) {
    if (&part != text && &part != html) found.push_back(&part);
  });
  return found;
}

std::string_view to_string(MessageDefect defect) {
  switch (defect) {
    case MessageDefect::missing_separator:
      return "no blank line between header and body";
    case MessageDefect::too_many_fields:
      return "too many header fields";
    case MessageDefect::malformed_content_type:
      return "malformed Content-Type";
    case MessageDefect::missing_boundary:
      return "multipart without a boundary";
    case MessageDefect::no_part_found:
      return "multipart without parts";
    case MessageDefect::unterminated_multipart:
      return "multipart without its end";
    case MessageDefect::encoded_multipart:
      return "encoded multipart";
    case MessageDefect::unknown_transfer_encoding:
      return "unknown transfer encoding";
    case MessageDefect::unknown_charset:
      return "unknown charset";
    case MessageDefect::too_deep:
      return "parts nested too deeply";
    case MessageDefect::too_many_parts:
      return "too many parts";
  }
  return "unknown defect";
}

}  // namespace proto
