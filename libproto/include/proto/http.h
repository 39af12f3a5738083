// HTTP/1.1, and HTTP/2 where it is asked for, over one connection (RFC 9110, RFC 9112, RFC 9113):
// HTTPConnection and HTTPResponse, after Python's http.client.
//
//   proto::HTTPConnection connection("www.example.org");
//   connection.request("GET", "/index.html");
//   auto response = connection.getresponse();
//   std::cout << response.status() << ' ' << response.reason() << '\n' << response.read();
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/deadline.h"
#include "proto/error.h"
#include "proto/fields.h"
#include "proto/stream.h"

namespace proto {

// Bytes and counts; each is a LimitError when passed.
struct HTTPLimits {
  std::size_t max_head_bytes = std::size_t{256} * 1024;
  std::size_t max_line_bytes = std::size_t{64} * 1024;
  std::size_t max_fields = 500;
  std::size_t max_interim_responses = 32;
  std::size_t max_chunk_line_bytes = std::size_t{4} * 1024;
  std::size_t max_trailer_bytes = std::size_t{16} * 1024;
  // Frames of HTTP/2 in a row that bring nothing on: PING, SETTINGS and the like.
  std::size_t max_idle_frames = 10'000;
  // What read() without a size takes into memory.
  std::uint64_t max_read_bytes = std::uint64_t{1} << 30;
};

struct HTTPOptions {
  ConnectOptions connect;
  bool tls = false;  // https
  // 10, 11, or 20: HTTP/2 where TLS agrees on it by ALPN, else HTTP/1.1. With a `connect.tls` of
  // your own its `alpn` must list "h2". Any other number, and 20 where has_http2() says that this
  // build cannot, is std::invalid_argument.
  int version = 11;
  // With version 20 and without TLS: HTTP/2 from the first byte on (RFC 9113 §3.3).
  bool http2_prior_knowledge = false;
  HTTPLimits limits;
  // How long `Expect: 100-continue` waits for a word before the body goes all the same (RFC 9110
  // §10.1.1).
  std::chrono::milliseconds continue_timeout{1000};
  // request() may be called again before getresponse(), for idempotent methods without a body (RFC
  // 9112 §9.3.2); over HTTP/2 such requests are concurrent streams.
  bool pipeline = false;
  // A kept-alive connection that the server closed before the reply: an idempotent request without
  // a body is sent once more, over a new one (RFC 9112 §9.3.1). So is any request without a body
  // that a server of HTTP/2 says it has not processed (RFC 9113 §8.7).
  bool retry_stale = true;
  // Told of every 1xx response but 101.
  std::function<void(int status, const Fields& fields)> on_interim;
};

// The proxy did not open the tunnel. code() is its status, text() the first 64 KiB of its body.
class TunnelError : public ReplyError {
 public:
  TunnelError(const std::string& what, int status, std::string body, Fields headers)
      : ReplyError(what, status, {}, std::move(body)), headers_(std::move(headers)) {}
  const Fields& headers() const noexcept { return headers_; }

 private:
  Fields headers_;
};

// The peer closed the connection without a word of a response. Over a connection that was kept
// alive it may just have timed out there.
class EmptyReplyError : public ClosedError {
 public:
  using ClosedError::ClosedError;
};

// The server says that it did nothing with the request (HTTP/2: GOAWAY, REFUSED_STREAM): sending it
// again, over a new connection, can do no harm, whatever it is (RFC 9113 §8.7).
class NotProcessedError : public ClosedError {
 public:
  using ClosedError::ClosedError;
};

// The connection was closed in a body whose end was not reached (RFC 9112 §8); http.client's
// IncompleteRead; over HTTP/2 also a stream that was reset there. Over TLS this is an end with
// close_notify; one without is a plain ClosedError.
class IncompleteBodyError : public ClosedError {
 public:
  IncompleteBodyError(const std::string& what, std::string address, std::uint64_t received,
                      std::optional<std::uint64_t> expected)
      : ClosedError(what, 0, Phase::receive, std::move(address)),
        received_(received),
        expected_(expected) {}
  // Body bytes that were read before the end, and the length that the head gave; nothing where the
  // body was chunked.
  std::uint64_t received() const noexcept { return received_; }
  std::optional<std::uint64_t> expected() const noexcept { return expected_; }

