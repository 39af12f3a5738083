// Takes a message in: puts it right, makes it durable, tries once, and says what became of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sendmail-lite/mail_log.h"
#include "sendmail-lite/options.h"
#include "sendmail-lite/preparation.h"
#include "sendmail-lite/queue.h"
#include "sendmail-lite/relay_book.h"

namespace proto::sendmail {

struct Submitted {
  int status = 0;       // as the program exits
  std::string id;       // of the queue entry; empty: there was none
  bool queued = false;  // it waits there
  std::string text;     // one line, where the status is not 0
};

// The rules of deliveries by the real clock.
DeliveryRules real_rules(const Options& options);

class Sender {
 public:
  // `config_error`: not empty where the configuration cannot be used; then mail is queued as it
  // came, and not tried. All references must outlive the Sender.
  Sender(const Options& options, std::string config_error, RelayBook& book, const MailLog& log);

  Submitted submit(std::string_view message, const Request& request);
  // As it would go out, to stdout.
  Submitted print(std::string_view message, const Request& request) const;

 private:
  Submitted attempt(Entry& entry);
  Submitted send_without_queue(const Submission& submission);
  Submitted result_of(const std::string& id, const QueuedEnvelope& envelope,
                      const Delivery& delivery);

  const Options& options_;
  RelayBook& book_;
  const MailLog& log_;
  Preparation preparation_;
};

}  // namespace proto::sendmail
