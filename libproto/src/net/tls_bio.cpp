#include "net/tls_bio.h"

#include <new>
#include <span>
#include <string_view>

#include "base/characters.h"

namespace proto::tls {

namespace {

BIOState& state_of(BIO* bio) {
  return *static_cast<BIOState*>(BIO_get_data(bio));
}

// A TLS peer's first byte says handshake or alert. Seen here, plaintext fails at its first byte
// rather than when a record's header would be complete.
bool is_tls(char type) {
  return type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT;
}

int read(BIO* bio, char* into, std::size_t size, std::size_t* got) noexcept {
  BIOState& state = state_of(bio);
  BIO_clear_retry_flags(bio);
  *got = 0;
  if (state.error || !state.plaintext.empty()) return -1;
  if (state.reads_allowed == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  try {
    *got = state.lower.read_some({into, size}, state.patience);
    if (*got != 0 && !state.speaks_tls) {
      state.speaks_tls = is_tls(*into);
      if (!state.speaks_tls) {
        state.plaintext = quoted({into, *got});
        return -1;
      }
    }
  } catch (...) {
    *got = 0;
    state.error = std::current_exception();
    return -1;
  }
  if (state.reads_allowed != BIOState::kAnyNumber) --state.reads_allowed;
  state.ended = *got == 0;
  return *got != 0 ? 1 : 0;
}

int write(BIO* bio, const char* from, std::size_t size, std::size_t* sent) noexcept {
  BIOState& state = state_of(bio);
  BIO_clear_retry_flags(bio);
  *sent = 0;
  if (state.error) return -1;
  *sent = size;
  if (state.ended) return 1;  // an alert to a peer that is gone
  std::string_view data(from, size);
  try {
    // Behind what waits, in order.
    while (!data.empty() && state.unsent.empty()) {
      data.remove_prefix(state.lower.write_some({&data, 1}, state.patience));
      if (state.sending == BIOState::Sending::some) break;
    }
    state.unsent.append(data);
  } catch (...) {
    *sent = 0;
    state.error = std::current_exception();
    return -1;
  }
  return 1;
}

long control(BIO* bio, int command, long, void*) noexcept {
  if (command == BIO_CTRL_EOF) return state_of(bio).ended ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// Made at the first use of TLS, and kept.
const BIO_METHOD* method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "proto::Transport");
    if (m == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(m, read);
    BIO_meth_set_write_ex(m, write);
    BIO_meth_set_ctrl(m, control);
    return m;
  }();
  return made;
}

}  // namespace

void BIOState::send_unsent() {
  const std::string_view data = unsent;
  unsent.erase(0, lower.write_some({&data, 1}, patience));
}

BIOHandle new_bio(BIOState& state) {
  BIOHandle bio(BIO_new(method()));
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio.get(), &state);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace proto::tls
