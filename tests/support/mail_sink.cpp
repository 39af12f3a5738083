#include "support/mail_sink.h"

#include <algorithm>
#include <mutex>

#include "base/characters.h"
#include "proto/server.h"
#include "support/running_server.h"

namespace proto::test {

struct MailSink::State {
  State(SinkRules r, std::uint16_t port)
      : rules(std::move(r)),
        server(
            Address("127.0.0.1", port), [this](Connection& c) { serve(c.stream); }, options()),
        running(server) {}

  static ServerOptions options() {
    ServerOptions options;
    options.concurrency = Concurrency::threads;
    options.drain = std::chrono::milliseconds(0);
    return options;
  }

  void serve(Stream& stream);
  std::string take_message(Stream& stream, SunkMail& mail);

  SinkRules rules;
  mutable std::mutex mutex;
  std::vector<SunkMail> mails;
  std::size_t connections = 0;
  TCPServer server;
  Running running;
};

std::string MailSink::State::take_message(Stream& stream, SunkMail& mail) {
  for (;;) {
    std::string line(stream.read_line(64 << 20));
    if (line == ".") break;
    if (line.starts_with('.')) line.erase(0, 1);
    mail.message += line + "\r\n";
  }
  const std::string reply = rules.on_message(mail);
  if (!reply.starts_with('2')) return reply;
  const std::lock_guard lock(mutex);
  mails.push_back(mail);
  return reply;
}

void MailSink::State::serve(Stream& stream) {
  SunkMail mail;
  {
    const std::lock_guard lock(mutex);
    mail.connection = connections++;
  }
  const auto reset = [&] { mail = {{}, {}, {}, mail.connection, mail.helo}; };
  const auto path = [](const std::string& line) {
    const std::size_t begin = line.find('<') + 1;
    return line.substr(begin, line.find('>') - begin);
  };
  stream.write("220 sink ESMTP\r\n");
  for (;;) {
    const std::string line(stream.read_line(4096));
    const std::string verb = upper(std::string_view(line).substr(0, 4));
    std::string reply = "250 2.0.0 ok";
    if (verb == "EHLO") {
      reply = "250-sink\r\n" + rules.ehlo;
      mail.helo = line.substr(5);
    }
    if (verb == "MAIL") {
      reset();
      mail.from = path(line);
    }
    if (verb == "RCPT") {
      reply = rules.on_rcpt(path(line));
      if (reply.starts_with('2')) mail.to.push_back(path(line));
    }
    if (verb == "DATA" && mail.to.empty()) {
      reply = "554 5.5.1 nobody";
    } else if (verb == "DATA") {
      stream.write("354 go\r\n");
      reply = take_message(stream, mail);
      reset();
    }
    if (verb == "QUIT") reply = "221 2.0.0 bye";
    stream.write(reply + "\r\n");
    if (verb == "QUIT" || reply.starts_with("421")) return;
  }
}

MailSink::MailSink(SinkRules rules, std::uint16_t port)
    : state_(std::make_unique<State>(std::move(rules), port)) {}

MailSink::~MailSink() = default;

std::uint16_t MailSink::port() const {
  return state_->server.server_address().port();
}

std::vector<SunkMail> MailSink::mails() const {
  const std::lock_guard lock(state_->mutex);
  return state_->mails;
}

std::size_t MailSink::count(const std::string& text) const {
  const std::lock_guard lock(state_->mutex);
  return static_cast<std::size_t>(std::count_if(
      state_->mails.begin(), state_->mails.end(),
      [&](const SunkMail& mail) { return mail.message.find(text) != std::string::npos; }));
}

std::size_t MailSink::connections() const {
  const std::lock_guard lock(state_->mutex);
  return state_->connections;
}

}  // namespace proto::test
