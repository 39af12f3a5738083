// When a message is tried again, and when it is given up. Wall-clock time may step by years: no
// step may send a message early into failed/, or hold one back for longer than its delay.
#pragma once

#include <chrono>
#include <cstdint>

#include "sendmail-lite/queue_format.h"

namespace proto::sendmail {

struct Schedule {
  std::chrono::seconds first{std::chrono::minutes(1)};  // doubles from attempt to attempt
  std::chrono::seconds longest{std::chrono::hours(4)};
  std::chrono::seconds give_up{std::chrono::hours(5 * 24)};

  // After `attempts` failed ones. The sender's own is the first: what it leaves is due at once.
  // `random` makes the jitter: a quarter more or less.
  std::chrono::seconds delay_after(int attempts, std::uint64_t random) const noexcept;
  // The age with the time since the last attempt added, in so far as a clock can be believed: no
  // less than nothing, and no more than twice the longest delay.
  std::chrono::seconds age_at(const Journal& journal, Time created, Time now) const noexcept;
};

// A clock that stands before the last attempt has been set back: due.
bool is_due(const Journal& journal, Time now) noexcept;

}  // namespace proto::sendmail
