// Time: one absolute, monotonic deadline covers a whole operation.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>

namespace proto {

// A point in time after which an operation gives up. Copied freely; a default one never passes.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  constexpr Deadline() noexcept = default;
  static constexpr Deadline never() noexcept { return Deadline(); }
  static constexpr Deadline at(Clock::time_point when) noexcept { return Deadline(when); }
  // A span too long to add is the same as never.
  static Deadline after(Clock::duration span, Clock::time_point now = Clock::now()) noexcept {
    return span >= Clock::time_point::max() - now ? never() : Deadline(now + span);
  }

  constexpr bool is_never() const noexcept { return when_ == Clock::time_point::max(); }
  constexpr Clock::time_point when() const noexcept { return when_; }
  bool expired() const noexcept { return !is_never() && Clock::now() >= when_; }
  // Never negative; the largest duration where it never passes.
  Clock::duration remaining() const noexcept {
    return is_never() ? Clock::duration::max() : remaining(Clock::now());
  }
  Clock::duration remaining(Clock::time_point now) const noexcept {
    return is_never() ? Clock::duration::max() : std::max(Clock::duration::zero(), when_ - now);
  }

  friend constexpr Deadline earlier(Deadline a, Deadline b) noexcept {
    return a.when_ < b.when_ ? a : b;
  }
  friend constexpr bool operator==(Deadline, Deadline) noexcept = default;

 private:
  explicit constexpr Deadline(Clock::time_point when) noexcept : when_(when) {}
  Clock::time_point when_ = Clock::time_point::max();
};

// How long to wait for one thing: until the deadline, and for no longer than `idle` from when the
// waiting begins. Two bounds, so that what need not wait need not look at the clock either.
struct Patience {
  using Clock = Deadline::Clock;
  // Implicit: a deadline alone is patience enough.
  Patience(Deadline until = {}, Clock::duration longest = Clock::duration::max()) noexcept
      : deadline(until), idle(longest) {}

  // When a wait ends that begins now.
  Deadline end(Clock::time_point now = Clock::now()) const noexcept {
    return earlier(deadline, Deadline::after(idle, now));
  }

  Deadline deadline;
  Clock::duration idle;
};

// How long things may take.
struct Timeouts {
  // Name look-up, every address tried, the proxy's reply and TLS together.
  std::chrono::milliseconds connect{std::chrono::seconds(30)};
  // Between two bytes that move.
  std::chrono::milliseconds idle{std::chrono::seconds(60)};
  // One whole operation: connecting, sending, receiving. Dripping bytes do not extend it.
  std::chrono::milliseconds total{std::chrono::hours(1)};
};

// Ends blocking calls from another thread: each of them throws CancelledError. Copies share one
// state; once cancelled it stays so. cancel() may be called from any thread, but not from a signal
// handler.
class Canceller {
 public:
  Canceller();
  void cancel() noexcept;
  bool cancelled() const noexcept;

  // Calls `hook` once when cancelled (at once, if it is so already), for as long as the
  // Registration lives. The hook runs on the cancelling thread and must neither throw nor block nor
  // use this Canceller.
  class Registration {
   public:
    Registration() noexcept = default;
    Registration(Registration&&) noexcept;
    Registration& operator=(Registration&&) noexcept;
    // After it returns the hook does not run and is not running.
    ~Registration();

   private:
    friend class Canceller;
    struct Entry;
    std::shared_ptr<Entry> entry_;
  };
  [[nodiscard]] Registration on_cancel(std::function<void()> hook);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace proto
