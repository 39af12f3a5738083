// What is said about each message: a line to the system's log, and on stderr with -v.
#pragma once

#include <string>
#include <string_view>

#include "sendmail-lite/delivery.h"

namespace proto::sendmail {

class MailLog {
 public:
  MailLog(int verbosity, bool to_syslog) : verbosity_(verbosity), to_syslog_(to_syslog) {}

  // One line: queue id, sender, recipients, relay, the server's code, what became of it, exit
  // status.
  void message(std::string_view id, const QueuedEnvelope& envelope, const Delivery& delivery,
               int status) const;
  void queued(std::string_view id, const QueuedEnvelope& envelope, std::string_view why) const;
  // What somebody must see: on stderr, and in the system's log.
  void loud(std::string_view text) const;
  int verbosity() const noexcept { return verbosity_; }

 private:
  void line(std::string_view text) const;
  int verbosity_;
  bool to_syslog_;
};

// "a@example.org: 550 5.1.1 no such user; b@…", those of `fate`.
std::string outcomes_text(const Delivery& delivery, Fate fate);

}  // namespace proto::sendmail
