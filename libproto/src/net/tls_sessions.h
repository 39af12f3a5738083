// The sessions of one TLSContext that can be resumed, by "host:port".
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>

#include "net/tls_openssl.h"

namespace proto::tls {

// Thread-safe.
class SessionCache {
 public:
  // The oldest goes where there are more.
  static constexpr std::size_t kMaxSessions = 256;
  static constexpr std::size_t kMaxSessionsOfOneKey = 4;

  // Takes over one reference, unless it throws.
  void put(const std::string& key, SSL_SESSION* session);
  // The newest of this key, or null. A TLS 1.3 ticket is used once (RFC 8446 §C.4).
  SessionHandle take(const std::string& key);

 private:
  struct Entry {
    std::string key;
    SessionHandle session;
  };
  std::mutex mutex_;
  std::deque<Entry> entries_;  // oldest first
};

}  // namespace proto::tls
