#include "sendmail-lite/smtp_relay.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <stdexcept>

#include "base/characters.h"
#include "proto/address.h"
#include "proto/mail_address.h"
#include "proto/tls.h"
#include "sendmail-lite/smtp_failure.h"

namespace proto::sendmail {
namespace {

constexpr std::size_t kMaxTranscriptBytes = 64 * 1024;
constexpr int kMaxBroken = 3;

std::chrono::milliseconds span_of(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::string words_of(const SMTPReply& reply) {
  const std::string text = escaped(reply.text);
  return reply.enhanced.empty() || reply.text.starts_with(reply.enhanced)
             ? text
             : reply.enhanced + " " + text;
}

bool is_loopback(const std::string& peer) {
  try {
    return Address::parse(peer).is_loopback();
  } catch (const std::invalid_argument&) {
    return false;
  }
}

Outcome outcome_of(const RecipientResult& result, bool message_refused) {
  switch (result.verdict) {
    case proto::Verdict::accepted:
      return {Fate::taken, result.reply.code, words_of(result.reply), false};
    case proto::Verdict::for_good:
      if (is_about_login(result.reply)) break;
      return {Fate::refused, result.reply.code, words_of(result.reply),
              !message_refused && says_no_such_recipient(result.reply)};
    case proto::Verdict::for_now:
    case proto::Verdict::unknown:
      break;
  }
  return {Fate::waiting, result.reply.code, words_of(result.reply), false};
}

// Why somebody waits to whom the server did not say yes.
Trouble trouble_of(proto::Verdict verdict, bool login) {
  return verdict == proto::Verdict::unknown ? Trouble::unknown
         : login                            ? Trouble::relay
                                            : Trouble::message;
}

// Whoever the recipients are that come before and after: what may have been delivered is counted as
// such, and goes to no other relay; then, a message waits for our login as long as it takes.
Trouble worse_of(Trouble a, Trouble b) {
  for (const Trouble trouble : {Trouble::unknown, Trouble::relay})
    if (a == trouble || b == trouble) return trouble;
  return Trouble::message;
}

// A file of ours that cannot be used is no fault of the relay's.
std::shared_ptr<const TLSContext> context_of(const tools::ConnectionFlags& flags) {
  try {
    return TLSContext::client(tools::tls_options_of(flags));
  } catch (const TLSError& e) {
    throw tools::ConfigurationError(e.what());
  }
}

// The server can be told of all but those whose local part needs an SMTPUTF8 that it has not: they
// must not keep the message from the others. Where nobody would be left, all are named, and that is
// the message's refusal.
std::vector<std::size_t> who_can_be_named(const SMTPCapabilities& has,
                                          const std::vector<std::string>& recipients) {
  std::vector<std::size_t> named, all(recipients.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  if (has.smtputf8) return all;
  for (const std::size_t i : all) {
    const std::string_view text = recipients[i];
    const EnvelopeAddress address = envelope_address(text);
    const auto domain = address.domain();
    const std::string_view local =
        text.substr(0, text.size() - std::min(text.size(), domain.size()));
    if (is_ascii(text) || (is_ascii(local) && ascii_domain(domain))) named.push_back(i);
  }
  return named.empty() ? all : named;
}

// RFC 5321 §4.5.3.1.10: whom a transaction had no room for, the next one may hold. Without a reply
// it is the connection that has no more of them (RFC 9422 §4.1).
bool is_about_room(const SMTPReply& reply, const SMTP& smtp) {
  return reply.code == 452 || reply.code == 552 || (reply.code == 0 && smtp.is_used_up());
}

std::string reason_of(const Outcome& outcome) {
  return (outcome.code == 0 ? "" : std::to_string(outcome.code) + " ") + outcome.text;
}

}  // namespace

SMTPRelay::SMTPRelay(RelayOptions options, Trace trace)
    : options_(std::move(options)), trace_(std::move(trace)) {
  if (options_.port == 0)
    options_.port = options_.lmtp ? 24 : options_.tls == "implicit" ? 465 : 25;
  const bool bare_ipv6 = options_.host.find(':') != std::string::npos && options_.host[0] != '[';
  name_ = !options_.unix_socket.empty() ? options_.unix_socket
                                        : (bare_ipv6 ? "[" + options_.host + "]" : options_.host) +
                                              ":" + std::to_string(options_.port);
}

SMTPRelay::~SMTPRelay() {
  quit();
}

void SMTPRelay::quit() noexcept {
  if (!smtp_ || !smtp_->is_open()) return;
  try {
    smtp_->set_deadline(Deadline::after(std::clamp<Deadline::Clock::duration>(
        deadline_.remaining(), std::chrono::seconds(0), std::chrono::seconds(1))));
    smtp_->quit();
  } catch (...) {
    smtp_->close();  // what was sent has its verdict
  }
}

void SMTPRelay::note(const TraceEvent& event) {
  if (transcript_.size() < kMaxTranscriptBytes) {
    const char* const mark = event.kind == TraceEvent::Kind::sent       ? "> "
                             : event.kind == TraceEvent::Kind::received ? "< "
                                                                        : "* ";
    transcript_ += mark + escaped(event.text) + "\n";
  }
  if (trace_) trace_(event);
}

SMTPOptions SMTPRelay::smtp_options(bool starttls_allowed) {
  SMTPOptions smtp;
  smtp.connect.timeouts.idle = span_of(options_.timeout);
  smtp.connect.timeouts.total =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline_.remaining());
  smtp.connect.timeouts.connect = std::min(
      {smtp.connect.timeouts.connect, smtp.connect.timeouts.idle, smtp.connect.timeouts.total});
  smtp.connect.unix_socket = options_.unix_socket;
  const tools::ConnectionFlags& flags = options_.connection;
  smtp.connect.family = tools::family_of(flags);
  smtp.connect.trace = [this](const TraceEvent& event) { note(event); };
  // Without options of its own TLS is loaded only where a server offers it.
  if (options_.tls != "none" && !tls_ && options_.has_tls_options()) tls_ = context_of(flags);
  smtp.connect.tls = tls_;
  smtp.lmtp = options_.lmtp;
  smtp.helo_name = options_.helo;
  smtp.cleartext_login = options_.tls == "none";
  if (options_.tls == "implicit" || (options_.tls == "auto" && options_.port == 465))
    smtp.tls = TLSMode::implicit;
  if (options_.tls == "starttls" && starttls_allowed) smtp.tls = TLSMode::starttls;
  return smtp;
}

void SMTPRelay::connect(bool starttls_allowed) {
  SMTPOptions how = smtp_options(starttls_allowed);
  const bool greeted = how.tls == TLSMode::starttls;
  smtp_.emplace(options_.host, options_.port, std::move(how));
  smtp_->set_deadline(deadline_);
  // What is content with HELO knows no login.
  if (credentials_ && !greeted) {
    smtp_->ehlo();
  } else {
    smtp_->ehlo_or_helo_if_needed();
  }
  if (options_.tls == "auto" && starttls_allowed && !smtp_->is_secure() &&
      smtp_->capabilities().starttls) {
    const bool local = !options_.unix_socket.empty() || is_loopback(smtp_->stream().peer());
    try {
      smtp_->starttls();
    } catch (const TLSError&) {
      // The mail server of this very machine, with a certificate that its installation made: TLS
      // was not asked for, there is no net that it would protect from, and no password.
      if (!local || options_.has_tls_options() || options_.has_login()) throw;
      connect(false);
    }
  }
}

void SMTPRelay::login() {
  if (!credentials_) return;
  if (options_.auth == "auto") {
    smtp_->login(*credentials_);
  } else {
    smtp_->auth(upper(options_.auth), *credentials_);
  }
}

std::optional<std::string> SMTPRelay::user() const {
  return credentials_ ? std::optional(credentials_->user) : std::nullopt;
}

SMTP& SMTPRelay::open() {
  if (smtp_ && smtp_->is_used_up()) quit();
  if (smtp_ && smtp_->is_open()) return *smtp_;
  if (deadline_.is_never()) deadline_ = Deadline::after(span_of(options_.deadline));
  const bool token = options_.auth == "xoauth2" || options_.auth == "oauthbearer";
  if (!credentials_ && options_.auth == "external") {
    credentials_ = Credentials{options_.user, {}, {}, {}};
  } else if (!credentials_ && options_.has_login()) {
    const char* const user = std::getenv("USER");
    credentials_ = tools::find_credentials(
        options_.passwords,
        {options_.host, options_.user, user == nullptr ? "" : user, token, deadline_});
  }
  try {
    connect(true);
    login();
  } catch (...) {
    smtp_.reset();
    throw;
  }
  return *smtp_;
}

Attempt SMTPRelay::failed(const Letter& letter, const Failure& failure) const {
  Attempt attempt;
  attempt.outcomes.resize(letter.recipients.size());
  for (auto& outcome : attempt.outcomes) outcome.text = failure.reason;
  attempt.trouble = failure.trouble;
  attempt.status = failure.status;
  attempt.reason = failure.reason;
  if (failure.trouble == Trouble::none)
    for (auto& outcome : attempt.outcomes) outcome.fate = Fate::refused;
  return attempt;
}

Attempt SMTPRelay::send(const Letter& letter) {
  transcript_.clear();
  deadline_ = Deadline::after(span_of(options_.deadline));
  for (bool again = true;; again = false) {
    if (down_) return failed(letter, *down_);
    const bool reused = smtp_ && smtp_->is_open();
    committed_ = false;
    try {
      open();
    } catch (...) {
      down_ = failure_of(std::current_exception(), true);
      return failed(letter, *down_);
    }
    smtp_->set_deadline(deadline_);
    try {
      Attempt attempt = send_over(*smtp_, letter);
      broken_ = 0;
      // A server that has had enough of this connection says so to the next message.
      const bool tired = reused && !smtp_->is_open() && !committed_ && !attempt.any(Fate::taken) &&
                         !attempt.any(Fate::refused);
      if (!tired || !again) return attempt;
    } catch (...) {
      const Failure failure = failure_of(std::current_exception(), false);
      if (failure.trouble == Trouble::message || failure.trouble == Trouble::local) smtp_.reset();
      if (reused && again && !committed_ && failure.trouble == Trouble::message) continue;
      if (failure.trouble == Trouble::message && ++broken_ == kMaxBroken)
        down_ = {Trouble::network, failure.status, failure.reason};
      if (is_down(failure.trouble)) down_ = failure;
      return failed(letter, failure);
    }
  }
}

Attempt SMTPRelay::send_over(SMTP& smtp, const Letter& letter) {
  Envelope envelope;
  envelope.from = letter.envelope.from;
  envelope.ret = letter.envelope.ret;
  envelope.envid = letter.envelope.envid;
  const SMTPCapabilities& has = smtp.capabilities();
  const std::vector<std::size_t> named = who_can_be_named(has, letter.recipients);
  for (const auto i : named)
    envelope.to.emplace_back(letter.recipients[i], letter.envelope.notify, std::string());
  SendOptions how;
  how.before_commit = [&] {
    letter.before_commit();
    committed_ = true;
  };
  // Where verdicts come one after the other, each is kept at once: LMTP's, and those of a server
  // that wants the recipients in several transactions (RFC 9422).
  if (options_.lmtp || has.rcpt_max || has.rcpt_domain_max) {
    how.on_verdict = [&](std::size_t i, const RecipientResult& result) {
      letter.on_outcome(named[i], outcome_of(result, false));
    };
  }
  const SendResult result = smtp.send(envelope, letter.message, how);
  // LMTP's verdicts are about a recipient each, behind the dot too (RFC 2033 §4.2).
  const bool message_refused = result.message_refused && !options_.lmtp;
  Attempt attempt;
  attempt.outcomes.assign(letter.recipients.size(),
                          {Fate::refused, 0, "the server does not offer SMTPUTF8", false});
  for (std::size_t i = 0; i < named.size(); ++i) {
    const RecipientResult& recipient = result.recipients[i];
    Outcome& outcome = attempt.outcomes[named[i]];
    outcome = outcome_of(recipient, message_refused);
    if (outcome.fate != Fate::taken && attempt.reason.empty()) attempt.reason = reason_of(outcome);
    if (outcome.fate != Fate::waiting) continue;
    const bool login = is_about_login(recipient.reply);
    attempt.trouble = worse_of(attempt.trouble, trouble_of(recipient.verdict, login));
    if (attempt.status != tools::kNoPermission)
      attempt.status = login ? tools::kNoPermission : tools::kTryLater;
    attempt.lacked_room = attempt.lacked_room || is_about_room(recipient.reply, smtp);
  }
  attempt.lacked_room = attempt.lacked_room && attempt.trouble == Trouble::message &&
                        result.any(proto::Verdict::accepted);
  if (const int refused = status_of_refusals(attempt.outcomes); refused != tools::kDone)
    attempt.status = refused;
  return attempt;
}

}  // namespace proto::sendmail
