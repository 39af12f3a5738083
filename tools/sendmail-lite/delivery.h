// One attempt at one queued message: sends, records, and ends, postpones or gives up the entry.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sendmail-lite/queue.h"
#include "sendmail-lite/relay.h"
#include "sendmail-lite/schedule.h"

namespace proto::sendmail {

struct DeliveryRules {
  Schedule schedule;
  // A message that has waited so long, and that the first relay is out of reach for or says "later"
  // to, tries the second one too, where there is one.
  std::chrono::seconds fallback_after{std::chrono::hours(4)};
  std::function<Time()> now;
  std::function<std::uint64_t()> random;
};

// What became of the message.
struct Delivery {
  enum class End { delivered, failed, waiting };
  End end = End::waiting;
  Attempt attempt;  // the last one; its outcomes are those of `recipients`, of both relays
  std::vector<std::string> recipients;
  std::string relay;    // that was tried last
  std::string warning;  // the queue's trouble, where there was some after the server's verdict
};

// To what became of those whom `first` left waiting, what it did settle. Time in which one of two
// relays stood in the way by itself never counts against the message.
void add_settled(const Delivery& first, Delivery& delivery);

// The second relay is null where there is none. Does not throw for what the queue's disk does.
Delivery deliver(Entry& entry, Relay& relay, Relay* fallback, const DeliveryRules& rules);

// What is left to do where nobody waits any more: a crash came between the last verdict and its
// consequence. Throws QueueError.
Delivery::End finish(Entry& entry, std::string_view transcript);

}  // namespace proto::sendmail
