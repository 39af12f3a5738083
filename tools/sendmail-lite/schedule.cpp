#include "sendmail-lite/schedule.h"

#include <algorithm>

namespace proto::sendmail {

using std::chrono::seconds;

seconds Schedule::delay_after(int attempts, std::uint64_t random) const noexcept {
  if (attempts <= 1) return seconds::zero();
  const int doublings = std::min(attempts - 2, 30);
  const auto delay = std::min(longest, first * (std::int64_t{1} << doublings));
  const auto spread = static_cast<std::uint64_t>(delay.count() / 2) + 1;
  return delay - delay / 4 + seconds(static_cast<std::int64_t>(random % spread));
}

seconds Schedule::age_at(const Journal& journal, Time created, Time now) const noexcept {
  const Time since = journal.attempts > 0 ? journal.last : created;
  return journal.age + std::clamp<seconds>(now - since, seconds::zero(), 2 * longest);
}

bool is_due(const Journal& journal, Time now) noexcept {
  return journal.attempts == 0 || now < journal.last || now >= journal.last + journal.delay;
}

}  // namespace proto::sendmail
