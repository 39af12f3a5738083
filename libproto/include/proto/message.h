// Mail messages with MIME: composed, and read.
//
//     Message message;
//     message.from("Jörg Müller <joerg@example.org>").to("Ann <ann@example.net>, bob@example.net");
//     message.subject("Grüße aus Köln");
//     message.text("Hallo Ann,\nder Bericht hängt an.\n");
//     message.html("<p>Hallo Ann,<br>der Bericht hängt an.</p>\n");
//     message.attach("Bericht für März.pdf", pdf_bytes);
//     smtp.send_message(message);
//
// (tests/examples/compose_message.cpp is this as a whole program.)
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/header_text.h"
#include "proto/mail_address.h"

namespace proto {

struct Attachment {
  std::string name;  // UTF-8, without folders; may be empty
  std::string type;  // "application/pdf"; empty: guessed from the name
  // Bytes; arrive as they are. Only of a message (message/rfc822) the line ends become CRLF, and
  // nothing else of it: one that no way takes so goes as application/octet-stream.
  std::string content;
};
// "application/octet-stream" where the name tells nothing.
std::string_view guess_media_type(std::string_view file_name) noexcept;

struct ComposeOptions {
  bool allow_8bit = false;  // text may go as 8bit: the server has 8BITMIME
};

// Composes a message. All text is UTF-8 (what is not is taken for Latin-1). What the caller gives
// is checked at once: std::invalid_argument for CR, LF or NUL in a header, for a malformed address
// or field name. Copies share their Date, Message-ID and boundaries: a message sent again is the
// same.
class Message {
 public:
  Message();

  // Address lists as in headers; each call adds to the list.
  Message& from(std::string_view addresses) { return add_addresses("From", addresses); }
  Message& to(std::string_view addresses) { return add_addresses("To", addresses); }
  Message& cc(std::string_view addresses) { return add_addresses("Cc", addresses); }
  // Recipients of the envelope, and of nothing else: never part of to_string().
  Message& bcc(std::string_view addresses) { return add_addresses("Bcc", addresses); }
  Message& reply_to(std::string_view addresses) { return add_addresses("Reply-To", addresses); }
  Message& subject(std::string_view text) { return set("Subject", text); }

  // Any field but MIME-Version, Content-Type and Content-Transfer-Encoding. Fields go out in the
  // order in which they were first given. set() takes the place of all of that name; add() throws
  // std::invalid_argument for a second one of what RFC 5322 §3.6 lets stand once, such as Subject.
  // Date and Resent-Date are checked, and go out as RFC 5322 §3.3 writes them.
  Message& set(std::string_view name, std::string_view text);
  Message& add(std::string_view name, std::string_view text);
  // The text of the first of that name.
  std::optional<std::string> get(std::string_view name) const;

  Message& text(std::string_view text);
  // Beside text(): an alternative to it.
  Message& html(std::string_view html);
  Message& attach(Attachment attachment);
  Message& attach(std::string_view name, std::string_view content) {
    return attach({std::string(name), {}, std::string(content)});
  }
  // Shown within the HTML, which names it as "cid:CONTENT_ID".
  Message& embed(std::string_view content_id, Attachment attachment);

  // Sender, or the first of From; nothing where there is neither. Where the message is sent again
  // (it has a Resent-To, Resent-Cc or Resent-Bcc), Resent-Sender and Resent-From come first.
  std::optional<MailAddress> sender() const;
  // Of To, Cc and Bcc; where the message is sent again, of their Resent- likes alone (RFC 5322
  // §3.6.6).
  std::vector<MailAddress> recipients() const;
  // The Message-ID that goes out, with its brackets.
  std::string message_id() const;

  // The message: CRLF, no line over 998 bytes, ASCII but where addresses are not and where
  // `options` let text be 8bit. Without Bcc and Resent-Bcc. Throws std::invalid_argument where
  // there is no From.
  std::string to_string(const ComposeOptions& options = {}) const;

 private:
  friend class Composer;
  struct Field {
    std::string name;
    std::string text;    // as given
    AddressList list{};  // where the field is one
  };
  struct Part {
    Attachment attachment;
    std::string content_id;
  };
  static Field make_field(std::string_view name, std::string_view text);
  Message& add_addresses(std::string_view name, std::string_view addresses);
  bool is_resent() const noexcept;
  Field* find(std::string_view name) noexcept;
  const Field* find(std::string_view name) const noexcept;

