// Connections of a session that wait for their next request.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>

#include "proto/http.h"

namespace proto {

// Keyed by the whole configuration: origin, proxy, where it really goes. Thread-safe.
class ConnectionPool {
 public:
  ConnectionPool(std::size_t max_idle, std::chrono::milliseconds max_age)
      : max_idle_(max_idle), max_age_(max_age) {}

  // The one that was used last, if any is young enough: it is the likeliest to be open still.
  std::optional<HTTPConnection> take(const std::string& key);
  // Closes the oldest where there are too many.
  void give_back(const std::string& key, HTTPConnection connection);

 private:
  struct Idle {
    std::string key;
    std::chrono::steady_clock::time_point since;
    HTTPConnection connection;
  };
  void drop_old();

  const std::size_t max_idle_;
  const std::chrono::milliseconds max_age_;
  std::mutex mutex_;
  std::list<Idle> idle_;  // the newest first
};

}  // namespace proto
