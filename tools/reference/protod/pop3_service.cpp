#include "reference/protod/pop3_service.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/characters.h"
#include "base/crypto.h"
#include "base/integers.h"
#include "base/random.h"
#include "proto/error.h"
#include "reference/protod/line_session.h"
#include "reference/protod/mailbox.h"

namespace proto::protod {

namespace {

constexpr std::size_t kMaxLine = 4096;  // a SASL response is longer than RFC 2449's 255
constexpr std::size_t kFlushBytes = 64 * 1024;
constexpr int kMaxFailures = 3;

class Session {
 public:
  Session(Stream& stream, const POP3Service& service)
      : service_(service),
        line_(stream, {service.command_time, kMaxLine, "-ERR line too long", service.tls}) {}

  // A client that leaves without QUIT deletes nothing.
  void run() {
    timestamp_ = "<" + std::to_string(::getpid()) + "." + random_text(16) + "@localhost>";
    reply("+OK protod ready " + timestamp_);
    line_.run([this](std::string_view line) { command(line); });
  }

 private:
  struct Verb {
    std::string_view name;
    bool in_transaction;
    void (Session::*run)(std::string_view argument);
  };

  void command(std::string_view line) {
    const auto space = std::min(line.find(' '), line.size());
    const std::string name = upper(line.substr(0, space));
    const auto argument = trim(line.substr(space));
    static constexpr Verb kVerbs[] = {
        {"USER", false, &Session::user}, {"PASS", false, &Session::pass},
        {"APOP", false, &Session::apop}, {"AUTH", false, &Session::auth},
        {"STLS", false, &Session::stls}, {"STAT", true, &Session::stat},
        {"LIST", true, &Session::list},  {"UIDL", true, &Session::uidl},
        {"TOP", true, &Session::top},    {"RETR", true, &Session::retr},
        {"DELE", true, &Session::dele},  {"RSET", true, &Session::rset},
        {"NOOP", true, &Session::noop}};
    if (name == "CAPA") return capa();
    if (name == "QUIT") return quit();
    for (const Verb& verb : kVerbs) {
      if (verb.name != name) continue;
      if (verb.in_transaction != (mailbox_ != nullptr)) return reply("-ERR not now");
      return (this->*verb.run)(argument);
    }
    reply("-ERR unknown command");
  }

  void reply(std::string_view line) { line_.reply(line); }

  // Logging in.
  void user(std::string_view name) {
    name_ = name;
    reply("+OK");
  }
  void pass(std::string_view password) {
    const auto known = service_.accounts.password_of(std::exchange(name_, {}));
    enter(known && equals_in_constant_time(known->reveal(), password));
  }
  void apop(std::string_view argument) {
    const auto space = std::min(argument.rfind(' '), argument.size());
    const auto known = service_.accounts.password_of(argument.substr(0, space));
    if (!known) return enter(false);
    const auto proof =
        hex_encode(digest(DigestAlgorithm::md5, timestamp_ + std::string(known->reveal())));
    enter(equals_in_constant_time(proof, trim(argument.substr(space))));
  }
  void auth(std::string_view argument) {
    using Login = LineSession::Login;
    switch (line_.authenticate(argument, service_.accounts, "+ ")) {
      case Login::accepted:
        return enter(true);
      case Login::refused:
        return enter(false);
      case Login::unknown_mechanism:
        return reply("-ERR unknown mechanism");
      case Login::not_base64:
        return reply("-ERR not base64");
      case Login::left:
        return reply("-ERR left");
    }
  }
  void enter(bool accepted) {
    if (!accepted) {
      reply("-ERR [AUTH] wrong user or password");
      if (++failures_ >= kMaxFailures) line_.end();
      return;
    }
    mailbox_ = Mailbox::open(service_.maildir);
    reply(mailbox_ ? "+OK" : "-ERR [IN-USE] another session has this mailbox");
  }
  void stls(std::string_view) {
    if (!line_.offers_tls()) return reply("-ERR not offered");
    line_.start_tls("+OK");
    name_.clear();
  }

  void capa() {
    reply("+OK");
    for (const char* line : {"TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE"})
      reply(line);
    reply("SASL " + line_.mechanisms());
    if (line_.offers_tls()) reply("STLS");
    reply(".");
  }

  // The mailbox.
  Mailbox::Entry* entry(std::string_view number) {
    auto& entries = mailbox_->entries();
    const auto n = parse_decimal(number, entries.size());
    if (n && *n != 0 && !entries[*n - 1].deleted) return &entries[*n - 1];
    reply("-ERR no such message");
    return nullptr;
  }
  void stat(std::string_view) {
    std::uint64_t count = 0;
    std::uint64_t octets = 0;
    for (const auto& e : mailbox_->entries()) {
      if (e.deleted) continue;
      ++count;
      octets += e.octets;
    }
    reply("+OK " + std::to_string(count) + " " + std::to_string(octets));
  }
  // `what` of one message, or of all.
  template <typename What>
  void listing(std::string_view argument, What what) {
    const auto& entries = mailbox_->entries();
    if (!argument.empty()) {
      const auto* e = entry(argument);
      if (e != nullptr) reply("+OK " + std::to_string(e - entries.data() + 1) + " " + what(*e));
      return;
    }
    reply("+OK");
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (!entries[i].deleted) reply(std::to_string(i + 1) + " " + what(entries[i]));
    }
    reply(".");
  }
  void list(std::string_view argument) {
    listing(argument, [](const Mailbox::Entry& e) { return std::to_string(e.octets); });
  }
  void uidl(std::string_view argument) {
    listing(argument, [](const Mailbox::Entry& e) { return e.uid; });
  }
  void retr(std::string_view argument) { send_message(argument, UINT64_MAX); }
  void top(std::string_view argument) {
    const auto space = std::min(argument.find(' '), argument.size());
    const auto lines = parse_decimal(trim(argument.substr(space)));
    if (!lines) return reply("-ERR want: TOP number lines");
    send_message(argument.substr(0, space), *lines);
  }
  void send_message(std::string_view number, std::uint64_t lines) {
    const auto* e = entry(number);
    if (e == nullptr) return;
    std::string text;
    try {
      text = Mailbox::text_of(*e);
    } catch (const ReadError&) {
      return reply("-ERR [SYS/TEMP] the message cannot be read");
    }
    reply("+OK");
    bool in_body = false;
    for (std::string_view rest = text; !rest.empty();) {
      const auto line = rest.substr(0, rest.find('\n') + 1);
      rest.remove_prefix(line.size());
      if (in_body && lines-- == 0) break;
      if (line == "\r\n") in_body = true;
      if (line.starts_with('.')) line_.append(".");
      line_.append(line);
      line_.flush_beyond(kFlushBytes);
    }
    reply(".");
  }
  void dele(std::string_view argument) {
    auto* e = entry(argument);
    if (e == nullptr) return;
    e->deleted = true;
    reply("+OK");
  }
  void rset(std::string_view) {
    for (auto& e : mailbox_->entries()) e.deleted = false;
    reply("+OK");
  }
  void noop(std::string_view) { reply("+OK"); }
  void quit() {
    line_.end();
    reply(mailbox_ && !mailbox_->remove_deleted() ? "-ERR not everything could be deleted" : "+OK");
  }

  const POP3Service& service_;
  LineSession line_;
  std::string timestamp_;
  std::string name_;
  std::unique_ptr<Mailbox> mailbox_;
  int failures_ = 0;
};

}  // namespace

void serve_pop3(Stream& stream, const POP3Service& service) {
  Session(stream, service).run();
}

}  // namespace proto::protod
