// Composing, what goes out: Message::to_string().
#include <algorithm>
#include <stdexcept>

#include "base/characters.h"
#include "proto/message.h"
#include "proto/message_edit.h"
#include "wire/charset.h"
#include "wire/mail_address_syntax.h"
#include "wire/transfer_encoding.h"

namespace proto {

// Writes a message front to back: header, then the tree of parts
// mixed(alternative(text, related(html, embedded...)), attachments...), without the frames that
// would hold one part only.
class Composer {
 public:
  Composer(const Message& message, const ComposeOptions& options)
      : message_(message), options_(options) {}

  std::string run() {
    std::size_t size = 4096;
    for (const auto* parts : {&message_.embedded_, &message_.attachments_}) {
      for (const auto& part : *parts) size += part.attachment.content.size() / 2 * 3 + 512;
    }
    if (message_.text_) size += message_.text_->size() * 2;
    if (message_.html_) size += message_.html_->size() * 2;
    out_.reserve(size);
    put_header();
    put_content();
    return std::move(out_);
  }

 private:
  void put_field(std::string_view name, std::string_view folded) {
    out_ += name;
    out_ += ": ";
    out_ += folded;
    out_ += "\r\n";
  }

  void put_header() {
    const auto sender = message_.sender();
    if (message_.find("From") == nullptr || !sender) {
      throw std::invalid_argument("message: it has no From");
    }
    for (const Message::Field& field : message_.fields_) {
      if (equals_ignoring_case(field.name, "Bcc") ||
          equals_ignoring_case(field.name, "Resent-Bcc")) {
        continue;
      }
      const std::size_t column = field.name.size() + 2;
      const AddressList& list = field.list;
      if (!is_address_field(field.name)) {
        put_field(field.name, encode_header_text(field.text, column));
      } else if (!list.addresses.empty()) {
        put_field(field.name, format_address_list(with_ascii_domains(list.addresses), column));
      } else if (!list.empty_groups.empty()) {
        // A group may be empty ("undisclosed-recipients:;"), a list of addresses not.
        put_field(field.name, format_empty_groups(list.empty_groups, column));
      }
    }
    const auto& from = message_.find("From")->list.addresses;
    if (from.size() > 1 && message_.find("Sender") == nullptr) {
      // RFC 5322 §3.6.2: who of them sent it must be said.
      MailAddress first = from.front();
      first.group.clear();
      put_field("Sender", format_address_list(with_ascii_domains({first}), 8));
    }
    if (message_.find("Date") == nullptr) put_field("Date", message_.created_.to_string());
    if (message_.find("Message-ID") == nullptr) put_field("Message-ID", message_.message_id());
    put_field("MIME-Version", "1.0");
  }

  // Whether this stands in what may go out as it is; in base64 and quoted-printable no boundary of
  // ours can ("=_").
  bool stands_in_content(std::string_view text) const {
    for (const auto* content : {&message_.text_, &message_.html_})
      if (*content && (*content)->find(text) != std::string::npos) return true;
    for (const auto* parts : {&message_.embedded_, &message_.attachments_})
      for (const Message::Part& part : *parts)
        if (part.attachment.content.find(text) != std::string::npos) return true;
    return false;
  }

  // One that the content has not: a copy may hold what another copy, of the same boundaries,
  // became.
  std::string open_multipart(std::string_view subtype,
                             std::vector<ParameterizedValue::Parameter> parameters = {}) {
    std::string boundary;
    do {
      boundary = "=_" + std::to_string(++boundaries_) + "_" + message_.random_;
    } while (stands_in_content(boundary));
    ParameterizedValue type{"multipart/" + std::string(subtype), std::move(parameters)};
    type.parameters.push_back({"boundary", boundary});
    put_field("Content-Type", type.to_string(14));
    if (options_.allow_8bit) put_field("Content-Transfer-Encoding", "8bit");
    return boundary;
  }

  // The line end before a boundary belongs to it (RFC 2046 §5.1.1).
  void next_part(const std::string& boundary) { out_ += "\r\n--" + boundary + "\r\n"; }
  void close_multipart(const std::string& boundary) { out_ += "\r\n--" + boundary + "--\r\n"; }

