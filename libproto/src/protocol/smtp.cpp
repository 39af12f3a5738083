#include "proto/smtp.h"

#include <unistd.h>

#include <array>
#include <stdexcept>

#include "base/characters.h"
#include "proto/mail_address.h"
#include "protocol/smtp_plan.h"
#include "protocol/smtp_state.h"
#include "protocol/smtp_transfer.h"
#include "wire/mail_address_syntax.h"
#include "wire/smtp_capabilities.h"
#include "wire/smtp_command.h"

namespace proto {
namespace {

std::uint16_t port_or_default(std::uint16_t port, const SMTPOptions& options) {
  if (port != 0) return port;
  if (options.tls == TLSMode::implicit) return 465;
  return options.lmtp ? 24 : 25;
}

// A name with a dot in it, or the address literal that RFC 5321 §4.1.3 has for those without one.
std::string own_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) {
    std::string_view text = name.data();
    if (text.ends_with('.')) text.remove_suffix(1);
    const bool whole = text.find('.') != text.npos && is_ascii(text);
    if (whole && domain_fault(text) == nullptr) return std::string(text);
  }
  return "[127.0.0.1]";
}

std::string_view verb_of(std::string_view line) noexcept {
  return line.substr(0, line.find(' '));
}

// RFC 6531 §3.7.4.2: what is not ASCII is asked for as such.
std::string query(const SMTPChannel& channel, std::string_view verb, std::string_view what) {
  std::string line = std::string(verb) + " " + std::string(what);
  if (is_ascii(what)) return line;
  if (channel.capabilities.smtputf8) return line + " SMTPUTF8";
  throw SMTPNotSupportedError(channel.describe(
      verb, "the server does not offer SMTPUTF8, which " + quoted(what) + " needs"));
}

void check_line(std::string_view text) {
  if (has_line_break_or_nul(text)) throw std::invalid_argument("CR, LF or NUL in " + quoted(text));
}

Stream connected(const std::string& host, std::uint16_t port, const SMTPOptions& options) {
  return Stream::connect(host, port_or_default(port, options), options.connect,
                         options.tls == TLSMode::implicit ? TLSMode::implicit : TLSMode::none,
                         Deadline::after(options.connect.timeouts.total));
}

}  // namespace

SMTP::SMTP(const std::string& host, std::uint16_t port, SMTPOptions options)
    : SMTP(connected(host, port, options), host, port, options) {}

SMTP::SMTP(Stream stream, const std::string& host, std::uint16_t port, SMTPOptions options)
    : state_(new State{{std::move(stream), host, port_or_default(port, options), options}}) {
  SMTPChannel& channel = state_->channel;
  channel.run([&] {
    channel.pipeline().expect();
    const SMTPReply& reply = channel.read_reply(channel.timeouts().greeting);
    if (reply.code == 220) return;
    if (!reply.for_now() && !reply.for_good()) channel.refuse("greeting", "220", reply);
    throw SMTPConnectError(channel.describe("greeting", reply), reply);
  });
  if (options.tls == TLSMode::starttls && channel.stream().tls() == nullptr) starttls();
}

SMTP::SMTP(SMTP&&) noexcept = default;
SMTP& SMTP::operator=(SMTP&&) noexcept = default;
SMTP::~SMTP() = default;

void SMTP::set_deadline(Deadline deadline) noexcept {
  state_->channel.set_deadline(deadline);
}
const SMTPCapabilities& SMTP::capabilities() const noexcept {
  return state_->channel.capabilities;
}
bool SMTP::is_secure() const noexcept {
  return is_open() && state_->channel.stream().tls() != nullptr;
}
bool SMTP::is_open() const noexcept {
  return state_ && state_->channel.is_open();
}
bool SMTP::is_used_up() const noexcept {
  return state_ && mail_max_reached(state_->channel);
}
void SMTP::close() noexcept {
  if (state_) state_->channel.close();
}
Stream& SMTP::stream() noexcept {
  return state_->channel.stream();
}

SMTPReply SMTP::helo(std::string_view name) {
  return greet("HELO", name);
}

SMTPReply SMTP::ehlo(std::string_view name) {
  return greet(state_->channel.options().lmtp ? "LHLO" : "EHLO", name);
}

