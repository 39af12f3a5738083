// A BIO over a Transport, so that TLS runs over TCP, Unix sockets, memory, and TLS.
#pragma once

#include <cstddef>
#include <exception>
#include <limits>
#include <string>

#include "net/tls_openssl.h"
#include "proto/transport.h"

namespace proto::tls {

// What the BIO works on; it must outlive the BIO. An exception of the transport cannot cross
// OpenSSL's C frames: it waits in `error` until the SSL call has returned.
struct BIOState {
  static constexpr std::size_t kAnyNumber = std::numeric_limits<std::size_t>::max();
  // How a record goes out. whole: waits until all went. some: what does not go at once waits in
  // `unsent`.
  enum class Sending { whole, some };

  explicit BIOState(Transport& transport) : lower(transport) {}
  // Sends of `unsent` what goes, waiting only while nothing goes.
  void send_unsent();

  Transport& lower;
  Patience patience;
  // Reads of the transport that the BIO may still make; after them it asks to be called again.
  std::size_t reads_allowed = kAnyNumber;
  Sending sending = Sending::whole;
  std::exception_ptr error;
  bool ended = false;       // the transport's end was seen
  bool speaks_tls = false;  // the first byte was
  std::string plaintext;    // or else: what came, quoted
  std::string unsent;       // the end of records of which some went
};

// Throws std::bad_alloc.
BIOHandle new_bio(BIOState& state);

}  // namespace proto::tls
