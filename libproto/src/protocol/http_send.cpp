// How a request goes out, and what the server may say meanwhile.
#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>

#include "proto/http.h"
#include "protocol/http_impl.h"
#include "wire/chunked.h"

namespace proto {

namespace {

// Bytes. A body up to here goes out with its head, in one call.
constexpr std::size_t kGatheredBody = std::size_t{64} * 1024;

}  // namespace

void HTTPConnection::Impl::flush() {
  if (flushed == out.size()) return;
  if (http2) {
    submit(false);
    http2->flush();
    return;
  }
  const std::string_view rest = std::string_view(out).substr(flushed);
  flushed = out.size();
  stream.write(rest);
}

void HTTPConnection::Impl::send(const Body& body, bool expect_continue) {
  if (http2) {
    send_http2(body, expect_continue);
    return;
  }
  const std::string_view unsent = std::string_view(out).substr(flushed);
  if (!body.present() || (body.length() == std::uint64_t{0})) {
    flush();
  } else if (expect_continue) {
    flush();
    if (await_continue()) {
      send_body(body);
    } else {
      upload_cut = true;
    }
  } else if (!body.source() && body.bytes().size() <= kGatheredBody) {
    flushed = out.size();
    const std::string_view parts[] = {unsent, body.bytes()};
    stream.write(parts);
  } else {
    flush();
    send_body(body);
  }
}

// Both directions are watched: a final response that comes during the upload ends it. False: it
// came.
bool HTTPConnection::Impl::send_piece(std::string_view data) {
  while (!data.empty()) {
    const std::size_t went = stream.write_until_readable(data);
    data.remove_prefix(went);
    if (data.empty()) break;
    if (read_head(true)) {
      head_ready = upload_cut = true;
      return false;
    }
  }
  return true;
}

void HTTPConnection::Impl::send_body(const Body& body) {
  if (body.source()) {
    send_source(body);
  } else {
    send_piece(body.bytes());
  }
}

void HTTPConnection::Impl::send_source(const Body& body) {
  // A chunk's head goes before its data and its end behind it, in one piece of memory: one call
  // sends them.
  constexpr std::size_t kRoom = 20;
  constexpr std::size_t kPiece = std::size_t{64} * 1024;
  std::string buffer(kRoom + kPiece + 2, '\0');
  std::uint64_t left = body.length().value_or(UINT64_MAX);
  while (left > 0) {
    const std::size_t room = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, left));
    const std::size_t n = body.source()({buffer.data() + kRoom, room});
    if (n > room)
      throw std::logic_error("a body's source said that it gave more than it was asked for");
    if (n == 0) break;
    std::string_view piece(buffer.data() + kRoom, n);
    if (!body.length()) {
      const ChunkHeader header(n);
      const std::string_view text = header.text();
      std::copy(text.begin(), text.end(),
                buffer.begin() + static_cast<std::ptrdiff_t>(kRoom - text.size()));
      buffer[kRoom + n] = '\r';
      buffer[kRoom + n + 1] = '\n';
      piece = std::string_view(buffer.data() + kRoom - text.size(), text.size() + n + 2);
    } else {
      left -= n;
    }
    if (!send_piece(piece)) return;
  }
  if (!body.length()) {
    send_piece(kLastChunk);
  } else if (left > 0) {
    throw ProtocolError("the body ended " + std::to_string(left) +
                        " bytes before its Content-Length");
  }
}

// RFC 9110 §10.1.1. True: send the body, because the server said so or said nothing for long
// enough.
bool HTTPConnection::Impl::await_continue() {
  const Deadline patience = earlier(stream.deadline(), Deadline::after(options.continue_timeout));
  try {
    if (stream.peek().empty()) stream.transport()->wait({.read = true}, patience);
  } catch (const TimeoutError&) {
    if (stream.deadline().expired()) throw;
    return true;
  }
  if (!read_head(true)) return true;
  head_ready = true;
  return false;
}

void HTTPConnection::Impl::pass_interim(int status, const Fields& fields) {
  if (++interim > options.limits.max_interim_responses) {
    throw LimitError("HTTP response: " + stream.peer() + ": more than " +
                     std::to_string(options.limits.max_interim_responses) + " 1xx responses");
  }
  if (options.on_interim) options.on_interim(status, fields);
}

bool HTTPConnection::Impl::read_head(bool until_continue) {
  if (http2) {
    read_head_http2();
    return true;
  }
  for (;;) {
    head.reset();
    std::size_t size = 0;
    while (stream.peek().empty() || (size = head.feed(stream.peek())) == 0) {
      if (stream.fill()) continue;
      if (stream.peek().empty()) {
        throw EmptyReplyError("empty reply from " + stream.peer() + ": the connection was closed",
                              0, Phase::receive, stream.peer());
      }
      head.finish(stream.peek());
    }
    if (options.connect.trace) trace_head(false, stream.peek().substr(0, size));
    stream.consume(size);
    const int status = head.status();
    if (status == 101 && !pending.front().upgrade) {
      throw ProtocolError("HTTP response: " + stream.peer() +
                          ": 101 Switching Protocols, which nobody asked for");
    }
    if (status >= 200 || status == 101) return true;
    pass_interim(status, head.fields());
    if (until_continue && (status == 100 || stream.peek().empty())) return false;
  }
}

// A connection that was kept alive may have been closed just when the request went out (RFC 9112
// §9.3.1): once more, over a new one, where that can do no harm.
bool HTTPConnection::Impl::resend(const NetworkError& why) {
  if (!options.retry_stale || pending.size() != 1 || interim != 0) return false;
  const bool lost = http2 ? dynamic_cast<const EmptyReplyError*>(&why) != nullptr
                          : dynamic_cast<const ClosedError*>(&why) != nullptr;
  const bool stale = (lost || why.code() == ECONNRESET || why.code() == EPIPE) && answered != 0 &&
                     pending.front().replayable && (http2 || stream.peek().empty());
  // RFC 9113 §8.7.
  const bool refused =
      pending.front().bodiless && dynamic_cast<const NotProcessedError*>(&why) != nullptr;
  if (!stale && !refused) return false;
  stream.close();
  trace_info(options.connect.trace, stale ? "the kept-alive connection was closed: once more"
                                          : "the request was not processed: once more");
  pending.front().stream = 0;
  open();
  start_operation();
  upload_cut = false;
  flushed = 0;
  flush();
  sent = 1;
  return true;
}

}  // namespace proto