 private:
  std::uint64_t received_;
  std::optional<std::uint64_t> expected_;
};

// The fields do not say one thing about where the body ends (RFC 9112 §6.3).
class HTTPFramingError : public ProtocolError {
 public:
  using ProtocolError::ProtocolError;
};

// What a request carries: nothing, bytes, or a source that is asked for more as it goes.
class Body {
 public:
  // Puts up to into.size() > 0 bytes there and says how many; 0: the end. What it throws ends the
  // connection.
  using Source = std::function<std::size_t(std::span<char> into)>;

  Body() noexcept = default;
  // A view: the bytes must outlive the call of request().
  Body(std::string_view bytes) noexcept : bytes_(bytes), length_(bytes.size()), present_(true) {}
  Body(const char* bytes) noexcept : Body(std::string_view(bytes)) {}
  Body(const std::string& bytes) noexcept : Body(std::string_view(bytes)) {}
  // `length` bytes, or without it as many as come, chunked. A source that ends early is a
  // ProtocolError.
  static Body from_source(Source source, std::optional<std::uint64_t> length = std::nullopt);
  // A whole file, opened now. Throws ReadError where it cannot be read. A pipe or the like has no
  // length: chunked.
  static Body from_file(const std::string& path);

  bool present() const noexcept { return present_; }
  std::optional<std::uint64_t> length() const noexcept { return length_; }
  std::string_view bytes() const noexcept { return bytes_; }
  const Source& source() const noexcept { return source_; }

 private:
  std::string_view bytes_;
  Source source_;
  std::optional<std::uint64_t> length_ = 0;
  bool present_ = false;
};

// A response whose head has come; its body is read through it. It may outlive further requests
// (head and trailers stay), but its body must have been read by then. Dropped before that, it takes
// the connection with it. Move-only, one thread at a time, with its connection.
class HTTPResponse {
 public:
  HTTPResponse() noexcept;
  HTTPResponse(HTTPResponse&&) noexcept;
  HTTPResponse& operator=(HTTPResponse&&) noexcept;
  ~HTTPResponse();

  int status() const noexcept;
  const std::string& reason() const noexcept;  // as it came: escape it before you show it
  int version() const noexcept;                // 10, 11 or 20
  const Fields& headers() const noexcept;
  std::optional<std::string_view> getheader(std::string_view name) const {
    return headers().get(name);
  }
  std::string_view getheader(std::string_view name, std::string_view otherwise) const {
    return headers().get(name).value_or(otherwise);
  }
  // Every field, in the order it came; every value of `name`. The views live as long as headers().
  const Fields& getheaders() const noexcept { return headers(); }
  std::vector<std::string_view> getheaders(std::string_view name) const {
    return headers().get_all(name);
  }
  // Complete once the body has been read; fields of framing, routing and authentication are dropped
  // (RFC 9110 §6.5.1).
  const Fields& trailers() const noexcept;
  // The status line and the header lines as they are understood, each with CRLF, and the empty
  // line. HTTP/2 has no reason: "HTTP/2 200 ".
  std::string head_text() const;

  // Of the body; nothing where it is chunked or ends with the connection.
  std::optional<std::uint64_t> content_length() const noexcept;
  // Body bytes read so far.
  std::uint64_t received() const noexcept;
  // The whole body has been read.
  bool complete() const noexcept;
  // False where only the end of the connection ends the body (RFC 9112 §6.3, 8.): it may be cut
  // off, and nobody can tell.
  bool length_verified() const noexcept;
  // What the server did against the standard that was taken all the same, one line each.
  std::vector<std::string> deviations() const;

