// How HTTPConnection speaks HTTP/2: the same requests, as streams (RFC 9113 §8).
#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "base/integers.h"
#include "proto/http.h"
#include "protocol/http_impl.h"
#include "wire/http2_head.h"

namespace proto {

namespace {

// Bytes. A body up to here goes out with its head, as far as the peer's window allows.
constexpr std::size_t kGatheredBody = std::size_t{64} * 1024;

}  // namespace

bool has_http2() noexcept {
  return HTTP2Session::built_in();
}

bool HTTPConnection::Impl::agreed_on_http2() const noexcept {
  return options.tls ? stream.tls()->info().alpn == "h2" : options.http2_prior_knowledge;
}

// What came since the last response may be a GOAWAY.
void HTTPConnection::Impl::refresh_http2() {
  if (!stream.is_open() || !pending.empty()) return;
  try {
    http2->receive_buffered();
  } catch (const Error&) {
    stream.close();  // nobody waits for what it says
    return;
  }
  if (!http2->session.accepts_requests()) stream.close();
}

// Heads are kept as HTTP/1.1 has them: what they are sent as is known only once a connection is
// open, and may be another thing over the next one.
void HTTPConnection::Impl::submit(bool body) {
  auto next = std::find_if(pending.begin(), pending.end(),
                           [](const Pending& request) { return request.stream == 0; });
  std::string_view heads = std::string_view(out).substr(flushed);
  flushed = out.size();
  while (!heads.empty()) {
    const HTTP2Request request = take_http2_request(heads, options.tls);
    if (options.connect.trace) trace_head(true, to_text(request));
    next->stream = http2->session.request(request, body && heads.empty());
    ++next;
  }
}

void HTTPConnection::Impl::send_http2(const Body& body, bool expect_continue) {
  const bool has_body = body.present() && body.length() != std::uint64_t{0};
  submit(has_body);
  if (!has_body || expect_continue) http2->flush();
  if (!has_body) return;
  if (expect_continue && !await_continue_http2()) {
    head_ready = true;
  } else if (body.source()) {
    send_source_http2(body);
  } else {
    http2->session.send_body(pending.back().stream, body.bytes(), true);
    if (body.bytes().size() <= kGatheredBody) http2->flush();
    push_http2();
  }
}

void HTTPConnection::Impl::send_source_http2(const Body& body) {
  constexpr std::size_t kPiece = std::size_t{64} * 1024;
  std::string buffer(kPiece, '\0');
  std::uint64_t left = body.length().value_or(UINT64_MAX);
  for (;;) {
    const std::size_t room = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, left));
    const std::size_t n = room == 0 ? 0 : body.source()({buffer.data(), room});
    if (n > room)
      throw std::logic_error("a body's source said that it gave more than it was asked for");
    if (body.length()) left -= n;
    if (n == 0 && body.length() && left > 0) {
      throw ProtocolError("the body ended " + std::to_string(left) +
                          " bytes before its Content-Length");
    }
    const bool end = n == 0 || left == 0;
    if (!send_piece_http2({buffer.data(), n}, end) || end) return;
  }
}

bool HTTPConnection::Impl::send_piece_http2(std::string_view data, bool end) {
  http2->session.send_body(pending.back().stream, data, end);
  return push_http2();
}

// Both directions are watched, as over HTTP/1.1. False: nothing more is to be sent.
bool HTTPConnection::Impl::push_http2() {
  HTTP2Session& session = http2->session;
  const HTTP2Session::StreamID id = pending.back().stream;
  for (bool more = true; more; more = http2->receive()) {
    while (hear_http2(id) == Word::go_on) {
    }
    head_ready = session.responses().head(id) != nullptr;
    // It may have been over before this piece.
    if (head_ready || session.responses().loss(id) || http2->refuses()) break;
    if (http2->send_until_readable()) return true;
  }
  session.send_body(id, {}, false);
  return false;
}

