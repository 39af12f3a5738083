// The client's side of one HTTP/2 connection (RFC 9113), over nghttp2: bytes in, heads and bodies
// out, bytes to send. It holds no descriptor and no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "wire/http2_head.h"
#include "wire/http2_responses.h"

namespace proto {

struct HTTP2Limits {
  HTTP2Responses::Limits responses;
  // Frames in a row that bring no byte of a head or a body, nor let one go out: floods of PING,
  // SETTINGS, RST_STREAM, empty CONTINUATION and the like end here.
  std::size_t max_idle_frames = 10'000;
  // Bytes of a body that the peer may send ahead of what is read. Only streams that wait for their
  // turn take memory for it.
  std::uint32_t window = std::uint32_t{1} << 24;
};

// What the peer does against RFC 9113 is a ProtocolError, what passes a limit a LimitError; the
// session is over then. The result does not depend on how the bytes were cut.
class HTTP2Session {
 public:
  using StreamID = HTTP2StreamID;

  // False: this library was built without nghttp2, and no session can be made.
  static bool built_in() noexcept;

  explicit HTTP2Session(const HTTP2Limits& limits = {});
  ~HTTP2Session();
  HTTP2Session(const HTTP2Session&) = delete;
  HTTP2Session& operator=(const HTTP2Session&) = delete;

  // Queues a request. `body`: what send_body() brings follows.
  StreamID request(const HTTP2Request& request, bool body);
  // False once the peer said GOAWAY, or no stream is left: the next request needs another
  // connection.
  bool accepts_requests() const noexcept;
  // Of the GOAWAY that came: "ENHANCE_YOUR_CALM", say. Empty: none came, or it was a friendly one.
  const std::string& goaway_reason() const noexcept;

  // Takes what came, up to the end of one frame, or of a piece() of the body that is being read:
  // how much it used. The piece stands in `bytes`.
  std::size_t feed(std::string_view bytes);
  // True: feed() has work even without a further byte.
  bool has_input() const noexcept;

  // Appends what is to be sent; stops once `out` has `max_bytes` or more. To be called after each
  // feed(): a peer's fault may show here only.
  void take_output(std::string& out, std::size_t max_bytes);

  // Gives the next bytes of a request's body. They are taken as the peer's windows allow, and must
  // stay where they are until unsent() is 0. `end`: the last ones, maybe none.
  void send_body(StreamID id, std::string_view data, bool end);
  // Of what send_body() was given.
  std::size_t unsent() const noexcept;
  // The end included.
  bool body_sent() const noexcept;

  // What came.
  HTTP2Responses& responses() noexcept { return responses_; }
  const HTTP2Responses& responses() const noexcept { return responses_; }
  // Of responses().piece(), and lets the peer send as much again.
  void consume(std::size_t size);
  // Done with it. What was not sent or received yet will not be (RST_STREAM); the connection goes
  // on, and so does a piece() that was given.
  void forget(StreamID id);

 private:
  struct Impl;
  HTTP2Responses responses_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace proto