  // The rest of the body; LimitError past HTTPLimits::max_read_bytes. Each of these throws
  // IncompleteBodyError where the body ends early; what was read before stays read.
  std::string read();
  // At most `size` bytes, fewer only at the end.
  std::string read(std::size_t size);
  // Some bytes, straight into the caller's memory; 0 only at the end (or for an empty span).
  std::size_t read_into(std::span<char> into);
  // The next piece, without a copy; empty at the end. The view dies at the next call on this
  // response or its connection.
  std::string_view read_view();
  // The next line with its line end, if it has one; empty at the end. LimitError past `max_bytes`.
  std::string readline(std::size_t max_bytes = std::size_t{64} * 1024);
  // Gives the rest to `sink`, piece by piece.
  void read_to(const std::function<void(std::string_view)>& sink);
  // Moves up to `max_bytes` of the body to a descriptor, inside the kernel where it can (splice).
  // How many went; 0: the end. Throws WriteError where the descriptor refuses.
  std::uint64_t read_to_fd(int fd, std::uint64_t max_bytes = UINT64_MAX);

 private:
  friend class HTTPConnection;
  struct State;
  explicit HTTPResponse(std::shared_ptr<State> state) noexcept;
  State& checked() const;
  std::shared_ptr<State> state_;
};

// Whether this build can speak HTTP/2 (PROTO_WITH_NGHTTP2).
bool has_http2() noexcept;

// One connection to one server, opened when it is first needed and again after the server closed
// it. Move-only; one thread at a time, but cancel() may come from any. Over HTTP/2 the same calls
// do the same; fields that belong to a connection of HTTP/1.1 are left out. What the caller does
// wrong (CR, LF or NUL in anything, a call out of order) is std::invalid_argument or
// std::logic_error, before a byte is sent. A network, TLS or protocol error closes it.
class HTTPConnection {
 public:
  // `host`: a name or literal ("::1" or "[::1]"), maybe with ":port". `port` 0: that, or 80, or 443
  // with TLS. Connects to nothing yet. Throws std::invalid_argument.
  explicit HTTPConnection(std::string_view host, std::uint16_t port = 0, HTTPOptions options = {});
  HTTPConnection(HTTPConnection&&) noexcept;
  HTTPConnection& operator=(HTTPConnection&&) noexcept;
  ~HTTPConnection();

  // Sends a request; `target` as it goes on the line, "/path?query". Host is added where `headers`
  // has none, and the framing that `body` needs: Content-Length or chunked. `Expect: 100-continue`
  // among the headers is honoured. A response that comes during the upload ends it: getresponse()
  // has it.
  void request(std::string_view method, std::string_view target, const Body& body = {},
               const Fields& headers = {});
  // The next response, after every 1xx. Its body must be read before the next request. Throws
  // EmptyReplyError, NotProcessedError, ProtocolError, and what the stream throws.
  HTTPResponse getresponse();

  // The same by hand: a start line, headers, and then send() for a body that the caller frames.
  void putrequest(std::string_view method, std::string_view target, bool skip_host = false);
  void putheader(std::string_view name, std::string_view value);
  void endheaders(std::string_view body = {});
  void send(std::string_view data);

  // All that follows goes through `CONNECT host:port` to the proxy that this connection was made
  // for (RFC 9110 §9.3.6). Call it before the first request. TLS is then spoken with `host`.
  // `proxy_tls`, where given, is for the way to the proxy itself.
  void set_tunnel(std::string_view host, std::uint16_t port, const Fields& headers = {},
                  std::shared_ptr<const TLSContext> proxy_tls = nullptr);
  // Bounds what follows; without it each request has options.connect.timeouts.total.
  void set_deadline(Deadline deadline);

  // Opens the connection now. request() does it by itself.
  void connect();
  void close() noexcept;
  // From any thread: what blocks here throws CancelledError, now and ever after.
  void cancel() noexcept;

  bool is_open() const noexcept;
  const std::string& host() const noexcept;
  std::uint16_t port() const noexcept;
  // Null without TLS or before the connection is open.
  const TLSInfo* tls_info() const noexcept;
  const ConnectTimes& times() const noexcept;
  // The address that the connection which is open now goes to, as text.
  const std::string& peer() const noexcept;
  // Requests sent over the connection that is open now.
  std::uint64_t requests_sent() const noexcept;
  // The head as request() would send it, for dry runs.
  std::string request_head(std::string_view method, std::string_view target, const Body& body = {},
                           const Fields& headers = {}) const;
  // Takes what is under the connection, with what is buffered, after a 101 or a CONNECT: it is no
  // HTTP any more. Not from HTTP/2.
  Stream release();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace proto
