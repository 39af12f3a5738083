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

// The path for this server, which may know no SMTPUTF8: then the domain may still have a form in
// ASCII. Envelope::check() has been through the address.
std::string path_for(const SMTPChannel& channel, std::string_view address, bool& smtputf8) {
  std::string path(without_brackets(address));
  if (is_ascii(path)) return path;
  if (channel.capabilities.smtputf8) {
    smtputf8 = true;
    return path;
  }
  const EnvelopeAddress whole = envelope_address(path);
  if (const auto ascii = ascii_domain(whole.domain())) {
    path.replace(path.size() - whole.domain().size(), std::string::npos, *ascii);
    if (!envelope_address(path).needs_smtputf8) return path;
  }
  throw SMTPNotSupportedError(channel.describe(
      "MAIL", "the server does not offer SMTPUTF8, which " + quoted(address) + " needs"));
}

void check_size(const SMTPChannel& channel, std::uint64_t size) {
  const auto& most = channel.capabilities.max_size;
  if (!most || size <= *most) return;
  throw SMTPNotSupportedError(channel.describe("MAIL", "the message has " + std::to_string(size) +
                                                           " bytes, and the server takes " +
                                                           std::to_string(*most)));
}

SMTPPlan plan_envelope(const SMTPChannel& channel, const Envelope& envelope) {
  const SMTPCapabilities& has = channel.capabilities;
  if (has.mail_max && channel.messages >= *has.mail_max) {
    throw SMTPNotSupportedError(channel.describe("MAIL", "the server takes no more than " +
                                                             std::to_string(*has.mail_max) +
                                                             " messages over one connection"));
  }
  SMTPPlan plan;
  plan.from = path_for(channel, envelope.from, plan.mail.smtputf8);
  plan.to.reserve(envelope.to.size());
  for (const Recipient& recipient : envelope.to) {
    plan.to.push_back(path_for(channel, recipient.address, plan.mail.smtputf8));
  }
  plan.dsn = has.dsn;
  if (plan.dsn) plan.mail.ret = envelope.ret, plan.mail.envid = envelope.envid;
  return plan;
}

}  // namespace

SMTPPlan plan_rehearsal(const SMTPChannel& channel, const Envelope& envelope, std::uint64_t size) {
  SMTPPlan plan = plan_envelope(channel, envelope);
  if (channel.capabilities.size && size > 0) {
    check_size(channel, size);
    plan.mail.size = size;
  }
  return plan;
}

SMTPPlan plan_message(const SMTPChannel& channel, const Envelope& envelope, SMTPBody& body,
                      Transfer transfer) {
  const SMTPCapabilities& has = channel.capabilities;
  SMTPPlan plan = plan_envelope(channel, envelope);
  MessageNeeds needs = body.scan();
  // As it is, it needs a header that the server can read: LF alone would end no line of it.
  const bool binary = needs.nul && !needs.bare_header_line_end && has.binarymime && has.chunking &&
                      transfer != Transfer::data;
  const bool carried = (!needs.eight_bit() || has.eight_bit_mime) &&
                       (!needs.eight_bit_header || has.smtputf8) &&
                       ((!needs.long_line && !needs.nul) || binary);
  if (!carried) {
    Reencoded other = reencode_message(body.read_all(), {has.eight_bit_mime, has.smtputf8});
    if (!other.message) {
      throw SMTPNotSupportedError(channel.describe(
          "MAIL", "the server cannot carry the message as it is: " + other.why_not));
    }
    body.replace(*std::move(other.message));
    needs = body.scan();
  }
  if (has.size) {
    check_size(channel, needs.size);
    plan.mail.size = needs.size;
  }
  if (needs.eight_bit_header) plan.mail.smtputf8 = true;
  plan.raw = binary && carried;
  if (plan.raw) {
    plan.mail.body = MailParameters::Body::binary;
  } else if (needs.eight_bit() && has.eight_bit_mime) {
    plan.mail.body = MailParameters::Body::eight_bit;
  }
  if (transfer == Transfer::bdat && !has.chunking) {
    throw SMTPNotSupportedError(channel.describe("BDAT", "the server does not offer CHUNKING"));
  }
  plan.bdat = plan.raw || transfer == Transfer::bdat ||
              (transfer == Transfer::automatic && has.chunking && has.pipelining);
  return plan;
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