SMTPReply SMTP::greet(std::string_view verb, std::string_view name) {
  SMTPChannel& channel = state_->channel;
  std::string who(name.empty() ? std::string_view(channel.options().helo_name) : name);
  if (who.empty()) who = own_name();
  check_line(who);
  return channel.run([&] {
    const SMTPReply reply = channel.command(std::string(verb) + " " + who);
    if (reply.for_now() || reply.for_good())
      throw SMTPHeloError(channel.describe(verb, reply), reply);
    if (reply.code != 250) channel.refuse(verb, "250", reply);
    channel.capabilities =
        verb == "HELO" ? SMTPCapabilities() : parse_smtp_capabilities(reply.text);
    channel.pipeline().set_pipelining(channel.capabilities.pipelining);
    channel.greeted = true;
    channel.transaction = false;  // RFC 5321 §4.1.4: EHLO is a RSET, too
    return reply;
  });
}

void SMTP::ehlo_or_helo_if_needed() {
  SMTPChannel& channel = state_->channel;
  if (channel.greeted) return;
  try {
    ehlo();
  } catch (const SMTPHeloError& e) {
    // Without EHLO there is neither TLS nor a login, nor LMTP.
    const bool needs_ehlo = channel.options().lmtp || (channel.options().tls == TLSMode::starttls &&
                                                       channel.stream().tls() == nullptr);
    if (e.code() / 100 != 5 || needs_ehlo) throw;
    helo();
  }
}

void SMTP::starttls() {
  SMTPChannel& channel = state_->channel;
  if (is_secure()) throw std::logic_error("STARTTLS: the connection is under TLS already");
  try {
    ehlo_or_helo_if_needed();
  } catch (const SMTPHeloError& e) {
    if (e.code() / 100 != 5) throw;
  }
  channel.run([&] {
    if (!channel.capabilities.starttls)
      throw TLSError(channel.describe("STARTTLS", "the server does not offer it"));
    const SMTPReply& reply = channel.command("STARTTLS");
    if (reply.for_now() || reply.for_good())
      throw SMTPReplyError(channel.describe("STARTTLS", reply), reply);
    if (reply.code != 220) channel.refuse("STARTTLS", "220", reply);
    channel.start_tls();
  });
  ehlo();
}

SMTPReply SMTP::mail(std::string_view from, std::string_view parameters) {
  check_line(parameters);
  const EnvelopeAddress path = envelope_address(from);
  ehlo_or_helo_if_needed();
  require_smtputf8_for("MAIL", path);
  std::string line;
  append_mail_command(path.address, {}, line);
  if (!parameters.empty()) line.append(" ").append(parameters);
  if (path.needs_smtputf8 && upper(line).find(" SMTPUTF8") == line.npos) line += " SMTPUTF8";
  const SMTPReply reply = ask(line);
  if (!reply.ok()) throw SMTPSenderRefused(state_->channel.describe("MAIL", reply), reply);
  return reply;
}

SMTPReply SMTP::rcpt(std::string_view to, std::string_view parameters) {
  check_line(parameters);
  const EnvelopeAddress path = envelope_address(to);
  require_smtputf8_for("RCPT", path);
  std::string line;
  append_rcpt_command(path.address, Recipient(to), false, false, line);
  if (!parameters.empty()) line.append(" ").append(parameters);
  const SMTPReply reply = ask(line);
  if (reply.ok()) return reply;
  const Verdict verdict = reply.for_now() ? Verdict::for_now : Verdict::for_good;
  SendResult result;
  result.recipients.push_back({verdict, reply});
  throw SMTPRecipientsRefused(state_->channel.describe("RCPT", reply), reply, std::move(result));
}

void SMTP::require_smtputf8_for(std::string_view verb, const EnvelopeAddress& path) const {
  if (!path.needs_smtputf8 || capabilities().smtputf8) return;
  throw SMTPNotSupportedError(state_->channel.describe(
      verb, "the server does not offer SMTPUTF8, which " + quoted(path.address) + " needs"));
}

