// Which queue is used, and where else mail may wait.
#pragma once

#include <optional>
#include <string>

#include "sendmail-lite/mail_log.h"
#include "sendmail-lite/options.h"
#include "sendmail-lite/queue.h"

namespace proto::sendmail {

// ~/.local/state/sendmail-lite/queue
std::string default_queue_folder();
// The queue that the options name, else the user's own. Where the one that they name is not ours to
// use, the user's own takes its place. Throws QueueError.
Queue open_queue(const Options& options, const MailLog& log);
// The user's own queue, where it is there and the options name another one, `used`: mail went to it
// while the configuration was bad, or `used` not ours to use. Throws QueueError.
std::optional<Queue> open_queue_besides(const Queue& used, const Options& options);
// Whether what waits there is meant: all of it where the configuration names `used`; where the
// command line does, what a command line sent to `used`.
bool is_meant_besides(const QueuedEnvelope& envelope, const Options& options);
// What a failure of the queue means to a caller.
int status_of(const QueueError& error);

}  // namespace proto::sendmail
