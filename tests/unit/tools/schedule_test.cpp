#include "sendmail-lite/schedule.h"

#include <gtest/gtest.h>

namespace proto::sendmail {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kNow{seconds(1700000000)};
constexpr seconds kTenYears = hours(24 * 3652);

TEST(Schedule, DoublesFromAMinuteToFourHoursWithJitter) {
  const Schedule schedule;
  EXPECT_EQ(schedule.delay_after(1, 12345), seconds(0));  // the sender's own attempt
  const seconds want[] = {minutes(1),  minutes(2),  minutes(4),   minutes(8),   minutes(16),
                          minutes(32), minutes(64), minutes(128), minutes(240), minutes(240)};
  for (int i = 0; i < 10; ++i) {
    for (const std::uint64_t random : {0ULL, 7ULL, 999999937ULL, ~0ULL}) {
      const seconds delay = schedule.delay_after(i + 2, random);
      EXPECT_GE(delay, want[i] * 3 / 4) << i;
      EXPECT_LE(delay, want[i] * 5 / 4) << i;
    }
  }
  EXPECT_LE(schedule.delay_after(1000000, ~0ULL), hours(5));
}

Journal tried(Time last, seconds delay, seconds age) {
  Journal journal;
  journal.attempts = 1;
  journal.last = last;
  journal.delay = delay;
  journal.age = age;
  return journal;
}

TEST(Schedule, DueWhenTheDelayIsOver) {
  const Journal journal = tried(kNow, minutes(2), seconds(0));
  EXPECT_FALSE(is_due(journal, kNow + seconds(119)));
  EXPECT_TRUE(is_due(journal, kNow + seconds(120)));
  EXPECT_TRUE(is_due(Journal(), kNow));
}

// A clock that steps by ten years, either way and back again, neither ages a message into failed/
// nor holds it back.
TEST(Schedule, SurvivesClockSteps) {
  const Schedule schedule;
  for (const seconds step : {kTenYears, -kTenYears}) {
    const Journal before = tried(kNow, hours(4), hours(1));
    EXPECT_TRUE(is_due(before, kNow + step));
    const seconds age = schedule.age_at(before, kNow, kNow + step);
    EXPECT_LE(age, hours(9));
    EXPECT_GE(age, hours(1));
    const Journal after = tried(kNow + step, hours(4), age);
    EXPECT_TRUE(is_due(after, kNow));
    EXPECT_LE(schedule.age_at(after, kNow, kNow), hours(17));
  }
  EXPECT_EQ(schedule.age_at(Journal(), kNow + kTenYears, kNow), seconds(0));
}

TEST(Schedule, FiveDaysOfAttemptsGiveUp) {
  const Schedule schedule;
  Time now = kNow;
  Journal journal;
  int attempts = 0;
  for (; schedule.age_at(journal, kNow, now) < schedule.give_up; ++attempts) {
    ASSERT_LT(attempts, 100);
    journal =
        tried(now, schedule.delay_after(attempts + 1, 3), schedule.age_at(journal, kNow, now));
    now += journal.delay;
  }
  EXPECT_GE(now - kNow, hours(5 * 24));
  EXPECT_LE(now - kNow, hours(5 * 24 + 5));
}

}  // namespace
}  // namespace proto::sendmail
