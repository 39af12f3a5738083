// How a message is put right as the options say: the sender, the aliases, and what -B, -N, -R and
// -V ask for.
#pragma once

#include <string>
#include <string_view>

#include "sendmail-lite/mail_log.h"
#include "sendmail-lite/options.h"
#include "sendmail-lite/submission.h"

namespace proto::sendmail {

class Preparation {
 public:
  // `config_error`: not empty where the configuration cannot be used. `options` and `log` must
  // outlive the Preparation.
  Preparation(const Options& options, std::string config_error, const MailLog& log);
  Preparation(const Preparation&) = delete;  // the rules point to the aliases
  Preparation& operator=(const Preparation&) = delete;

  // Why the configuration, or its aliases file, cannot be used; empty: it can.
  const std::string& fault() const noexcept { return fault_; }
  // With a fault: what needs no configuration; the envelope says that it is unprepared. Throws as
  // sendmail::prepare() does.
  Submission prepare(std::string_view message, const Request& request) const;
  // Of a message that was queued unprepared, its age kept. Throws std::runtime_error where there is
  // a fault still, or an alias that is no address: nobody is left out.
  Submission prepare_queued(const QueuedEnvelope& envelope, std::string_view message) const;

 private:
  void read_aliases();

  const Options& options_;
  std::string fault_;
  const MailLog& log_;
  Aliases aliases_;
  SubmissionRules rules_;
};

}  // namespace proto::sendmail
