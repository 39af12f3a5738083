// The common buffered stream under every protocol here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/address.h"
#include "proto/deadline.h"
#include "proto/error.h"
#include "proto/secret.h"
#include "proto/tls.h"
#include "proto/trace.h"
#include "proto/transport.h"

namespace proto {

// A SOCKS proxy to go through.
struct SocksProxy {
  int version = 5;  // 5, or 4 for 4a
  // The proxy looks names up, not this machine (always so with 4a).
  bool remote_names = true;
  std::string host;
  std::uint16_t port = 1080;
  std::string user;  // empty: no login
  Secret password;
};

// The SOCKS proxy refused, or does not speak SOCKS.
class SocksError : public NetworkError {
 public:
  SocksError(const std::string& what, std::string address)
      : NetworkError(what, 0, Phase::proxy, std::move(address)) {}
};

// Where and how to connect: what every protocol class takes.
struct ConnectOptions {
  Timeouts timeouts;
  Family family = Family::unspecified;  // ipv4 or ipv6: only those
  std::optional<Address> source;        // local address to bind to (its port may be 0)
  std::string interface;                // a device name to bind to
  std::string unix_socket;              // not empty: connect here, whatever the host
  // "host:port" (lower case) to the addresses to use in place of a look-up; "*:port" is for every
  // host.
  std::map<std::string, std::vector<Address>> resolve;
  // Connect there in place of the host and port given; TLS and messages keep those.
  std::optional<std::pair<std::string, std::uint16_t>> via;
  std::optional<SocksProxy> socks;
  std::shared_ptr<const TLSContext> tls;  // null: TLSOptions()'s
  bool note_local = false;                // ConnectTimes::local is wanted
  Canceller canceller;
  Trace trace;
};

// When the parts of connecting were over; zero where a part did not happen.
struct ConnectTimes {
  Deadline::Clock::time_point started{}, resolved{}, connected{}, secured{};
  std::string local{};  // our own address, where ConnectOptions::note_local asks for it
};

// Reads through one buffer, writes without one. Reads and writes throw what Transport throws; a
// view it returns dies at the next call that is not const. Movable; one thread at a time.
class Stream {
 public:
  // Bytes. The buffer grows to what read_line() or fill() needs, and no further.
  static constexpr std::size_t kBufferBytes = 64 * 1024;

  Stream() noexcept;  // not open
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream();
  // Owns `transport`.
  explicit Stream(std::unique_ptr<Transport> transport,
                  std::chrono::milliseconds idle = Timeouts().idle);
  // Look-up, Happy Eyeballs (RFC 8305) over every address, and TLS where `mode` is implicit, within
  // min(deadline, timeouts.connect). Throws ResolveError, ConnectError, TimeoutError, TLSError,
  // CancelledError.
  static Stream connect(const std::string& host, std::uint16_t port, const ConnectOptions& options,
                        TLSMode mode = TLSMode::none, Deadline deadline = Deadline());

  bool is_open() const noexcept { return transport_ != nullptr; }
  // Bounds all that follows, until it is set again.
  void set_deadline(Deadline deadline) noexcept { deadline_ = deadline; }
  Deadline deadline() const noexcept { return deadline_; }
  // Bounds each wait for a byte that moves.
  void set_idle(std::chrono::milliseconds idle) noexcept { idle_ = idle; }

  // What is buffered, maybe nothing.
  std::string_view peek() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }
  // Receives more behind what is buffered; false: the peer ended the stream.
  bool fill();
  // Takes `size` bytes off the front; no more than are buffered.
  void consume(std::size_t size) noexcept {
    begin_ += size;
    scanned_ = 0;
  }
  // One line, without its CRLF or LF. Throws LimitError where none ends within `max_bytes`,
  // ClosedError where the stream ends before one does. A peer that sends byte by byte costs O(n).
  std::string_view read_line(std::size_t max_bytes);
  // Up to into.size() bytes: from the buffer, or once that is empty straight from the transport. 0:
  // end of stream.
  std::size_t read(std::span<char> into);
  // Exactly into.size() bytes, or ClosedError.
  void read_exactly(std::span<char> into);

  // Moves up to `max_bytes` to `fd`: what is buffered, else from the transport, inside the kernel
  // where it can (splice(2)). How many went; 0: end of stream. Throws WriteError where `fd`
  // refuses; never raises SIGPIPE.
  std::uint64_t move_to_fd(int fd, std::uint64_t max_bytes);

  // Returns when everything went.
  void write(std::string_view data);
  void write(std::span<const std::string_view> parts);
  // What goes at once: at least a byte, waiting only while nothing goes.
  std::size_t write_some(std::string_view data);
  // Sends until everything went, or until the peer says something: how many bytes went. For
  // uploads, where an early reply must be seen, and for pipelines, where two full buffers must not
  // wait for each other.
  std::size_t write_until_readable(std::string_view data);
  std::size_t write_until_readable(std::span<const std::string_view> parts);  // gathers

  // Starts TLS as a client; a null `context` is TLSOptions()'s. Throws what TLSTransport::connect()
  // throws; ProtocolError where even one byte is buffered: it came before TLS, and is not to be
  // trusted (RFC 3207 §6, RFC 2595 §4).
  void start_tls(const std::shared_ptr<const TLSContext>& context, std::string_view host,
                 std::uint16_t port);
  // The server's side of the same, which needs a context.
  void accept_tls(const std::shared_ptr<const TLSContext>& context);
  // Null without TLS.
  const TLSTransport* tls() const noexcept { return tls_; }

  // Null when not open. What is buffered is not in it.
  Transport* transport() const noexcept { return transport_.get(); }
  // Gives the transport away, with what was buffered in `buffered`.
  std::unique_ptr<Transport> release(std::string& buffered);
  // As text for messages; "nobody" when not open.
  const std::string& peer() const noexcept;
  const ConnectTimes& times() const noexcept { return times_; }
  // Idempotent.
  void close() noexcept;

 private:
  Patience patience() const noexcept;
  Transport& open_transport() const;
  void reserve_tail(std::size_t size);

  struct Pipe;

  std::unique_ptr<Transport> transport_;
  const TLSTransport* tls_ = nullptr;  // transport_, when it is TLS
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
  std::size_t scanned_ = 0;  // bytes behind begin_ known to hold no LF
  Deadline deadline_;
  std::chrono::milliseconds idle_ = Timeouts().idle;
  ConnectTimes times_;
  std::unique_ptr<Pipe> pipe_;  // between the socket and a file, for move_to_fd()
};

}  // namespace proto
