#include "reference/protod/smtp_service.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/error.h"
#include "proto/mail_address.h"
#include "reference/protod/line_session.h"
#include "reference/protod/mail_drop.h"
#include "wire/dots.h"
#include "wire/smtp_command.h"

namespace proto::protod {
namespace {

constexpr std::size_t kMaxLine = 12288;  // RFC 4954 §4
constexpr int kMaxErrors = 20;

// "FROM:<path> parameters", with its two parts taken apart; nothing where it is not so.
struct PathArgument {
  EnvelopeAddress address;
  std::string_view parameters;
};

std::optional<PathArgument> parse_path(std::string_view argument, std::string_view prefix) {
  if (!starts_with_ignoring_case(argument, prefix)) return std::nullopt;
  argument.remove_prefix(prefix.size());
  if (!argument.starts_with('<')) return std::nullopt;
  bool quote = false;
  for (std::size_t i = 1; i < argument.size(); ++i) {
    if (quote && argument[i] == '\\') {
      ++i;
    } else if (argument[i] == '"') {
      quote = !quote;
    } else if (argument[i] == '>' && !quote) {
      const std::string_view rest = argument.substr(i + 1);
      if (!rest.empty() && rest.front() != ' ') return std::nullopt;
      try {
        return PathArgument{envelope_address(argument.substr(0, i + 1)), trim(rest)};
      } catch (const std::invalid_argument&) {
        return std::nullopt;
      }
    }
  }
  return std::nullopt;
}

class Session {
 public:
  Session(Stream& stream, const SMTPService& service)
      : stream_(stream),
        service_(service),
        line_(stream, {service.command_time, kMaxLine, "500 5.5.2 line too long", service.tls}) {}

  void run() {
    reply("220 localhost protod ESMTP");
    line_.run([this](std::string_view line) { command(line); });
  }

 private:
  struct Verb {
    std::string_view name;
    void (Session::*run)(std::string_view argument);
  };

  void command(std::string_view line) {
    const auto space = std::min(line.find(' '), line.size());
    const auto argument = trim(line.substr(space));
    static constexpr Verb kVerbs[] = {
        {"EHLO", &Session::ehlo}, {"HELO", &Session::helo},         {"MAIL", &Session::mail},
        {"RCPT", &Session::rcpt}, {"DATA", &Session::data},         {"BDAT", &Session::bdat},
        {"RSET", &Session::rset}, {"NOOP", &Session::noop},         {"QUIT", &Session::quit},
        {"AUTH", &Session::auth}, {"STARTTLS", &Session::starttls}, {"VRFY", &Session::vrfy},
        {"HELP", &Session::help}};
    for (const Verb& verb : kVerbs) {
      if (equals_ignoring_case(verb.name, line.substr(0, space)))
        return (this->*verb.run)(argument);
    }
    refuse("500 5.5.1 unknown command");
  }

  void reply(std::string_view line) { line_.reply(line); }
  // A client that only errs is no mail client.
  void refuse(std::string_view line) {
    if (++errors_ < kMaxErrors) return reply(line);
    line_.end();
    reply("421 4.7.0 too many errors");
  }
  void forget() {
    from_.reset();
    recipients_ = 0;
    drop_.reset();
    chunk_failed_ = {};
  }

  void helo(std::string_view) {
    forget();
    greeted_ = true;
    reply("250 localhost");
  }
  void ehlo(std::string_view) {
    forget();
    greeted_ = true;
    reply("250-localhost");
    reply("250-SIZE " + std::to_string(service_.max_message));
    for (const char* line : {"250-8BITMIME", "250-SMTPUTF8", "250-PIPELINING", "250-CHUNKING",
                             "250-ENHANCEDSTATUSCODES", "250-DSN"})
      reply(line);
    reply("250-AUTH " + line_.mechanisms());
    if (line_.offers_tls()) reply("250-STARTTLS");
    reply("250 HELP");
  }
  void noop(std::string_view) { reply("250 2.0.0 ok"); }
  void help(std::string_view) { reply("214 2.0.0 RFC 5321"); }
  void vrfy(std::string_view) { reply("252 2.5.0 try RCPT"); }
  void rset(std::string_view) {
    forget();
    reply("250 2.0.0 ok");
  }
  void quit(std::string_view) {
    line_.end();
    reply("221 2.0.0 bye");
  }

