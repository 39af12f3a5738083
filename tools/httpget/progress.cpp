#include "httpget/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <string>
#include <thread>

#include "proto/error.h"

namespace proto::httpget {

namespace {

constexpr std::uint64_t kPiece = 1024 * 1024;

std::string human(double bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < std::size(kUnits)) {
    bytes /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
  return text;
}

}  // namespace

void Progress::begin(std::optional<std::uint64_t> total) {
  const std::lock_guard lock(mutex_);
  known_ = known_ && total.has_value();
  total_ += total.value_or(0);
}

void Progress::add(std::uint64_t size) {
  if (!shown_) return;
  const std::lock_guard lock(mutex_);
  received_ += size;
  const auto now = Clock::now();
  if (now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  const double seconds = std::max(0.001, std::chrono::duration<double>(now - start_).count());
  const double rate = static_cast<double>(received_) / seconds;
  std::string line = "\r" + human(static_cast<double>(received_));
  if (known_ && total_ > 0) {
    const double left =
        static_cast<double>(total_ - std::min(total_, received_)) / std::max(rate, 1.0);
    char text[96];
    std::snprintf(text, sizeof text, " of %s, %.0f %%, %.0f s left",
                  human(static_cast<double>(total_)).c_str(),
                  100.0 * static_cast<double>(received_) / static_cast<double>(total_), left);
    line += text;
  }
  line += ", " + human(rate) + "/s\x1b[K";
  drawn_ = ::write(STDERR_FILENO, line.data(), line.size()) > 0 || drawn_;
}

void Progress::clear() {
  const std::lock_guard lock(mutex_);
  if (drawn_) drawn_ = ::write(STDERR_FILENO, "\r\x1b[K", 4) < 0;
}

std::uint64_t RateLimit::quantum() const noexcept {
  return rate_ == 0 ? kPiece : std::clamp<std::uint64_t>(rate_ / 10, 1, kPiece);
}

void RateLimit::took(std::uint64_t size, Deadline deadline, const std::string& peer) {
  if (rate_ > 0) {
    total_ += size;
    const std::chrono::duration<double> due(static_cast<double>(total_) /
                                            static_cast<double>(rate_));
    std::this_thread::sleep_until(
        std::min(start_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due),
                 deadline.when()));
  }
  if (deadline.expired())
    throw TimeoutError("receiving from " + peer + ": timed out", ETIMEDOUT, Phase::receive);
}

}  // namespace proto::httpget