  void put_content() {
    if (message_.attachments_.empty()) return put_text_and_html();
    const std::string boundary = open_multipart("mixed");
    next_part(boundary);
    put_text_and_html();
    for (const Message::Part& part : message_.attachments_) {
      next_part(boundary);
      put_attachment(part);
    }
    close_multipart(boundary);
  }

  void put_text_and_html() {
    if (!message_.html_) return put_with_embedded("text/plain", message_.text_.value_or(""));
    if (!message_.text_) return put_with_embedded("text/html", *message_.html_);
    const std::string boundary = open_multipart("alternative");
    next_part(boundary);
    put_text("text/plain", *message_.text_);
    next_part(boundary);
    put_with_embedded("text/html", *message_.html_);
    close_multipart(boundary);
  }

  void put_with_embedded(std::string_view type, std::string_view text) {
    if (message_.embedded_.empty()) return put_text(type, text);
    const std::string boundary = open_multipart("related", {{"type", std::string(type)}});
    next_part(boundary);
    put_text(type, text);
    for (const Message::Part& part : message_.embedded_) {
      next_part(boundary);
      put_attachment(part);
    }
    close_multipart(boundary);
  }

  void put_text(std::string_view type, std::string_view text) {
    put_field("Content-Type", std::string(type) + "; charset=utf-8");
    const TransferEncoding encoding = encoding_for_text(text, options_.allow_8bit);
    put_encoding(to_string(encoding));
    append_text(text, encoding, out_);
    end_content();
  }

  void put_encoding(std::string_view name) {
    put_field("Content-Transfer-Encoding", name);
    out_ += "\r\n";
  }

  // What is no part of a multipart ends with a line end.
  void end_content() {
    if (boundaries_ == 0 && !out_.ends_with("\r\n")) out_ += "\r\n";
  }

  bool goes_as_it_is(std::string_view message) const {
    const MessageNeeds needs = analyse_message(message);
    return needs.is_plain() ||
           (options_.allow_8bit && !needs.eight_bit_header && !needs.nul && !needs.long_line);
  }

  void put_attachment(const Message::Part& part) {
    const Attachment& attachment = part.attachment;
    const std::size_t slash = attachment.name.find_last_of("/\\");
    const std::string name = attachment.name.substr(slash == attachment.name.npos ? 0 : slash + 1);
    ParameterizedValue type = parse_parameters(attachment.type);
    std::string_view content = attachment.content;
    std::string plain;
    if (type.value.starts_with("message/")) {
      // Such a part cannot be encoded as a whole (RFC 2046 §5.2.1), and to rewrite its own parts
      // would break what signs them.
      if (type.value == "message/rfc822" && goes_as_it_is(content)) {
        plain = with_crlf(content);
        content = plain;
      } else {
        type = {"application/octet-stream", {}};
      }
    }
    const bool is_text = type.value.starts_with("text/");
    if (is_text && type.find("charset") == nullptr && is_valid_utf8(content)) {
      type.parameters.push_back({"charset", "utf-8"});
    }
    if (!name.empty() && type.find("name") == nullptr) type.parameters.push_back({"name", name});
    ParameterizedValue disposition{part.content_id.empty() ? "attachment" : "inline", {}};
    if (!name.empty()) disposition.parameters.push_back({"filename", name});
    put_field("Content-Type", type.to_string(14));
    put_field("Content-Disposition", disposition.to_string(21));
    if (!part.content_id.empty()) put_field("Content-ID", "<" + part.content_id + ">");
    if (type.value.starts_with("message/")) {
      put_encoding(is_ascii(content) ? "7bit" : "8bit");
      out_ += content;
    } else {
      const TransferEncoding encoding = encoding_for_bytes(content, is_text, options_.allow_8bit);
      put_encoding(to_string(encoding));
      append_bytes(content, encoding, out_);
    }
  }

  const Message& message_;
  ComposeOptions options_;
  std::string out_;
  unsigned boundaries_ = 0;
};

std::string Message::to_string(const ComposeOptions& options) const {
  return Composer(*this, options).run();
}

}  // namespace proto
