// How far the transfers are, in one line; and how fast they may go.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "proto/deadline.h"

namespace proto::httpget {

// One line on stderr for all transfers together, drawn a few times a second. Thread-safe.
class Progress {
 public:
  explicit Progress(bool shown) : shown_(shown) {}
  // A body began; `total` where its size is known.
  void begin(std::optional<std::uint64_t> total);
  void add(std::uint64_t size);
  // Takes the line away.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  const bool shown_;
  std::mutex mutex_;
  bool drawn_ = false;
  bool known_ = true;  // every size so far
  std::uint64_t received_ = 0, total_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_{};
};

// Keeps a transfer at a rate by sleeping where it is ahead.
class RateLimit {
 public:
  explicit RateLimit(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}
  // What may be asked for at once.
  std::uint64_t quantum() const noexcept;
  // Says that `size` more came from `peer`; returns when the rate allows more. Throws TimeoutError
  // at the deadline, with or without a rate: data that drips must not outlast it.
  void took(std::uint64_t size, Deadline deadline, const std::string& peer);

 private:
  std::uint64_t rate_;
  std::uint64_t total_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace proto::httpget
