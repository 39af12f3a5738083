#include "protocol/http_pool.h"

#include <utility>

namespace proto {

void ConnectionPool::drop_old() {
  const auto now = std::chrono::steady_clock::now();
  while (!idle_.empty() && (idle_.size() > max_idle_ || now - idle_.back().since > max_age_))
    idle_.pop_back();
}

std::optional<HTTPConnection> ConnectionPool::take(const std::string& key) {
  const std::lock_guard lock(mutex_);
  drop_old();
  for (auto it = idle_.begin(); it != idle_.end(); ++it) {
    if (it->key != key) continue;
    HTTPConnection connection = std::move(it->connection);
    idle_.erase(it);
    return connection;
  }
  return std::nullopt;
}

void ConnectionPool::give_back(const std::string& key, HTTPConnection connection) {
  if (!connection.is_open()) return;
  const std::lock_guard lock(mutex_);
  idle_.push_front({key, std::chrono::steady_clock::now(), std::move(connection)});
  drop_old();
}

}  // namespace proto
