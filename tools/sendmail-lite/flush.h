// Sends what waits in the queue and is due.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sendmail-lite/delivery.h"
#include "sendmail-lite/submission.h"

namespace proto::sendmail {

// The relays of a message.
struct Route {
  Relay* relay = nullptr;
  Relay* fallback = nullptr;
};

struct FlushHooks {
  // The way of messages with these options; the same for the same ones. Throws where there is none:
  // then the message waits, without ageing.
  std::function<Route(const std::vector<std::string>& options)> route;
  // Prepares a message that was queued unprepared. Throws where it still cannot be: then it waits,
  // without ageing.
  std::function<Submission(const QueuedEnvelope& envelope, std::string_view message)> prepare;
  // Called once for each message that was tried or ended.
  std::function<void(const Entry& entry, const Delivery& delivery)> done;
  // One line about an entry that cannot be used.
  std::function<void(const std::string& text)> warn;
  // Whose turn it is; empty: everybody's.
  std::function<bool(const QueuedEnvelope& envelope)> wanted = {};
};

struct FlushSummary {
  int delivered = 0, failed = 0, waiting = 0;
  int unusable = 0;  // entries that could not be read or changed
  int not_due = 0;
};

// Oldest first, each under its lock; what another process has is passed over, and one bad message
// does not hold up the next. With `all`, whether due or not.
FlushSummary flush(const Queue& queue, const DeliveryRules& rules, const FlushHooks& hooks,
                   bool all = false);

}  // namespace proto::sendmail
