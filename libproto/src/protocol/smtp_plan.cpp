#include "protocol/smtp_plan.h"

#include <algorithm>
#include <set>

#include "base/characters.h"
#include "proto/mail_address.h"
#include "proto/message_edit.h"
#include "wire/charset.h"
#include "wire/mail_address_syntax.h"

namespace proto {
namespace {

using Transfer = SendOptions::Transfer;

// The path for this server. SMTPUTF8 only where the local part needs it: the domain has a form in
// ASCII, which the servers behind this one can take, too. Envelope::check() has been through the
// address.
std::string_view path_for(const SMTPChannel& channel, std::string_view address, SMTPPlan& plan) {
  const std::string_view path = without_brackets(address);
  if (is_ascii(path)) return path;
  const EnvelopeAddress whole = envelope_address(path);
  if (const auto ascii = ascii_domain(whole.domain())) {
    const auto local = path.substr(0, path.size() - whole.domain().size());
    if (is_ascii(local)) return plan.other.emplace_front(local).append(*ascii);
  }
  if (!channel.capabilities.smtputf8) {
    throw SMTPNotSupportedError(channel.describe(
        "MAIL", "the server does not offer SMTPUTF8, which " + quoted(address) + " needs"));
  }
  plan.mail.smtputf8 = true;
  return path;
}

void check_size(const SMTPChannel& channel, std::uint64_t size) {
  const auto& most = channel.capabilities.max_size;
  if (!most || size <= *most) return;
  throw SMTPNotSupportedError(channel.describe("MAIL", "the message has " + std::to_string(size) +
                                                           " bytes, and the server takes " +
                                                           std::to_string(*most)));
}

void plan_envelope(const SMTPChannel& channel, const Envelope& envelope, SMTPPlan& plan) {
  const SMTPCapabilities& has = channel.capabilities;
  if (has.mail_max && channel.messages >= *has.mail_max) {
    throw SMTPNotSupportedError(channel.describe("MAIL", "the server takes no more than " +
                                                             std::to_string(*has.mail_max) +
                                                             " messages over one connection"));
  }
  plan.mail = {};
  plan.other.clear();
  plan.from = path_for(channel, envelope.from, plan);
  plan.to.clear();
  plan.to.reserve(envelope.to.size());
  for (const Recipient& recipient : envelope.to) {
    plan.to.push_back(path_for(channel, recipient.address, plan));
  }
  plan.dsn = has.dsn;
  if (plan.dsn) plan.mail.ret = envelope.ret, plan.mail.envid = envelope.envid;
}

// How a message may go, as far as there is a choice.
struct Way {
  bool smtputf8;
  bool binary;  // BINARYMIME
};

// Gives the message the form in which it goes this way. Returns why there is none, or nothing.
std::string fit(SMTPBody& body, MessageNeeds& needs, const SMTPCapabilities& has, const Way& way) {
  const bool body_stays = way.binary || (!needs.long_line && !needs.nul &&
                                         (!needs.eight_bit_body || has.eight_bit_mime));
  if (body_stays && !way.binary && !needs.eight_bit_header) return {};
  const std::uint64_t size = body_stays ? needs.header_size : body.size();
  const std::string front = body.read_front(size);
  Reencoded other = reencode_message(front, {has.eight_bit_mime, way.smtputf8});
  if (!other.message) return other.why_not;
  if (*other.message == front) return {};
  body.replace_front(size, *std::move(other.message));
  needs = body.scan(MessageScanner::Header::scanned);
  return {};
}

// The way that asks the least of this server and of those behind it.
Way find_way(const SMTPChannel& channel, SMTPBody& body, MessageNeeds& needs, bool smtputf8,
             bool may_be_binary) {
  const SMTPCapabilities& has = channel.capabilities;
  // NUL fits nothing else. As it is, it needs a header that the server can read: LF alone would end
  // no line of it.
  const bool binary = may_be_binary && needs.nul && !needs.bare_header_line_end;
  std::string why_not;
  for (const bool other_header : {false, true}) {
    if (other_header && (smtputf8 || !has.smtputf8)) break;
    for (const bool other_body : {false, true}) {
      if (other_body && (binary || !may_be_binary)) break;
      const Way way{smtputf8 || other_header, binary || other_body};
      why_not = fit(body, needs, has, way);
      if (why_not.empty()) return way;
    }
  }
  throw SMTPNotSupportedError(
      channel.describe("MAIL", "the server cannot carry the message as it is: " + why_not));
}

}  // namespace

SMTPPlan plan_rehearsal(const SMTPChannel& channel, const Envelope& envelope, std::uint64_t size) {
  SMTPPlan plan;
  plan_envelope(channel, envelope, plan);
  if (channel.capabilities.size && size > 0) {
    check_size(channel, size);
    plan.mail.size = size;
  }
  return plan;
}

void plan_message(const SMTPChannel& channel, const Envelope& envelope, SMTPBody& body,
                  Transfer transfer, SMTPPlan& plan) {
  const SMTPCapabilities& has = channel.capabilities;
  plan_envelope(channel, envelope, plan);
  // Most messages are plain, and then nobody asks where their header ends.
  MessageNeeds needs = body.scan(MessageScanner::Header::ignored);
  const bool may_be_binary = has.binarymime && has.chunking && transfer != Transfer::data;
  bool binary = false;
  if (!needs.is_plain()) {
    needs = body.scan(MessageScanner::Header::scanned);
    binary = find_way(channel, body, needs, plan.mail.smtputf8, may_be_binary).binary;
  }
  if (needs.eight_bit_header) plan.mail.smtputf8 = true;
  plan.raw = binary && !needs.bare_header_line_end;
  if (binary) {
    plan.mail.body = MailParameters::Body::binary;
  } else if (needs.eight_bit() && has.eight_bit_mime) {
    plan.mail.body = MailParameters::Body::eight_bit;
  }
  if (has.size) {
    std::uint64_t size = plan.raw ? body.size() : needs.size;
    // That was an estimate, which may be too large.
    if (!plan.raw && has.max_size && size > *has.max_size) size = body.encoded_size();
    check_size(channel, size);
    plan.mail.size = size;
  }
  if (transfer == Transfer::bdat && !has.chunking) {
    throw SMTPNotSupportedError(channel.describe("BDAT", "the server does not offer CHUNKING"));
  }
  plan.bdat = binary || transfer == Transfer::bdat ||
              (transfer == Transfer::automatic && has.chunking && has.pipelining);
}

bool mail_max_reached(const SMTPChannel& channel) {
  const auto& most = channel.capabilities.mail_max;
  return most && channel.messages >= *most;
}

std::size_t end_by_limits(const SMTPCapabilities& has, const Envelope& envelope,
                          std::size_t begin) {
  if (!has.rcpt_max && !has.rcpt_domain_max) return envelope.to.size();
  std::set<std::string> domains;
  for (std::size_t i = begin; i < envelope.to.size(); ++i) {
    const std::string& address = envelope.to[i].address;
    std::string domain = lower(address.substr(std::min(address.rfind('@'), address.size())));
    const bool full = has.rcpt_max && i - begin >= *has.rcpt_max;
    const bool spread = has.rcpt_domain_max && domains.size() >= *has.rcpt_domain_max &&
                        domains.find(domain) == domains.end();
    if (full || spread) return i;
    if (has.rcpt_domain_max) domains.insert(std::move(domain));
  }
  return envelope.to.size();
}

}  // namespace proto