  void starttls(std::string_view argument) {
    if (!line_.offers_tls()) return refuse("502 5.5.1 not offered");
    if (!argument.empty()) return refuse("501 5.5.4 STARTTLS stands alone");
    line_.start_tls("220 2.0.0 go ahead");
    forget();
    greeted_ = logged_in_ = false;
  }

  void auth(std::string_view argument) {
    if (!greeted_ || logged_in_ || from_) return refuse("503 5.5.1 not now");
    using Login = LineSession::Login;
    switch (line_.authenticate(argument, service_.accounts, "334 ")) {
      case Login::accepted:
        logged_in_ = true;
        return reply("235 2.7.0 welcome");
      case Login::refused:
        return refuse("535 5.7.8 wrong user or password");
      case Login::unknown_mechanism:
        return refuse("504 5.5.4 unknown mechanism");
      case Login::not_base64:
        return refuse("501 5.5.2 not base64");
      case Login::left:
        return refuse("501 5.7.0 left");
    }
  }

  void mail(std::string_view argument) {
    if (!greeted_) return refuse("503 5.5.1 EHLO first");
    if (from_) return refuse("503 5.5.1 RSET first");
    const auto path = parse_path(argument, "FROM:");
    if (!path) return refuse("501 5.1.7 want MAIL FROM:<address>");
    bool smtputf8 = false;
    for (std::string_view rest = path->parameters; !rest.empty();) {
      const auto word = rest.substr(0, rest.find(' '));
      rest = trim(rest.substr(word.size()));
      const auto equals = std::min(word.find('='), word.size());
      const std::string name = upper(word.substr(0, equals));
      const auto value = word.substr(std::min(equals + 1, word.size()));
      if (name == "SIZE") {
        const auto size = parse_decimal(value);
        if (!size) return refuse("501 5.5.4 SIZE is a number");
        if (*size > service_.max_message) return refuse("552 5.3.4 the message is too large");
      } else if (name == "BODY") {
        if (!equals_ignoring_case(value, "7BIT") && !equals_ignoring_case(value, "8BITMIME"))
          return refuse("501 5.5.4 BODY is 7BIT or 8BITMIME");
      } else if (name == "SMTPUTF8" && equals == word.size()) {
        smtputf8 = true;
      } else if (name != "RET" && name != "ENVID" && name != "AUTH") {
        return refuse("555 5.5.4 unknown parameter");
      }
    }
    if (path->address.needs_smtputf8 && !smtputf8) return refuse("553 5.6.7 SMTPUTF8 is needed");
    from_ = path->address.address;
    smtputf8_ = smtputf8;
    reply("250 2.1.0 ok");
  }

  void rcpt(std::string_view argument) {
    if (!from_) return refuse("503 5.5.1 MAIL first");
    const auto path = parse_path(argument, "TO:");
    if (!path || path->address.is_null()) return refuse("501 5.1.3 want RCPT TO:<address>");
    if (path->address.needs_smtputf8 && !smtputf8_) return refuse("553 5.6.7 SMTPUTF8 is needed");
    for (std::string_view rest = path->parameters; !rest.empty();) {
      const auto word = rest.substr(0, rest.find(' '));
      rest = trim(rest.substr(word.size()));
      const bool notify = starts_with_ignoring_case(word, "NOTIFY=") && is_notify(word.substr(7));
      if (!notify && !starts_with_ignoring_case(word, "ORCPT="))
        return refuse("555 5.5.4 unknown parameter");
    }
    if (recipients_ >= service_.max_recipients) return reply("452 4.5.3 too many recipients");
    ++recipients_;
    reply("250 2.1.5 ok");
  }

