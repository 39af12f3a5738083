// HTTP/2 over a stream that is open: a session, and what of it is to be sent.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "proto/http.h"
#include "wire/http2.h"

namespace proto {

// One thread at a time, with the stream, which must outlive it.
class HTTP2Link {
 public:
  HTTP2Link(Stream& stream, const HTTPOptions& options);

  // Sends what the session has to say, also its answers to the peer's housekeeping.
  void flush();
  // Sends as much of a request's body as goes until the peer says something, waiting for it where
  // the peer's window is full. True: all of what send_body() was given is sent.
  bool send_until_readable();
  // flush(), but only where that is little, and no further than the peer takes before it says
  // something.
  void flush_small();
  // A send failed: what comes can be read, but no request goes out any more.
  bool refuses() const noexcept { return refuses_; }
  // Feeds the session: what is buffered, or else what comes next. False: the peer ended the stream.
  bool receive();
  // The same without waiting: of what is buffered, up to a piece of the body that is being read.
  void receive_buffered();
  // What the frame whose last piece has been used up means beyond it: maybe the end.
  void settle();

  HTTP2Session session;

 private:
  template <typename Write>
  void send(Write write);
  void send_before_reading();
  void feed();
  std::string_view unsent() const { return std::string_view(out_).substr(out_at_); }
  void take_output();

  Stream& stream_;
  const std::chrono::milliseconds idle_;  // bounds each wait
  std::string out_;
  std::size_t out_at_ = 0;
  bool refuses_ = false;
};

}  // namespace proto
