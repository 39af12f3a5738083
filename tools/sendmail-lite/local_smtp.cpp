#include "sendmail-lite/local_smtp.h"

#include <array>
#include <optional>

#include "base/characters.h"
#include "common/mail_exit.h"
#include "proto/mail_address.h"

namespace proto::sendmail {
namespace {

constexpr std::size_t kMaxLineBytes = 4096;  // of a command
constexpr std::size_t kMaxRecipients = 10000;

class LocalSMTP {
 public:
  LocalSMTP(const Reader& reader, const Writer& writer, const Submit& submit,
            const std::string& host)
      : reader_(reader), writer_(writer), submit_(submit), host_(host) {}

  void run() {
    say("220 " + host_ + " ESMTP sendmail-lite");
    while (const auto line = next_line(kMaxLineBytes)) {
      if (line->size() > kMaxLineBytes) {
        say("500 5.5.2 line too long");
      } else if (!command(*line)) {
        return;
      }
    }
  }

 private:
  void say(const std::string& text) { writer_(text + "\r\n"); }

  // Without its end; what is longer than `limit` is cut there. Nothing at the end of input.
  std::optional<std::string> next_line(std::size_t limit) {
    std::string line;
    for (;;) {
      const std::size_t end = buffer_.find('\n', at_);
      const std::size_t size = std::min(end, buffer_.size()) - at_;
      line.append(buffer_, at_, std::min(size, limit + 1 - std::min(limit + 1, line.size())));
      if (end != std::string::npos) {
        at_ = end + 1;
        if (line.ends_with('\r')) line.pop_back();
        return line;
      }
      buffer_.resize(16 * 1024);
      at_ = 0;
      buffer_.resize(reader_(buffer_));
      if (buffer_.empty()) return std::nullopt;
    }
  }

  void reset() {
    request_ = {};
    mail_ = false;
  }

  // False after QUIT.
  bool command(const std::string& line) {
    const std::string verb = upper(std::string_view(line).substr(0, line.find(' ')));
    const std::string_view rest = trim(std::string_view(line).substr(verb.size()));
    if (verb == "QUIT") {
      say("221 2.0.0 bye");
      return false;
    }
    if (verb == "HELO") {
      reset();
      say("250 " + host_);
    } else if (verb == "EHLO") {
      reset();
      say("250-" + host_);
      say("250-PIPELINING");
      say("250-ENHANCEDSTATUSCODES");
      say("250 8BITMIME");
    } else if (verb == "MAIL") {
      mail(rest);
    } else if (verb == "RCPT") {
      rcpt(rest);
    } else if (verb == "DATA") {
      data();
    } else if (verb == "RSET") {
      reset();
      say("250 2.0.0 ok");
    } else if (verb == "NOOP") {
      say("250 2.0.0 ok");
    } else if (verb == "VRFY") {
      say("252 2.0.0 send it, and see");
    } else if (verb == "EXPN") {
      say("502 5.5.1 no lists here");
    } else if (verb == "HELP") {
      say("214 2.0.0 HELO EHLO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT");
    } else {
      say("500 5.5.2 unknown command");
    }
    return true;
  }

  // The path behind "FROM:" or "TO:"; what stands behind it is not asked for. Nothing: said so.
  std::optional<std::string> path(std::string_view rest, std::string_view word) {
    if (starts_with_ignoring_case(rest, word)) {
      rest = trim(rest.substr(word.size()));
      const std::size_t end = rest.starts_with('<') ? rest.find('>') + 1 : rest.find(' ');
      try {
        return envelope_address(rest.substr(0, end)).address;
      } catch (const std::invalid_argument& e) {
        say("553 5.1.3 " + escaped(e.what()));
        return std::nullopt;
      }
    }
    say("501 5.5.4 want " + std::string(word));
    return std::nullopt;
  }

  void mail(std::string_view rest) {
    if (mail_) return say("503 5.5.1 MAIL was said already");
    const auto from = path(rest, "FROM:");
    if (!from) return;
    mail_ = true;
    request_.sender = *from;
    say("250 2.1.0 ok");
  }

  void rcpt(std::string_view rest) {
    if (!mail_) return say("503 5.5.1 MAIL first");
    if (request_.recipients.size() == kMaxRecipients) return say("452 4.5.3 too many recipients");
    const auto to = path(rest, "TO:");
    if (!to) return;
    if (to->empty()) return say("553 5.1.3 nobody");
    request_.recipients.push_back(*to);
    say("250 2.1.5 ok");
  }

  void data() {
    if (request_.recipients.empty()) return say("503 5.5.1 RCPT first");
    say("354 end with a dot");
    std::string message;
    for (;;) {
      const auto line = next_line(std::string::npos - 1);
      if (!line) return;  // cut off: nothing was taken
      if (*line == ".") break;
      message += line->starts_with('.') ? line->substr(1) : *line;
      message += '\n';
    }
    const Submitted result = submit_(message, request_);
    reset();
    const std::string text = escaped(result.text);
    // What waits in the queue is ours to deliver, whatever keeps it there.
    if (result.status == tools::kDone || result.queued) {
      say("250 2.0.0 ok " + result.id);
    } else if (result.status == tools::kTryLater) {
      say("451 4.3.0 " + text);
    } else {
      say("554 5.0.0 " + text);
    }
  }

  const Reader& reader_;
  const Writer& writer_;
  const Submit& submit_;
  const std::string& host_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool mail_ = false;
  Request request_;
};

}  // namespace

void serve_local_smtp(const Reader& reader, const Writer& writer, const Submit& submit,
                      const std::string& host) {
  LocalSMTP(reader, writer, submit, host).run();
}

}  // namespace proto::sendmail
