// What carries bytes: TCP, Unix sockets, TLS, and memory in tests.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "proto/deadline.h"

namespace proto {

class Socket;

// A connected byte stream. One thread at a time; cancellation goes through the Canceller it was
// made with. Throws TimeoutError, CancelledError, NetworkError, and over TLS TLSError; after one of
// them it is good for close() only.
class Transport {
 public:
  struct Ready {
    bool read = false;
    bool write = false;
  };

  virtual ~Transport() = default;
  // At least one byte; 0: the peer ended the stream cleanly. Truncation of TLS (no close_notify) is
  // a ClosedError.
  virtual std::size_t read_some(std::span<char> into, Patience patience) = 0;
  // Gathers `parts` and sends what goes at once, waiting only while nothing goes. At least one
  // byte, unless all are empty.
  virtual std::size_t write_some(std::span<const std::string_view> parts, Patience patience) = 0;
  // Returns when read_some would not block (data or end) or write_some would not: of what is asked
  // for, what is ready.
  virtual Ready wait(Ready wanted, Deadline deadline) = 0;
  // Ends sending (FIN, or TLS close_notify then FIN); reading goes on.
  virtual void shutdown_write() noexcept = 0;
  // Idempotent. Never blocks, never converses.
  virtual void close() noexcept = 0;
  // The descriptor whose bytes are the stream's own, for splice(), and which stays the transport's;
  // -1 where there is none (TLS, memory).
  virtual int plain_fd() const noexcept { return -1; }
  // The peer, as text for messages.
  virtual const std::string& peer() const noexcept = 0;
};

// A connected stream socket, TCP or Unix, as a Transport, which owns it from now on and makes it
// blocking. `canceller` ends its blocking calls for as long as it lives.
std::unique_ptr<Transport> make_transport(Socket socket, const Canceller& canceller = {});

}  // namespace proto