  void data(std::string_view argument) {
    if (!argument.empty()) return refuse("501 5.5.4 DATA stands alone");
    if (drop_ || !chunk_failed_.empty()) return refuse("503 5.5.1 BDAT was begun");
    if (recipients_ == 0) return refuse("554 5.5.1 no valid recipients");
    if (!open_drop()) return reply(kNoDrop);
    reply("354 end with <CR><LF>.<CR><LF>");
    line_.flush();
    DotDecoder decoder;
    std::string_view failure;
    while (!decoder.done()) {
      if (stream_.peek().empty() && !stream_.fill()) decoder.finish();
      const auto step = decoder.feed(stream_.peek());
      // Strict: what one server takes for the end of a message another takes for its text, and the
      // rest for commands (SMTP smuggling, CVE-2023-51764).
      if (failure.empty()) failure = keep(step.text);
      if (failure == kBareLineEnd) break;
      stream_.consume(step.used);
    }
    finish(failure);
  }

  void bdat(std::string_view argument) {
    const auto space = std::min(argument.find(' '), argument.size());
    const auto size = parse_decimal(argument.substr(0, space), UINT32_MAX);
    const auto rest = trim(argument.substr(space));
    const bool last = equals_ignoring_case(rest, "LAST");
    if (!size || (!rest.empty() && !last)) {
      // How long the chunk is cannot be known: nothing behind it could be understood.
      line_.end();
      return reply("501 5.5.4 want BDAT size [LAST]");
    }
    std::string_view failure = chunk_failed_;
    if (failure.empty() && recipients_ == 0) failure = "503 5.5.1 no valid recipients";
    if (failure.empty() && !drop_ && !open_drop()) failure = kNoDrop;
    for (std::uint64_t left = *size; left > 0;) {
      if (stream_.peek().empty()) {
        line_.flush_beyond(kMaxLine);
        if (!stream_.fill()) throw ClosedError("the client left within a chunk", 0, Phase::receive);
      }
      const auto piece = stream_.peek().substr(0, left);
      if (failure.empty()) failure = keep(piece);
      left -= piece.size();
      stream_.consume(piece.size());
    }
    if (last) return finish(failure);
    chunk_failed_ = failure;
    reply(failure.empty() ? "250 2.0.0 ok" : failure);
  }

  static constexpr std::string_view kBareLineEnd = "521 5.5.2 a CR or an LF stands alone";
  static constexpr std::string_view kNoDrop = "451 4.3.0 cannot store the message";

  bool open_drop() {
    try {
      drop_ = std::make_unique<MailDrop>(service_.maildir);
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }
  // What is to be replied; empty: kept.
  std::string_view keep(std::string_view text) {
    try {
      if (!drop_->append(text)) return kBareLineEnd;
      return drop_->size() > service_.max_message ? "552 5.3.4 the message is too large"
                                                  : std::string_view();
    } catch (const std::system_error&) {
      return kNoDrop;
    }
  }
  void finish(std::string_view failure) {
    try {
      if (failure.empty() && !drop_->deliver()) failure = kBareLineEnd;
    } catch (const std::system_error&) {
      failure = kNoDrop;
    }
    if (failure == kBareLineEnd) line_.end();
    reply(failure.empty() ? "250 2.0.0 taken" : failure);
    forget();
  }

  Stream& stream_;
  const SMTPService& service_;
  LineSession line_;
  bool greeted_ = false, logged_in_ = false, smtputf8_ = false;
  int errors_ = 0;
  std::optional<std::string> from_;
  std::size_t recipients_ = 0;
  std::unique_ptr<MailDrop> drop_;
  std::string_view chunk_failed_;  // what a chunk was refused with
};

}  // namespace

void serve_smtp(Stream& stream, const SMTPService& service) {
  Session(stream, service).run();
}

}  // namespace proto::protod
