// Two connected Transports in memory, with what a network does to a stream: small reads, small
// writes, full buffers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "proto/error.h"
#include "proto/transport.h"

namespace proto::test {

struct MemoryOptions {
  std::size_t max_read = std::numeric_limits<std::size_t>::max();   // a read gives no more
  std::size_t max_write = std::numeric_limits<std::size_t>::max();  // a write takes no more
  std::size_t capacity = 1 << 20;  // bytes under way in one direction
};

// What both ends share.
struct MemoryLink {
  struct Direction {
    std::string data;
    bool ended = false;
  };
  MemoryOptions options;
  std::mutex mutex;
  std::condition_variable changed;
  Direction directions[2];
};

class MemoryTransport final : public Transport {
 public:
  MemoryTransport(std::shared_ptr<MemoryLink> link, int side)
      : link_(std::move(link)), in_(link_->directions[side]), out_(link_->directions[1 - side]) {}
  ~MemoryTransport() override { close(); }

  std::size_t read_some(std::span<char> into, Patience patience) override {
    std::unique_lock lock(link_->mutex);
    ++reads;
    wait_for(lock, patience.end(), Phase::receive, [&] { return readable(); });
    const std::size_t n = std::min({into.size(), in_.data.size(), link_->options.max_read});
    in_.data.copy(into.data(), n);
    in_.data.erase(0, n);
    link_->changed.notify_all();
    return n;
  }

  std::size_t write_some(std::span<const std::string_view> parts, Patience patience) override {
    std::unique_lock lock(link_->mutex);
    ++writes;
    wait_for(lock, patience.end(), Phase::send, [&] { return writable(); });
    if (out_.ended) throw NetworkError("sending to memory: closed", 32, Phase::send, peer_);
    std::size_t room =
        std::min(link_->options.max_write, link_->options.capacity - out_.data.size());
    std::size_t sent = 0;
    for (const std::string_view part : parts) {
      const std::size_t n = std::min(part.size(), room - sent);
      out_.data.append(part.substr(0, n));
      sent += n;
    }
    link_->changed.notify_all();
    return sent;
  }

  Ready wait(Ready wanted, Deadline deadline) override {
    std::unique_lock lock(link_->mutex);
    const auto ready = [&] {
      return Ready{.read = wanted.read && readable(), .write = wanted.write && writable()};
    };
    wait_for(lock, deadline, Phase::receive, [&] { return ready().read || ready().write; });
    return ready();
  }

  void shutdown_write() noexcept override {
    const std::lock_guard lock(link_->mutex);
    out_.ended = true;
    link_->changed.notify_all();
  }
  void close() noexcept override { shutdown_write(); }
  const std::string& peer() const noexcept override { return peer_; }

  std::atomic<std::size_t> reads = 0, writes = 0;  // calls

 private:
  bool readable() const { return !in_.data.empty() || in_.ended; }
  bool writable() const { return out_.data.size() < link_->options.capacity || out_.ended; }

  template <typename Condition>
  void wait_for(std::unique_lock<std::mutex>& lock, Deadline deadline, Phase phase,
                Condition condition) {
    while (!condition()) {
      if (deadline.is_never()) {
        link_->changed.wait(lock);
      } else if (link_->changed.wait_until(lock, deadline.when()) == std::cv_status::timeout &&
                 !condition()) {
        throw TimeoutError("memory: timed out", 110, phase, peer_);
      }
    }
  }

  std::shared_ptr<MemoryLink> link_;
  MemoryLink::Direction& in_;
  MemoryLink::Direction& out_;
  std::string peer_ = "memory";
};

struct MemoryPair {
  std::unique_ptr<MemoryTransport> first, second;
};

inline MemoryPair memory_pair(const MemoryOptions& options = {}) {
  auto link = std::make_shared<MemoryLink>();
  link->options = options;
  return {std::make_unique<MemoryTransport>(link, 0), std::make_unique<MemoryTransport>(link, 1)};
}

}  // namespace proto::test
