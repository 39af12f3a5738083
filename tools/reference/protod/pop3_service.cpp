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
#include "reference/protod/mailbox.h"
#include "reference/protod/sasl_context.h"
#include "reference/protod/time_limit.h"

namespace proto::protod {

namespace {

constexpr std::size_t kMaxLine = 4096;  // a SASL response is longer than RFC 2449's 255
constexpr std::size_t kFlushBytes = 64 * 1024;
constexpr int kMaxFailures = 3;

class Session {
 public:
  Session(Stream& stream, const POP3Service& service) : stream_(stream), service_(service) {}

  void run() {
    timestamp_ = "<" + std::to_string(::getpid()) + "." + random_text(16) + "@localhost>";
    reply("+OK protod ready " + timestamp_);
    while (!over_) {
      // Replies to commands that came together go together.
      if (stream_.peek().find('\n') == std::string_view::npos) flush();
      std::string line;
      try {
        line = read_line();
      } catch (const ClosedError&) {
        break;  // without QUIT: nothing is deleted
      } catch (const LimitError&) {
        reply("-ERR line too long");
        break;
      }
      command(line);
    }
    flush();
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

  std::string read_line() {
    const TimeLimit limit(stream_, service_.command_time);
    return std::string(stream_.read_line(kMaxLine));
  }
  void reply(std::string_view line) { out_.append(line).append("\r\n"); }
  void flush() {
    if (!out_.empty()) stream_.write(out_);
    out_.clear();
  }

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
    const auto space = std::min(argument.find(' '), argument.size());
    const auto server = make_sasl_server(
        argument.substr(0, space),
        [this](std::string_view name) { return service_.accounts.password_of(name); },
        sasl_context_of(stream_));
    if (!server) return reply("-ERR unknown mechanism");
    std::optional<std::string> response;
    if (const auto initial = trim(argument.substr(space)); !initial.empty()) {
      response = initial == "=" ? "" : base64_decode(initial);
      if (!response) return reply("-ERR not base64");
    }
    for (;;) {
      const auto step = server->step(response);
      if (step.verdict != SaslServer::Verdict::go_on)
        return enter(step.verdict == SaslServer::Verdict::accepted);
      reply("+ " + base64_encode(step.challenge));
      flush();
      const std::string line = read_line();
      if (line == "*") return reply("-ERR left");
      response = base64_decode(line);
      if (!response) return reply("-ERR not base64");
    }
  }
  void enter(bool accepted) {
    if (!accepted) {
      reply("-ERR [AUTH] wrong user or password");
      over_ = ++failures_ >= kMaxFailures;
      return;
    }
    mailbox_ = Mailbox::open(service_.maildir);
    reply(mailbox_ ? "+OK" : "-ERR [IN-USE] another session has this mailbox");
  }
  void stls(std::string_view) {
    if (!service_.tls || stream_.tls() != nullptr) return reply("-ERR not offered");
    reply("+OK");
    flush();
    stream_.accept_tls(service_.tls);
    name_.clear();
  }

  void capa() {
    reply("+OK");
    for (const char* line : {"TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE"})
      reply(line);
    reply("SASL " + sasl_server_mechanisms(sasl_context_of(stream_)));
    if (service_.tls && stream_.tls() == nullptr) reply("STLS");
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
      if (line.starts_with('.')) out_ += '.';
      out_ += line;
      if (out_.size() > kFlushBytes) flush();
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
    over_ = true;
    reply(mailbox_ && !mailbox_->remove_deleted() ? "-ERR not everything could be deleted" : "+OK");
  }

  Stream& stream_;
  const POP3Service& service_;
  std::string out_;
  std::string timestamp_;
  std::string name_;
  std::unique_ptr<Mailbox> mailbox_;
  int failures_ = 0;
  bool over_ = false;
};

}  // namespace

void serve_pop3(Stream& stream, const POP3Service& service) {
  Session(stream, service).run();
}

}  // namespace proto::protod
