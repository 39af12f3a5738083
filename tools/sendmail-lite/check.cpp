#include "sendmail-lite/check.h"

#include <cstdio>
#include <exception>

#include "base/characters.h"
#include "common/mail_exit.h"
#include "proto/resolver.h"
#include "sendmail-lite/smtp_relay.h"

namespace proto::sendmail {
namespace {

void say(const std::string& what, const std::string& text) {
  std::printf("%s: %s\n", what.c_str(), escaped(text).c_str());
}

std::string reply_text(const SMTPReply& reply) {
  return (reply.code == 0 ? "" : std::to_string(reply.code) + " ") +
         (reply.enhanced.empty() ? "" : reply.enhanced + " ") + reply.text;
}

void look_up(const RelayOptions& options) {
  if (!options.unix_socket.empty()) return say("socket", options.unix_socket);
  const auto deadline =
      Deadline::after(std::chrono::milliseconds(static_cast<std::int64_t>(options.timeout * 1000)));
  std::string text;
  for (const auto& address :
       resolve(options.host, 0, tools::family_of(options.connection), deadline))
    text += (text.empty() ? "" : ", ") + address.host();
  say("look-up", options.host + " is " + text);
}

void tell_connection(SMTPRelay& relay) {
  SMTP& smtp = relay.open();
  say("connected", smtp.stream().peer());
  if (const TLSTransport* tls = smtp.stream().tls()) {
    const TLSInfo& info = tls->info();
    say("TLS", info.version + " " + info.cipher +
                   (info.verify_error.empty() ? ", certificate verified"
                                              : ", NOT verified: " + info.verify_error));
  } else {
    say("TLS", "none");
  }
  const auto user = relay.user();
  say("login", user ? "as " + *user : "none");
}

}  // namespace

int check(const Options& options, const std::string& sender,
          const std::vector<std::string>& recipients, Trace trace, std::string& error) {
  try {
    look_up(options.relay);
    SMTPRelay relay(options.relay, std::move(trace));
    tell_connection(relay);
    Envelope envelope;
    envelope.from = sender;
    for (const auto& to : recipients) envelope.to.emplace_back(to);
    const SendResult result = relay.open().rehearse(envelope);
    say("MAIL", result.sender_refused ? "<" + sender + "> refused" : "<" + sender + "> taken");
    std::vector<Outcome> refused;
    bool later = false;
    for (std::size_t i = 0; i < recipients.size(); ++i) {
      const RecipientResult& r = result.recipients[i];
      say("RCPT", "<" + recipients[i] + "> " + reply_text(r.reply));
      if (r.verdict == proto::Verdict::accepted) continue;
      if (error.empty())
        error = relay.name() + ": " + (result.sender_refused ? sender : recipients[i]) + ": " +
                reply_text(r.reply);
      if (is_about_login(r.reply)) return tools::kNoPermission;
      later = later || r.verdict != proto::Verdict::for_good;
      if (r.verdict == proto::Verdict::for_good)
        refused.push_back({Fate::refused,
                           r.reply.code,
                           {},
                           !result.sender_refused && says_no_such_recipient(r.reply)});
    }
    if (!refused.empty()) return status_of_refusals(refused);
    return later ? tools::kTryLater : tools::kDone;
  } catch (const std::exception& e) {
    error = e.what();
    return status_of(e);
  }
}

}  // namespace proto::sendmail