  std::vector<Field> fields_;
  std::optional<std::string> text_;
  std::optional<std::string> html_;
  std::vector<Part> embedded_;
  std::vector<Part> attachments_;
  MailDate created_;
  std::string random_;  // for the Message-ID and the boundaries
};

// What is wrong with a message that was read all the same.
enum class MessageDefect {
  missing_separator,          // no blank line between header and body
  too_many_fields,            // fields beyond the limit were passed over
  malformed_content_type,     // text/plain was assumed
  missing_boundary,           // a multipart that does not say what parts it: one part
  no_part_found,              // its boundary never comes, or closes at once: one part
  unterminated_multipart,     // no closing boundary: cut off?
  encoded_multipart,          // a multipart must not be base64 or quoted-printable: taken as it is
  unknown_transfer_encoding,  // taken as it is
  unknown_charset,            // taken for UTF-8 or Latin-1
  too_deep,                   // parts nested beyond the limit: one part
  too_many_parts,             // parts beyond the limit were passed over
};
std::string_view to_string(MessageDefect defect);

struct ParseLimits {
  std::size_t depth = 16;
  std::size_t parts = 1000;
  std::size_t fields = 2000;  // of one header
};

// One part of a message, or the whole. Views into the text that was parsed.
class MessagePart {
 public:
  const HeaderBlock& header() const noexcept { return header_; }
  // Lower case: "text/plain", "multipart/mixed".
  const std::string& type() const noexcept { return content_type_.value; }
  const ParameterizedValue& content_type() const noexcept { return content_type_; }
  bool is_text() const noexcept { return type().starts_with("text/"); }

  // Of a multipart, its parts; of message/rfc822, the message; else none.
  const std::vector<MessagePart>& parts() const noexcept { return parts_; }

  bool is_attachment() const;
  // The name it was given, without folders and leading dots; empty where it has none.
  std::string file_name() const;
  // Content-ID without its brackets, or empty.
  std::string content_id() const;

  // Header and body as they came; the body as it came.
  std::string_view raw() const noexcept { return raw_; }
  std::string_view raw_body() const noexcept { return header_.body(); }
  // Lower case, "7bit" where none is named.
  const std::string& transfer_encoding() const noexcept { return transfer_encoding_; }
  // The content, its transfer encoding taken off.
  std::string bytes() const;
  // The same as UTF-8, with LF line ends.
  std::string text() const;
  // True where the transfer encoding holds what it cannot; decodes to find out.
  bool is_damaged() const;

 private:
  friend class MessageParser;
  std::string_view raw_;
  HeaderBlock header_;
  ParameterizedValue content_type_;
  std::string transfer_encoding_;
  std::vector<MessagePart> parts_;
};

// Reads a message, however broken it is, in linear time. Holds views into `raw`, which must outlive
// it.
class ParsedMessage {
 public:
  explicit ParsedMessage(std::string_view raw, const ParseLimits& limits = {});
  // A temporary string would be gone before the views into it.
  template <std::same_as<std::string> Temporary>
  explicit ParsedMessage(Temporary&&, const ParseLimits& = {}) = delete;

  const MessagePart& root() const noexcept { return root_; }
  const HeaderBlock& header() const noexcept { return root_.header(); }

  // Empty where there is none.
  std::string subject() const { return header().text("Subject").value_or(""); }
  std::string message_id() const { return header().text("Message-ID").value_or(""); }
  AddressList from() const { return addresses("From"); }
  AddressList to() const { return addresses("To"); }
  AddressList cc() const { return addresses("Cc"); }
  AddressList reply_to() const { return addresses("Reply-To"); }
  // Of every field of that name.
  AddressList addresses(std::string_view name) const;
  std::optional<MailDate> date() const;

  // The first text/plain, or text/html, that is no attachment.
  std::optional<std::string> text() const { return first_text("text/plain"); }
  std::optional<std::string> html() const { return first_text("text/html"); }
  // All that is neither that nor a frame for other parts, in order.
  std::vector<const MessagePart*> attachments() const;

  // Each kind once, in the order met.
  const std::vector<MessageDefect>& defects() const noexcept { return defects_; }
  bool has(MessageDefect defect) const noexcept;

 private:
  std::optional<std::string> first_text(std::string_view type) const;
  MessagePart root_;
  std::vector<MessageDefect> defects_;
};

}  // namespace proto
