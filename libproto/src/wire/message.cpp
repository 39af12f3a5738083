// Composing, what the caller says: Message.
#include "proto/message.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/characters.h"
#include "base/random.h"
#include "wire/charset.h"
#include "wire/header_write.h"
#include "wire/mail_address_syntax.h"
#include "wire/message_id.h"

namespace proto {

namespace {

struct MediaType {
  std::string_view extension;
  std::string_view type;
};
constexpr auto kMediaTypes = std::to_array<MediaType>({
    {"csv", "text/csv"},
    {"css", "text/css"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eml", "message/rfc822"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ics", "text/calendar"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"json", "application/json"},
    {"log", "text/plain"},
    {"md", "text/markdown"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"patch", "text/x-diff"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"webp", "image/webp"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"zip", "application/zip"},
});

AddressList parse_strictly(std::string_view name, std::string_view text) {
  if (has_line_break_or_nul(text)) {
    throw std::invalid_argument(std::string(name) + ": CR, LF or NUL in " + quoted(text));
  }
  AddressList list = parse_address_list(text);
  if (!list.defects.empty()) {
    throw std::invalid_argument(std::string(name) + ": " + list.defects.front());
  }
  return list;
}

// RFC 5322 §3.6: of these a header has one at most.
bool may_come_once(std::string_view name) noexcept {
  return is_one_of(name, {"Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID",
                          "In-Reply-To", "References", "Subject"});
}

// As RFC 5322 §3.3 has it, whichever form it was given in.
std::string date_text(std::string_view name, std::string_view text) {
  const auto date = parse_mail_date(text);
  if (!date) {
    throw std::invalid_argument(std::string(name) + ": not a date: " + quoted(text));
  }
  return date->to_string();
}

// The name's last part, the type known and checked.
Attachment checked(Attachment attachment) {
  if (has_line_break_or_nul(attachment.name)) {
    throw std::invalid_argument("attachment: CR, LF or NUL in its name " + quoted(attachment.name));
  }
  if (attachment.type.empty()) attachment.type = guess_media_type(attachment.name);
  const ParameterizedValue given = parse_parameters(attachment.type);
  const std::string& type = given.value;
  const std::size_t slash = type.find('/');
  if (slash == type.npos || !is_token(type.substr(0, slash)) || !is_token(type.substr(slash + 1)) ||
      type.starts_with("multipart/") || has_line_break_or_nul(attachment.type)) {
    throw std::invalid_argument("attachment: not a media type: " + quoted(attachment.type));
  }
  given.to_string();  // throws where it could not be written
  return attachment;
}

}  // namespace

std::string_view guess_media_type(std::string_view file_name) noexcept {
  const std::size_t dot = file_name.rfind('.');
  if (dot != file_name.npos) {
    for (const MediaType& known : kMediaTypes) {
      if (equals_ignoring_case(known.extension, file_name.substr(dot + 1))) return known.type;
    }
  }
  return "application/octet-stream";
}

Message::Message() : created_(MailDate::now()), random_(random_text(20)) {}

Message::Field* Message::find(std::string_view name) noexcept {
  const auto at = std::find_if(fields_.begin(), fields_.end(),
                               [&](const Field& f) { return equals_ignoring_case(f.name, name); });
  return at == fields_.end() ? nullptr : &*at;
}

const Message::Field* Message::find(std::string_view name) const noexcept {
  return const_cast<Message*>(this)->find(name);
}

Message& Message::add_addresses(std::string_view name, std::string_view addresses) {
  AddressList more = parse_strictly(name, addresses);
  Field* field = find(name);
  if (field == nullptr) {
    fields_.push_back({std::string(name), std::string(addresses), {}});
    field = &fields_.back();
  }
  field->list.append(std::move(more));
  return *this;
}

Message::Field Message::make_field(std::string_view name, std::string_view text) {
  check_field_name(name);
  if (is_one_of(name, {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"})) {
    throw std::invalid_argument("message: " + std::string(name) + " follows from the content");
  }
  if (has_line_break_or_nul(text)) {
    throw std::invalid_argument(std::string(name) + ": CR, LF or NUL in " + quoted(text));
  }
  Field field{std::string(name), std::string(text), {}};
  if (is_address_field(name)) field.list = parse_strictly(name, text);
  if (is_one_of(name, {"Date", "Resent-Date"})) field.text = date_text(name, text);
  return field;
}

Message& Message::add(std::string_view name, std::string_view text) {
  if (may_come_once(name) && find(name) != nullptr) {
    throw std::invalid_argument("message: it has a " + std::string(name) + " already");
  }
  fields_.push_back(make_field(name, text));
  return *this;
}

Message& Message::set(std::string_view name, std::string_view text) {
  Field field = make_field(name, text);
  const auto is_same = [&](const Field& f) { return equals_ignoring_case(f.name, name); };
  const auto first = std::find_if(fields_.begin(), fields_.end(), is_same);
  if (first == fields_.end()) {
    fields_.push_back(std::move(field));
  } else {
    *first = std::move(field);
    fields_.erase(std::remove_if(first + 1, fields_.end(), is_same), fields_.end());
  }
  return *this;
}

std::optional<std::string> Message::get(std::string_view name) const {
  const Field* field = find(name);
  if (field == nullptr) return std::nullopt;
  return field->list.addresses.empty()
             ? field->text
             : decode_header_text(format_address_list(field->list.addresses));
}

Message& Message::text(std::string_view text) {
  text_ = utf8_or_latin1(text);
  return *this;
}

Message& Message::html(std::string_view html) {
  html_ = utf8_or_latin1(html);
  return *this;
}

Message& Message::attach(Attachment attachment) {
  attachments_.push_back({checked(std::move(attachment)), {}});
  return *this;
}

Message& Message::embed(std::string_view content_id, Attachment attachment) {
  const bool fits = !content_id.empty() && content_id.size() <= 200 &&
                    std::all_of(content_id.begin(), content_id.end(),
                                [](char c) { return c > ' ' && c < 0x7f && c != '<' && c != '>'; });
  if (!fits) throw std::invalid_argument("not a Content-ID: " + quoted(content_id));
  embedded_.push_back({checked(std::move(attachment)), std::string(content_id)});
  return *this;
}

bool Message::is_resent() const noexcept {
  return find("Resent-To") != nullptr || find("Resent-Cc") != nullptr ||
         find("Resent-Bcc") != nullptr;
}

std::optional<MailAddress> Message::sender() const {
  std::vector<std::string_view> names = {"Sender", "From"};
  if (is_resent()) names = {"Resent-Sender", "Resent-From", "Sender", "From"};
  for (const std::string_view name : names) {
    const Field* field = find(name);
    if (field != nullptr && !field->list.addresses.empty()) return field->list.addresses.front();
  }
  return std::nullopt;
}

std::vector<MailAddress> Message::recipients() const {
  const bool resent = is_resent();
  std::vector<MailAddress> all;
  for (const Field& field : fields_) {
    const bool counts = resent ? is_one_of(field.name, {"Resent-To", "Resent-Cc", "Resent-Bcc"})
                               : is_one_of(field.name, {"To", "Cc", "Bcc"});
    if (counts) all.insert(all.end(), field.list.addresses.begin(), field.list.addresses.end());
  }
  return all;
}

std::string Message::message_id() const {
  if (const Field* field = find("Message-ID")) return field->text;
  const std::optional<MailAddress> from = sender();
  return message_id_of(created_, random_, from ? std::string_view(from->domain) : "");
}

}  // namespace proto
