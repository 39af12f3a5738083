#include "net/tls_sessions.h"

#include <algorithm>
#include <utility>

namespace proto::tls {

void SessionCache::put(const std::string& key, SSL_SESSION* session) {
  const std::lock_guard lock(mutex_);
  const auto same_key = [&](const Entry& entry) { return entry.key == key; };
  if (std::count_if(entries_.begin(), entries_.end(), same_key) >=
      static_cast<std::ptrdiff_t>(kMaxSessionsOfOneKey)) {
    entries_.erase(std::find_if(entries_.begin(), entries_.end(), same_key));
  } else if (entries_.size() >= kMaxSessions) {
    entries_.pop_front();
  }
  entries_.push_back({key, nullptr});
  entries_.back().session.reset(session);
}

SessionHandle SessionCache::take(const std::string& key) {
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->key != key || SSL_SESSION_is_resumable(entry->session.get()) == 0) continue;
    if (SSL_SESSION_get_protocol_version(entry->session.get()) < TLS1_3_VERSION) {
      SSL_SESSION_up_ref(entry->session.get());
      return SessionHandle(entry->session.get());
    }
    SessionHandle session = std::move(entry->session);
    entries_.erase(std::next(entry).base());
    return session;
  }
  return nullptr;
}

}  // namespace proto::tls
