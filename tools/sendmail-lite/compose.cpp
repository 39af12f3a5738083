#include "sendmail-lite/compose.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "base/characters.h"
#include "proto/message.h"
#include "proto/message_edit.h"
#include "sendmail-lite/input.h"

namespace proto::sendmail {
namespace {

std::string content_of(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "cannot read " + path);
  try {
    std::string content = read_message(reader_of(fd), false);
    ::close(fd);
    return content;
  } catch (...) {
    const int error = errno;
    ::close(fd);
    throw std::system_error(error, std::generic_category(), "cannot read " + path);
  }
}

// "FILE", or "FILE;type=text/csv".
Attachment attachment_of(const std::string& text) {
  const std::size_t semicolon = text.rfind(";type=");
  const std::string path = text.substr(0, semicolon);
  Attachment attachment;
  if (semicolon != std::string::npos) attachment.type = text.substr(semicolon + 6);
  attachment.name = path.substr(path.rfind('/') + 1);
  attachment.content = content_of(path);
  return attachment;
}

void add_header(Message& message, const std::string& field) {
  const std::size_t colon = field.find(':');
  if (colon == std::string::npos)
    throw std::invalid_argument("want 'Name: value', got " + quoted(field));
  message.add(trim(std::string_view(field).substr(0, colon)),
              trim(std::string_view(field).substr(colon + 1)));
}

std::string without_from(const std::string& message) {
  HeaderEditor editor(message);
  editor.remove("From");
  return editor.to_string() + message.substr(editor.header_size());
}

}  // namespace

Composed compose(const Composition& composition, std::string_view from, std::string_view text) {
  try {
    Message message;
    message.from(from.empty() ? "nobody" : from);
    for (const auto& to : composition.to) message.to(to);
    for (const auto& cc : composition.cc) message.cc(cc);
    for (const auto& bcc : composition.bcc) message.bcc(bcc);
    if (!composition.subject.empty()) message.subject(composition.subject);
    for (const auto& field : composition.headers) add_header(message, field);
    message.text(composition.body ? std::string_view(*composition.body) : text);
    for (const auto& file : composition.attach) message.attach(attachment_of(file));
    Composed made{message.to_string({true}), {}};
    if (from.empty()) made.message = without_from(made.message);
    for (const auto& to : message.recipients()) made.recipients.push_back(to.address());
    return made;
  } catch (const std::invalid_argument& e) {
    throw UsageError(e.what());
  }
}

}  // namespace proto::sendmail
