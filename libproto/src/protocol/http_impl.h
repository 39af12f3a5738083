// What HTTPConnection and HTTPResponse share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/http.h"
#include "protocol/http2_link.h"
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
  [[gnu::noinline]] void begin_other_chunk(Stream& from);  // apart: begin_chunk() is short
  bool has_more();
  void begin_frame();
  std::string_view frames_at_hand();
  void took_of_frame(std::uint64_t size);
  bool frames_have_more();
  bool all_of_frames() const;
  // The body is read, and its end stands in framing that was not.
  bool ends_with_framing() const;
  // What of the body is buffered, maybe with what follows it.
  std::string_view at_hand();
  // `size` bytes of it are used.
  void use(std::size_t size);
  void took(std::uint64_t size);
  std::size_t gather(std::span<char> into);
  std::uint64_t move_chunks_to_fd(int fd, std::uint64_t most);
  Stream& stream();
  [[noreturn]] static void no_owner();
  [[noreturn]] void truncated() const;
  [[noreturn]] void frames_truncated(const std::string& peer) const;
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
  HTTP2Session::StreamID frames_of = 0;
  Fields frames_trailers;
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
    bool bodiless = false;
    HTTP2Session::StreamID stream = 0;  // once it is under way
  };
  enum class Step { idle, headers, sending };  // of putrequest() ... send()

  void require_idle(bool replayable);
  void settle();
  void open();
  void open_through_proxy(Deadline total);
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
  bool resend(const NetworkError& why);

  // Reads heads until a final one stands in `head`, or with `until_continue` until a 100 came.
  // True: a final one.
  bool read_head(bool until_continue);
  // Counts a 1xx, and tells of it.
  void pass_interim(int status, const Fields& fields);
  HTTPResponse take_response();
  void take_head(HTTPResponse::State& state, std::string_view method);
  void finish(HTTPResponse::State& state);
  void abandon() noexcept;
  void trace_head(bool sent, std::string_view text) const;

  // The same over HTTP/2 (http2_exchange.cpp).
  enum class Word { none, go_on, final_head };  // of the server to a request
  bool agreed_on_http2() const noexcept;
  void refresh_http2();
  void submit(bool body);
  void send_http2(const Body& body, bool expect_continue);
  void send_source_http2(const Body& body);
  bool send_piece_http2(std::string_view data, bool end);
  bool push_http2();
  void begin_by_hand_http2(std::string_view body);
  void send_by_hand_http2(std::string_view data);
  bool await_continue_http2();
  Word hear_http2(HTTP2Session::StreamID id);
  void read_head_http2();
  void take_head_http2(HTTPResponse::State& state, HTTP2Session::StreamID id,
                       std::string_view method);
  bool has_no_body_http2(const HTTPResponse::State& state) const;
  void finish_http2(HTTPResponse::State& state);

  std::string host;
  std::uint16_t port = 0;
  std::string host_header;
  HTTPOptions options;
  std::optional<Deadline> deadline;  // the caller's own
  Stream stream;
  std::unique_ptr<HTTP2Link> http2;  // null where HTTP/1.1 is spoken
  std::uint64_t sent = 0;            // requests over the stream that is open
  std::uint64_t answered = 0;        // of them
  std::string tunnel_host;
  std::uint16_t tunnel_port = 0;
  Fields tunnel_headers;
  std::shared_ptr<const TLSContext> proxy_tls;

  Step step = Step::idle;
  std::string method_by_hand, target_by_hand;
  Fields fields_by_hand;
  bool skip_host_by_hand = false;
  // Over HTTP/2 the framing by hand is taken off again.
  struct HandFraming {
    std::uint64_t left = 0;
    std::optional<ChunkedDecoder> chunks;
    std::string rest;
  };
  HandFraming framing_by_hand;

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
  if (framing.kind == BodyFraming::Kind::frames) {
    if (at_hand().empty()) begin_frame();
    return at_hand().size();
  }
  return framing.kind == BodyFraming::Kind::until_close ? UINT64_MAX : 0;
}

inline std::string_view HTTPResponse::State::at_hand() {
  return framing.kind == BodyFraming::Kind::frames ? frames_at_hand() : stream().peek();
}

inline void HTTPResponse::State::took(std::uint64_t size) {
  received += size;
  if (framing.kind == BodyFraming::Kind::chunked) {
    chunks.consumed(size);
  } else if (framing.kind == BodyFraming::Kind::counted) {
    if (received == framing.length) owner->finish(*this);
  } else if (framing.kind == BodyFraming::Kind::frames) {
    took_of_frame(size);
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
