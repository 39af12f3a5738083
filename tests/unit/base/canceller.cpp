#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "proto/deadline.h"

namespace proto {
namespace {

TEST(Canceller, CallsEachHookOnce) {
  Canceller canceller;
  int first = 0;
  int second = 0;
  const auto a = canceller.on_cancel([&] { ++first; });
  const auto b = canceller.on_cancel([&] { ++second; });
  EXPECT_FALSE(canceller.cancelled());
  canceller.cancel();
  canceller.cancel();
  EXPECT_TRUE(canceller.cancelled());
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST(Canceller, CallsAHookAtOnceWhenItIsCancelledAlready) {
  Canceller canceller;
  canceller.cancel();
  int called = 0;
  const auto registration = canceller.on_cancel([&] { ++called; });
  EXPECT_EQ(called, 1);
}

TEST(Canceller, CopiesShareOneState) {
  const Canceller original;
  Canceller copy = original;
  copy.cancel();
  EXPECT_TRUE(original.cancelled());
}

TEST(Canceller, ForgetsAHookWithItsRegistration) {
  Canceller canceller;
  int called = 0;
  {
    const auto registration = canceller.on_cancel([&] { ++called; });
  }
  {
    auto registration = canceller.on_cancel([&] { ++called; });
    registration = Canceller::Registration();
  }
  canceller.cancel();
  EXPECT_EQ(called, 0);
}

TEST(Canceller, ARegistrationCanBeMoved) {
  Canceller canceller;
  int called = 0;
  auto registration = canceller.on_cancel([&] { ++called; });
  const auto moved = std::move(registration);
  canceller.cancel();
  EXPECT_EQ(called, 1);
}

TEST(Canceller, ARegistrationMayOutliveIt) {
  Canceller::Registration registration;
  {
    Canceller canceller;
    registration = canceller.on_cancel([] {});
  }
}

// The end of a Registration waits for its hook: what the hook uses may go right after it.
TEST(Canceller, NoHookRunsAfterItsRegistrationHasGone) {
  for (int round = 0; round < 200; ++round) {
    Canceller canceller;
    std::latch start(2);
    std::thread other([&] {
      start.arrive_and_wait();
      canceller.cancel();
    });
    auto state = std::make_optional<int>(0);
    {
      const auto registration = canceller.on_cancel([&] { ++state.value(); });
      start.arrive_and_wait();
    }
    state.reset();
    other.join();
  }
}

TEST(Canceller, ManyThreadsRegisterWhileOneCancels) {
  Canceller canceller;
  constexpr int kThreads = 4;
  std::atomic<int> called = 0;
  std::latch registered(kThreads + 1);
  std::latch cancelled(1);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      std::vector<Canceller::Registration> kept;
      for (int k = 0; k < 100; ++k) {
        kept.push_back(canceller.on_cancel([&] { ++called; }));
        const auto dropped = canceller.on_cancel([] {});
      }
      registered.count_down();
      cancelled.wait();
    });
  }
  registered.arrive_and_wait();
  canceller.cancel();
  cancelled.count_down();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(called, kThreads * 100);
}

}  // namespace
}  // namespace proto
