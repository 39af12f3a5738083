#include "proto/deadline.h"

#include <gtest/gtest.h>

#include <chrono>

namespace proto {
namespace {

using namespace std::chrono_literals;
using Clock = Deadline::Clock;

TEST(Deadline, ADefaultOneNeverPasses) {
  const Deadline never;
  EXPECT_TRUE(never.is_never());
  EXPECT_FALSE(never.expired());
  EXPECT_EQ(never.remaining(), Clock::duration::max());
  EXPECT_EQ(never, Deadline::never());
}

TEST(Deadline, PassesAndNeverLeavesLessThanNothing) {
  const Deadline past = Deadline::at(Clock::now() - 1s);
  EXPECT_TRUE(past.expired());
  EXPECT_EQ(past.remaining(), 0s);
  EXPECT_TRUE(Deadline::after(0s).expired());
  EXPECT_TRUE(Deadline::after(-1s).expired());
  const Deadline future = Deadline::after(1h);
  EXPECT_FALSE(future.expired());
  EXPECT_GT(future.remaining(), 59min);
  EXPECT_LE(future.remaining(), 1h);
}

TEST(Deadline, ASpanTooLongToAddIsNever) {
  EXPECT_TRUE(Deadline::after(Clock::duration::max()).is_never());
  EXPECT_TRUE(Deadline::after(Clock::duration::max() - 1ns).is_never());
}

TEST(Deadline, TheEarlierOfTwo) {
  const Deadline sooner = Deadline::after(1s);
  const Deadline later = Deadline::after(1h);
  EXPECT_EQ(earlier(sooner, later), sooner);
  EXPECT_EQ(earlier(later, sooner), sooner);
  EXPECT_EQ(earlier(Deadline(), sooner), sooner);
  EXPECT_TRUE(earlier(Deadline(), Deadline()).is_never());
}

}  // namespace
}  // namespace proto
