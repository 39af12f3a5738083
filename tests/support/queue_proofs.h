// For the proofs of the mail queue, which run at a size that fits the suite, or at full size:
// tests/run.sh --queue.
#pragma once

#include <algorithm>
#include <cstdlib>

#include "sendmail-lite/queue.h"
#include "support/sendmail_program.h"

namespace proto::test {

// How many messages a storm sends at full size; 0 in the suite.
inline int full_size() {
  const char* const wanted = std::getenv("PROTO_QUEUE_MESSAGES");
  return wanted == nullptr ? 0 : std::max(8, std::atoi(wanted));
}

// How many wait, each of them looked at: a torn one throws.
inline std::size_t count_waiting(const SendmailLite& program) {
  const sendmail::Queue queue(sendmail::real_file_system(), program.queue());
  queue.sweep();
  const auto ids = queue.waiting();
  for (const auto& id : ids) queue.look(id);
  return ids.size();
}

}  // namespace proto::test