SMTPReply SMTP::data(std::string_view message) {
  SMTPChannel& channel = state_->channel;
  return channel.run([&] {
    const SMTPReply& go_ahead = channel.command("DATA");
    if (refuses(go_ahead)) throw SMTPDataError(channel.describe("DATA", go_ahead), go_ahead);
    if (go_ahead.code != 354) channel.refuse("DATA", "354", go_ahead);
    SMTPBody body(message);
    SMTPTransfer transfer(channel, {});
    if (!transfer.stream(body)) finish_verdict(transfer.refusal(), true);
    return read_verdict();
  });
}

SMTPReply SMTP::bdat(std::string_view chunk, bool last) {
  SMTPChannel& channel = state_->channel;
  return channel.run([&] {
    SMTPTransfer transfer(channel, {.bdat = true, .raw = true});
    if (!transfer.stream_chunk(chunk, last)) finish_verdict(transfer.refusal(), last);
    if (last) channel.pipeline().expect();  // those before it are expected already
    return finish_verdict(channel.read_reply(channel.timeouts().end, true), last);
  });
}

SMTPReply SMTP::reply() {
  return state_->channel.run([&] { return read_verdict(); });
}

SMTPReply SMTP::read_verdict() {
  SMTPChannel& channel = state_->channel;
  channel.pipeline().expect();
  return finish_verdict(channel.read_reply(channel.timeouts().end, true), true);
}

SMTPReply SMTP::finish_verdict(const SMTPReply& reply, bool last) {
  SMTPChannel& channel = state_->channel;
  if (reply.for_now() || reply.for_good())
    throw SMTPDataError(channel.describe("message", reply), reply);
  if (reply.code != 250) channel.refuse("message", "250", reply);
  if (last) channel.transaction = false;
  return reply;
}

void SMTP::rset() {
  expect_ok("RSET");
}

void SMTP::noop() {
  expect_ok("NOOP");
}

SMTPReply SMTP::vrfy(std::string_view who) {
  if (!is_ascii(who)) ehlo_or_helo_if_needed();
  return expect_ok(query(state_->channel, "VRFY", who));
}

SMTPReply SMTP::expn(std::string_view list) {
  if (!is_ascii(list)) ehlo_or_helo_if_needed();
  return expect_ok(query(state_->channel, "EXPN", list));
}

SMTPReply SMTP::help(std::string_view topic) {
  return expect_ok(topic.empty() ? "HELP" : "HELP " + std::string(topic));
}

SMTPReply SMTP::expect_ok(const std::string& line) {
  const SMTPReply reply = ask(line);
  if (reply.ok()) return reply;
  throw SMTPReplyError(state_->channel.describe(verb_of(line), reply), reply);
}

// A reply that takes the command or refuses it; any other breaks the protocol.
SMTPReply SMTP::ask(std::string_view line) {
  const SMTPReply reply = converse(line);
  SMTPChannel& channel = state_->channel;
  if (reply.ok() || refuses(reply)) return reply;
  return channel.run([&]() -> SMTPReply { channel.refuse(verb_of(line), "250", reply); });
}

SMTPReply SMTP::docmd(std::string_view command) {
  const SMTPReply reply = converse(command);
  if (reply.code != 421) return reply;
  throw SMTPReplyError(state_->channel.describe(verb_of(command), reply), reply);
}

// After a 421 the connection is closed.
SMTPReply SMTP::converse(std::string_view command) {
  check_line(command);
  SMTPChannel& channel = state_->channel;
  const SMTPReply reply = channel.run([&] { return channel.command(command); });
  if (reply.code == 421) channel.close();
  if (!reply.ok()) return reply;
  const std::string_view verb = verb_of(command);
  if (equals_ignoring_case(verb, "MAIL")) channel.transaction = true;
  if (equals_ignoring_case(verb, "RSET")) channel.transaction = false;
  return reply;
}

void SMTP::quit() {
  if (!is_open()) return;
  SMTPChannel& channel = state_->channel;
  try {
    channel.run([&] { channel.command("QUIT"); });
  } catch (const ClosedError&) {
  } catch (const NetworkError& e) {
    // It closed before it read our QUIT.
    if (dynamic_cast<const TimeoutError*>(&e) != nullptr) throw;
    if (dynamic_cast<const CancelledError*>(&e) != nullptr) throw;
  }
  close();
}

}  // namespace proto