void HTTPConnection::Impl::begin_by_hand_http2(std::string_view body) {
  framing_by_hand = {};
  if (fields_by_hand.contains("Transfer-Encoding")) {
    framing_by_hand.chunks.emplace();
  } else {
    framing_by_hand.left = parse_decimal(*fields_by_hand.get("Content-Length")).value_or(0);
  }
  submit(framing_by_hand.chunks || framing_by_hand.left != 0);
  http2->flush();
  if (!body.empty()) send_by_hand_http2(body);
}

void HTTPConnection::Impl::send_by_hand_http2(std::string_view data) {
  HandFraming& by_hand = framing_by_hand;
  if (!by_hand.chunks) {
    if (data.size() > by_hand.left)
      throw std::logic_error("send() of more than the Content-Length that was put");
    by_hand.left -= data.size();
    send_piece_http2(data, by_hand.left == 0);
    return;
  }
  ChunkedDecoder& chunks = *by_hand.chunks;
  by_hand.rest += data;
  std::string_view rest = by_hand.rest;
  while (!rest.empty() && !chunks.done() && !head_ready) {
    const std::size_t n =
        static_cast<std::size_t>(std::min<std::uint64_t>(rest.size(), chunks.remaining()));
    const std::size_t framing = n == 0 ? chunks.feed(rest) : 0;
    if (n + framing == 0) break;
    if (n != 0) {
      chunks.consumed(n);
      send_piece_http2(rest.substr(0, n), false);
    }
    rest.remove_prefix(n + framing);
    if (chunks.done()) send_piece_http2({}, true);
  }
  by_hand.rest.erase(0, by_hand.rest.size() - rest.size());
}

// RFC 9110 §10.1.1. True: send the body.
bool HTTPConnection::Impl::await_continue_http2() {
  const Deadline patience = earlier(stream.deadline(), Deadline::after(options.continue_timeout));
  const HTTP2Session::StreamID id = pending.back().stream;
  for (;;) {
    const Word word = hear_http2(id);
    if (word != Word::none) return word == Word::go_on;
    if (http2->session.responses().loss(id)) return true;  // getresponse() will tell
    if (stream.peek().empty()) {
      try {
        stream.transport()->wait({.read = true}, patience);
      } catch (const TimeoutError&) {
        if (stream.deadline().expired()) throw;
        return true;
      }
    }
    if (!http2->receive()) return true;
  }
}

// Takes 1xx up to a 100.
HTTPConnection::Impl::Word HTTPConnection::Impl::hear_http2(HTTP2Session::StreamID id) {
  while (const HTTP2Head* next = http2->session.responses().head(id)) {
    if (next->status >= 200) return Word::final_head;
    const HTTP2Head taken = http2->session.responses().take_head(id);
    if (options.connect.trace) trace_head(false, to_text(taken));
    pass_interim(taken.status, taken.fields);
    if (taken.status == 100) return Word::go_on;
  }
  return Word::none;
}

void HTTPConnection::Impl::read_head_http2() {
  HTTP2Session& session = http2->session;
  const HTTP2Session::StreamID id = pending.front().stream;
  session.responses().read_body_of(id);
  for (;;) {
    const Word word = hear_http2(id);
    if (word == Word::final_head) return;
    if (word == Word::go_on) continue;
    if (const auto loss = session.responses().loss(id)) {
      const std::string& peer = stream.peer();
      if (!loss->processed) {
        throw NotProcessedError("the request was not processed: " + peer + ": " + loss->reason, 0,
                                Phase::receive, peer);
      }
      throw ClosedError("no reply: " + peer + ": RST_STREAM " + loss->reason, 0, Phase::receive,
                        peer);
    }
    if (!http2->receive()) {
      const std::string& why = session.goaway_reason();
      throw EmptyReplyError("empty reply from " + stream.peer() + ": the connection was closed" +
                                (why.empty() ? "" : " (" + why + ")"),
                            0, Phase::receive, stream.peer());
    }
  }
}

