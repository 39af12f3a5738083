// What HTTPConnection and HTTPResponse share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/http.h"
#include "wire/body_framing.h"
#include "wire/chunked.h"
#include "wire/http_head.h"

namespace proto {

// A response: what outlives the connection's next request, and how its body is read.
struct HTTPResponse::State {
  explicit State(const HTTPLimits& limits)
      : chunks({.max_line_bytes = limits.max_chunk_line_bytes,
                .max_trailer_bytes = limits.max_trailer_bytes}),
        max_read_bytes(limits.max_read_bytes) {}

  // The next piece of the body, at most `most` bytes, still in the stream's buffer; empty at the
  // end.
  std::string_view next(std::size_t most);
  // How many body bytes may come before framing does; UINT64_MAX until the connection ends.
  std::uint64_t available();
  void begin_chunk();
  bool has_more();
  void took(std::uint64_t size);
  std::size_t gather(std::span<char> into);
  std::uint64_t move_chunks_to_fd(int fd, std::uint64_t most);
  Stream& stream();
  [[noreturn]] static void no_owner();
  [[noreturn]] void truncated() const;
  // Runs `f`; when it throws, the connection is over.
  template <typename F>
  auto guarded(F f);

  HTTPConnection::Impl* owner = nullptr;  // null once the body is complete or the connection gone
  int status = 0;
  int version = 11;
  std::string reason;
  Fields headers;
  Deviations deviations;
  BodyFraming framing;
  ChunkedDecoder chunks;
  std::uint64_t max_read_bytes;
  std::uint64_t received = 0;
  bool complete = false;
  bool keep_alive = false;
  std::unique_ptr<char[]> scratch;  // for chunks on their way to a descriptor
};

struct HTTPConnection::Impl {
  Impl(std::string_view host_and_port, std::uint16_t given_port, HTTPOptions given);
  ~Impl() { abandon(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // What must be known of a request until its response has come.
  struct Pending {
    bool head = false;     // HEAD
    bool connect = false;  // CONNECT
    bool upgrade = false;  // a 101 was asked for
    bool replayable = false;
  };
  enum class Step { idle, headers, sending };  // of putrequest() ... send()

  void require_idle(bool replayable);
  void settle();
  void open();
  void open_tunnel();
  void start_operation();
  std::string host_field() const;
  // Appends head and framing fields. Throws std::invalid_argument, with `to` as it was.
  void append_head(std::string& to, std::string_view method, std::string_view target,
                   const Body& body, const Fields& headers, bool skip_host) const;
  void send(const Body& body, bool expect_continue);
  void send_body(const Body& body);
  void send_source(const Body& body);
  bool send_piece(std::string_view data);
  bool await_continue();
  void flush();
  bool resend();

  // Reads heads until a final one stands in `head`, or with `until_continue` until a 100 came.
  // True: a final one.
  bool read_head(bool until_continue);
  HTTPResponse take_response();
  void finish(HTTPResponse::State& state);
  void abandon() noexcept;
  void trace_head(bool sent, std::string_view text) const;

  std::string host;
  std::uint16_t port = 0;
  std::string host_header;
  HTTPOptions options;
  std::optional<Deadline> deadline;  // the caller's own
  Stream stream;
  std::uint64_t sent = 0;      // requests over the stream that is open
  std::uint64_t answered = 0;  // of them
  std::string tunnel_host;
  std::uint16_t tunnel_port = 0;
  Fields tunnel_headers;
  std::shared_ptr<const TLSContext> proxy_tls;

  Step step = Step::idle;
  std::string method_by_hand, target_by_hand;
  Fields fields_by_hand;
  bool skip_host_by_hand = false;

  std::string out;          // heads: to be sent, and until their responses begin to be sent again
  std::size_t flushed = 0;  // of `out`
  std::vector<Pending> pending;  // oldest first
  bool upload_cut = false;       // a body was not sent to its end
  bool head_ready = false;       // a final head came during the upload
  std::size_t interim = 0;
  ResponseHeadParser head;
  std::shared_ptr<HTTPResponse::State> current;  // reused where the caller has let go of it
};

inline Stream& HTTPResponse::State::stream() {
  if (owner == nullptr) no_owner();
  return owner->stream;
}

// These are asked for every piece of a body.
inline std::uint64_t HTTPResponse::State::available() {
  if (framing.kind == BodyFraming::Kind::chunked) {
    if (chunks.remaining() == 0 && !chunks.done()) begin_chunk();
    return chunks.remaining();
  }
  if (framing.kind == BodyFraming::Kind::counted) return framing.length - received;
  return framing.kind == BodyFraming::Kind::until_close ? UINT64_MAX : 0;
}

inline void HTTPResponse::State::took(std::uint64_t size) {
  received += size;
  if (framing.kind == BodyFraming::Kind::chunked) {
    chunks.consumed(size);
  } else if (framing.kind == BodyFraming::Kind::counted && received == framing.length) {
    owner->finish(*this);
  }
}

template <typename F>
auto HTTPResponse::State::guarded(F f) {
  try {
    return f();
  } catch (...) {
    if (owner != nullptr) owner->abandon();
    throw;
  }
}

}  // namespace proto
