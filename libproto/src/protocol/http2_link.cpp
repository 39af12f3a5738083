#include "protocol/http2_link.h"

#include <algorithm>
#include <cerrno>

namespace proto {

namespace {

// Bytes; about what one call sends.
constexpr std::size_t kOutput = std::size_t{64} * 1024;
constexpr std::size_t kSmall = std::size_t{4} * 1024;
// Bytes: what each stream may have under way. Bodies that wait for their turn stay in memory, so
// that it is less where requests are pipelined.
constexpr std::uint32_t kWindow = std::uint32_t{1} << 24;
constexpr std::uint32_t kPipelineWindow = std::uint32_t{1} << 18;

HTTP2Limits limits_of(const HTTPOptions& options) {
  return {.responses = {.head = {.max_head_bytes = options.limits.max_head_bytes,
                                 .max_line_bytes = options.limits.max_line_bytes,
                                 .max_fields = options.limits.max_fields},
                        .max_trailer_bytes = options.limits.max_trailer_bytes,
                        .max_interim_responses = options.limits.max_interim_responses},
          .max_idle_frames = options.limits.max_idle_frames,
          .window = options.pipeline ? kPipelineWindow : kWindow};
}

}  // namespace

HTTP2Link::HTTP2Link(Stream& stream, const HTTPOptions& options)
    : session(limits_of(options)), stream_(stream), idle_(options.connect.timeouts.idle) {}

void HTTP2Link::take_output() {
  if (out_at_ == out_.size()) {
    out_.clear();
    out_at_ = 0;
  }
  session.take_output(out_, kOutput);
  if (!refuses_) return;
  out_.clear();
  out_at_ = 0;
}

template <typename Write>
void HTTP2Link::send(Write write) {
  try {
    out_at_ += write(unsent());
  } catch (const NetworkError&) {
    refuses_ = true;
    session.send_body(0, {}, false);  // what it was given does not outlive the call
    throw;
  }
}

void HTTP2Link::flush() {
  for (take_output(); !unsent().empty(); take_output()) {
    send([this](std::string_view all) {
      stream_.write(all);
      return all.size();
    });
  }
}

bool HTTP2Link::send_until_readable() {
  for (take_output(); !unsent().empty(); take_output()) {
    send([this](std::string_view all) { return stream_.write_until_readable(all); });
    if (!unsent().empty()) return false;
  }
  // Else the peer's window is full.
  return session.body_sent();
}

void HTTP2Link::feed() {
  stream_.consume(session.feed(stream_.peek()));
  take_output();
}

void HTTP2Link::flush_small() {
  take_output();
  if (unsent().size() > kSmall) return;
  while (!unsent().empty()) {
    const Deadline end = earlier(stream_.deadline(), Deadline::after(idle_));
    if (!stream_.transport()->wait({.read = true, .write = true}, end).write) return;
    send([this](std::string_view all) { return stream_.write_some(all); });
  }
}

// Two full buffers must not wait for each other. And what the peer said before it went can be read
// although it takes nothing any more.
void HTTP2Link::send_before_reading() {
  try {
    if (unsent().size() > kSmall) {
      send_until_readable();
    } else {
      flush_small();
    }
  } catch (const NetworkError& e) {
    if (e.code() != EPIPE && e.code() != ECONNRESET) throw;
  }
}

bool HTTP2Link::receive() {
  if (stream_.peek().empty() && !session.has_input()) {
    send_before_reading();
    if (!stream_.fill()) return false;
  }
  feed();
  return true;
}

void HTTP2Link::receive_buffered() {
  while (session.responses().piece().empty() && (session.has_input() || !stream_.peek().empty()))
    feed();
}

void HTTP2Link::settle() {
  if (session.responses().piece().empty() && session.has_input()) feed();
}

}  // namespace proto