void HTTPConnection::Impl::take_head_http2(HTTPResponse::State& state, HTTP2Session::StreamID id,
                                           std::string_view method) {
  http2->session.responses().read_body_of(id);
  HTTP2Head taken = http2->session.responses().take_head(id);
  if (options.connect.trace) trace_head(false, to_text(taken));
  state.status = taken.status;
  state.version = 20;
  state.reason.clear();
  state.headers = std::move(taken.fields);
  state.deviations = {};
  state.framing = framing_for_http2(method, state.status, state.headers);
  state.keep_alive = true;
  state.frames_of = id;
  state.frames_trailers.clear();
  upload_cut = false;  // the other streams do not mind
}

// The head ended the response. A length above 0 is left for the reader to miss.
bool HTTPConnection::Impl::has_no_body_http2(const HTTPResponse::State& state) const {
  const std::uint64_t length = state.framing.length;
  return (length == 0 || length == BodyFraming::kUnknown) &&
         http2->session.responses().ended(state.frames_of) &&
         http2->session.responses().piece().empty();
}

void HTTPConnection::Impl::finish_http2(HTTPResponse::State& state) {
  HTTP2Session& session = http2->session;
  state.frames_trailers = session.responses().take_trailers(state.frames_of);
  session.forget(state.frames_of);
  try {
    http2->flush_small();
  } catch (const NetworkError&) {
    stream.close();  // the body is complete all the same
  }
  if (pending.empty() && (!session.accepts_requests() || http2->refuses())) stream.close();
}

// Reads frames until a piece of the body comes, or its end.
void HTTPResponse::State::begin_frame() {
  stream();  // or no_owner()
  HTTP2Link& link = *owner->http2;
  while (link.session.responses().piece().empty() && !link.session.responses().ended(frames_of)) {
    if (link.session.responses().loss(frames_of) || !link.receive()) truncated();
  }
  const std::size_t size = link.session.responses().piece().size();
  if (size == 0 && framing.length != BodyFraming::kUnknown && received != framing.length)
    truncated();
}

std::string_view HTTPResponse::State::frames_at_hand() {
  stream();
  const std::string_view piece = owner->http2->session.responses().piece();
  if (piece.size() > framing.length - received) {
    throw HTTPFramingError("HTTP/2 response: a body of more than the " +
                           std::to_string(framing.length) + " bytes of its Content-Length");
  }
  return piece;
}

void HTTPResponse::State::took_of_frame(std::uint64_t size) {
  HTTP2Link& link = *owner->http2;
  link.session.consume(static_cast<std::size_t>(size));
  link.settle();
  if (all_of_frames()) owner->finish(*this);
}

bool HTTPResponse::State::frames_have_more() {
  stream();
  HTTP2Link& link = *owner->http2;
  link.receive_buffered();
  return !link.session.responses().piece().empty() || all_of_frames();
}

// Every byte that was promised, and the end.
bool HTTPResponse::State::all_of_frames() const {
  const bool whole = framing.length == BodyFraming::kUnknown || framing.length == received;
  const HTTP2Responses& responses = owner->http2->session.responses();
  return whole && responses.piece().empty() && responses.ended(frames_of);
}

void HTTPResponse::State::use(std::size_t size) {
  if (framing.kind != BodyFraming::Kind::frames) stream().consume(size);
  took(size);
}

bool HTTPResponse::State::ends_with_framing() const {
  return (framing.kind == BodyFraming::Kind::chunked && chunks.remaining() == 0) ||
         (framing.kind == BodyFraming::Kind::frames &&
          owner->http2->session.responses().piece().empty());
}

void HTTPResponse::State::frames_truncated(const std::string& peer) const {
  const auto loss = owner != nullptr ? owner->http2->session.responses().loss(frames_of)
                                     : std::optional<HTTP2Responses::Loss>();
  const std::optional<std::uint64_t> expected =
      framing.length == BodyFraming::kUnknown ? std::nullopt : std::optional(framing.length);
  throw IncompleteBodyError("the body ended early: " + peer + ": " + std::to_string(received) +
                                (expected ? " of " + std::to_string(*expected) : "") +
                                " bytes came" + (loss ? ", then RST_STREAM " + loss->reason : ""),
                            peer, received, expected);
}

}  // namespace proto
