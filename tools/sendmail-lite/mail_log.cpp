#include "sendmail-lite/mail_log.h"

#include <syslog.h>

#include <algorithm>
#include <iterator>

#include "base/characters.h"
#include "common/log.h"
#include "common/program.h"

namespace proto::sendmail {
namespace {

constexpr std::size_t kMaxListed = 50;

std::string list_of(const std::vector<std::string>& recipients) {
  std::string text;
  for (std::size_t i = 0; i < std::min(recipients.size(), kMaxListed); ++i)
    text += (i == 0 ? "<" : ",<") + recipients[i] + ">";
  if (recipients.size() > kMaxListed)
    text += " and " + std::to_string(recipients.size() - kMaxListed) + " more";
  return text;
}

std::string_view word_for(Delivery::End end) {
  switch (end) {
    case Delivery::End::delivered:
      return "sent";
    case Delivery::End::failed:
      return "failed";
    case Delivery::End::waiting:
      break;
  }
  return "waiting";
}

// The worst reply's: none where there was no reply.
int code_of(const Delivery& delivery) {
  int code = 0;
  for (const auto& outcome : delivery.attempt.outcomes) code = std::max(code, outcome.code);
  return code;
}

}  // namespace

std::string outcomes_text(const Delivery& delivery, Fate fate) {
  std::string text;
  for (std::size_t i = 0; i < delivery.attempt.outcomes.size(); ++i) {
    const Outcome& outcome = delivery.attempt.outcomes[i];
    if (outcome.fate != fate) continue;
    text += (text.empty() ? "" : "; ") + delivery.recipients[i] + ": ";
    if (outcome.code != 0) text += std::to_string(outcome.code) + " ";
    text += outcome.text;
  }
  return text;
}

void MailLog::line(std::string_view text) const {
  tools::log_note(verbosity_, text);
  if (!to_syslog_) return;
  ::openlog("sendmail-lite", LOG_PID, LOG_MAIL);
  ::syslog(LOG_INFO, "%s", escaped(text).c_str());
}

void MailLog::message(std::string_view id, const QueuedEnvelope& envelope, const Delivery& delivery,
                      int status) const {
  std::string text(id.empty() ? "-" : id);
  text += ": from=<" + envelope.from + "> to=" + list_of(delivery.recipients) +
          " host=" + delivery.relay + " code=" + std::to_string(code_of(delivery)) + " status=";
  text += word_for(delivery.end);
  text += " exit=" + std::to_string(status) + " message-id=" + envelope.message_id;
  if (!delivery.attempt.reason.empty()) text += " reason=" + quoted(delivery.attempt.reason, 200);
  line(text);
}

void MailLog::queued(std::string_view id, const QueuedEnvelope& envelope,
                     std::string_view why) const {
  line(std::string(id) + ": from=<" + envelope.from + "> to=" + list_of(envelope.to) +
       " status=queued exit=0 message-id=" + envelope.message_id + " reason=" + quoted(why, 200));
}

void MailLog::loud(std::string_view text) const {
  tools::error_line(text);
  if (!to_syslog_) return;
  ::openlog("sendmail-lite", LOG_PID, LOG_MAIL);
  ::syslog(LOG_ERR, "%s", escaped(text).c_str());
}

}  // namespace proto::sendmail
