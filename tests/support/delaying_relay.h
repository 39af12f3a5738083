// A relay that makes loopback far away: what goes either way arrives half a round-trip time later.
// For counting round trips by the clock in benchmarks, where a network would be in the way.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

namespace proto::test {

class DelayingRelay {
 public:
  // Listens on 127.0.0.1 and passes every connection on to 127.0.0.1:upstream.
  DelayingRelay(std::uint16_t upstream, std::chrono::microseconds round_trip);
  // Ends every connection through it.
  ~DelayingRelay();
  DelayingRelay(const DelayingRelay&) = delete;
  DelayingRelay& operator=(const DelayingRelay&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  void run(std::chrono::microseconds delay);

  std::uint16_t upstream_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int stop_fd_ = -1;
  std::thread thread_;
};

}  // namespace proto::test
