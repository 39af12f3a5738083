#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "net/write_fd.h"
#include "proto/http.h"
#include "protocol/http_impl.h"
#include "wire/http_request.h"

namespace proto {

HTTPResponse HTTPConnection::Impl::take_response() {
  if (!current || current.use_count() > 1)
    current = std::make_shared<HTTPResponse::State>(options.limits);
  HTTPResponse::State& state = *current;
  const Pending request = pending.front();
  pending.erase(pending.begin());
  head_ready = false;
  step = Step::idle;
  interim = 0;

  const std::string_view method = request.head ? "HEAD" : request.connect ? "CONNECT" : "GET";
  try {
    if (http2) {
      take_head_http2(state, request.stream, method);
    } else {
      take_head(state, method);
    }
  } catch (const ProtocolError& e) {
    throw HTTPFramingError(e.what());
  }
  state.deviations.add(state.framing.deviations);
  state.chunks.reset();
  state.received = 0;
  state.complete = false;
  state.owner = this;
  const bool empty =
      state.framing.kind == BodyFraming::Kind::none ||
      (state.framing.kind == BodyFraming::Kind::counted && state.framing.length == 0) ||
      (state.framing.kind == BodyFraming::Kind::frames && has_no_body_http2(state));
  if (state.framing.kind == BodyFraming::Kind::tunnel) {
    state.complete = true;  // release() takes it from here
    state.owner = nullptr;
    ++answered;
  } else if (empty) {
    finish(state);
  }
  return HTTPResponse(current);
}

void HTTPConnection::Impl::take_head(HTTPResponse::State& state, std::string_view method) {
  state.status = head.status();
  state.version = head.version();
  state.reason = head.reason();
  std::swap(state.headers, head.fields());  // the memory goes back and forth
  state.deviations = head.deviations();
  state.framing = framing_for(method, state.status, state.version, state.headers);
  state.keep_alive = !state.framing.must_close && !std::exchange(upload_cut, false) &&
                     keeps_alive(state.version, state.headers);
}

// The body is complete. What stands behind it and was not asked for is thrown away with the
// connection.
void HTTPConnection::Impl::finish(HTTPResponse::State& state) {
  state.complete = true;
  state.owner = nullptr;
  ++answered;
  if (http2) {
    finish_http2(state);
    return;
  }
  if (!state.keep_alive || (pending.empty() && !stream.peek().empty())) stream.close();
}

void HTTPResponse::State::no_owner() {
  throw std::logic_error("the connection went on, or was closed, before this body was read");
}

void HTTPResponse::State::truncated() const {
  const std::string peer = owner != nullptr ? owner->stream.peer() : std::string();
  if (framing.kind == BodyFraming::Kind::counted) {
    throw IncompleteBodyError("the body ended early: " + peer + ": " + std::to_string(received) +
                                  " of " + std::to_string(framing.length) + " bytes came",
                              peer, received, framing.length);
  }
  if (framing.kind == BodyFraming::Kind::frames) frames_truncated(peer);
  try {
    chunks.finish();  // knows where in the framing it is
  } catch (const ClosedError& e) {
    throw IncompleteBodyError(e.what(), peer, received, std::nullopt);
  }
}

// Reads framing until data comes, or the end.
void HTTPResponse::State::begin_chunk() {
  Stream& from = stream();
  const std::size_t usual = chunks.feed_usual(from.peek());
  if (usual == 0) return begin_other_chunk(from);
  from.consume(usual);
}

void HTTPResponse::State::begin_other_chunk(Stream& from) {
  for (;;) {
    const std::size_t used = chunks.feed(from.peek());
    from.consume(used);
    if (chunks.remaining() != 0 || chunks.done()) return;
    if (used == 0 && !from.fill()) truncated();
  }
}

std::string_view HTTPResponse::State::next(std::size_t most) {
  if (complete) return {};
  const std::uint64_t left = available();
  if (left == 0) owner->finish(*this);
  if (left == 0 || most == 0) return {};
  if (framing.kind == BodyFraming::Kind::frames) return frames_at_hand().substr(0, most);
  Stream& from = stream();
  if (from.peek().empty() && !from.fill()) {
    if (framing.kind != BodyFraming::Kind::until_close) truncated();
    owner->finish(*this);
    return {};
  }
  const std::string_view piece =
      from.peek().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left, most)));
  from.consume(piece.size());
  return piece;
}

// Whether body, or its end, is there already. Framing in the buffer is read as far as it goes: its
// rest may be long in coming.
bool HTTPResponse::State::has_more() {
  if (framing.kind == BodyFraming::Kind::frames) return frames_have_more();
  Stream& from = stream();
  if (framing.kind != BodyFraming::Kind::chunked) return !from.peek().empty();
  if (chunks.remaining() == 0 && !chunks.done()) from.consume(chunks.feed(from.peek()));
  return chunks.done() || (chunks.remaining() != 0 && !from.peek().empty());
}

// Through the buffer: pieces are taken until a further one would have to be waited for.
std::size_t HTTPResponse::State::gather(std::span<char> into) {
  std::size_t done = 0;
  while (done < into.size() && !complete && (done == 0 || has_more())) {
    const std::string_view piece = next(into.size() - done);
    std::copy(piece.begin(), piece.end(), into.begin() + static_cast<std::ptrdiff_t>(done));
    done += piece.size();
    if (!piece.empty()) took(piece.size());
  }
  return done;
}

HTTPResponse::HTTPResponse() noexcept = default;
HTTPResponse::HTTPResponse(HTTPResponse&&) noexcept = default;
HTTPResponse& HTTPResponse::operator=(HTTPResponse&&) noexcept = default;
HTTPResponse::~HTTPResponse() = default;
HTTPResponse::HTTPResponse(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

HTTPResponse::State& HTTPResponse::checked() const {
  if (!state_) throw std::logic_error("an empty HTTPResponse");
  return *state_;
}

int HTTPResponse::status() const noexcept {
  return state_ ? state_->status : 0;
}
int HTTPResponse::version() const noexcept {
  return state_ ? state_->version : 0;
}
const std::string& HTTPResponse::reason() const noexcept {
  return state_->reason;
}
const Fields& HTTPResponse::headers() const noexcept {
  return state_->headers;
}
const Fields& HTTPResponse::trailers() const noexcept {
  const State& s = *state_;
  return s.framing.kind == BodyFraming::Kind::frames ? s.frames_trailers : s.chunks.trailers();
}
std::uint64_t HTTPResponse::received() const noexcept {
  return state_->received;
}
bool HTTPResponse::complete() const noexcept {
  return state_->complete;
}
bool HTTPResponse::length_verified() const noexcept {
  return state_->framing.kind != BodyFraming::Kind::until_close;
}

std::optional<std::uint64_t> HTTPResponse::content_length() const noexcept {
  if (state_->framing.kind == BodyFraming::Kind::counted) return state_->framing.length;
  if (state_->framing.kind == BodyFraming::Kind::frames &&
      state_->framing.length != BodyFraming::kUnknown)
    return state_->framing.length;
  if (state_->framing.kind == BodyFraming::Kind::none) return 0;
  return std::nullopt;
}

std::string HTTPResponse::head_text() const {
  const State& s = checked();
  std::string out = s.version == 20 ? "HTTP/2 " : s.version == 10 ? "HTTP/1.0 " : "HTTP/1.1 ";
  out += std::to_string(s.status) + " " + s.reason + "\r\n";
  append_fields(out, s.headers);
  out += "\r\n";
  return out;
}

std::vector<std::string> HTTPResponse::deviations() const {
  std::vector<std::string> out;
  for (unsigned bit = 1; bit <= static_cast<unsigned>(Deviation::body_fields_without_body);
       bit <<= 1) {
    const auto one = static_cast<Deviation>(bit);
    if (checked().deviations.has(one)) out.emplace_back(to_string(one));
  }
  return out;
}

std::string_view HTTPResponse::read_view() {
  State& s = checked();
  return s.guarded([&] {
    const std::string_view piece = s.next(SIZE_MAX);
    // Done before the caller looks at it: only a closed stream would take the bytes away, so that
    // one is kept for now.
    if (!piece.empty()) s.took(piece.size());
    return piece;
  });
}

std::size_t HTTPResponse::read_into(std::span<char> into) {
  State& s = checked();
  if (into.empty()) return 0;
  return s.guarded([&]() -> std::size_t {
    // A long stretch of body goes straight from the transport into the caller's memory.
    constexpr std::uint64_t kDirect = 16 * 1024;
    if (!s.complete && into.size() >= kDirect && s.stream().peek().empty() &&
        s.available() >= kDirect && s.at_hand().empty()) {
      const std::uint64_t most = std::min<std::uint64_t>(into.size(), s.available());
      const std::size_t n = s.stream().read(into.first(static_cast<std::size_t>(most)));
      if (n == 0 && s.framing.kind != BodyFraming::Kind::until_close) s.truncated();
      if (n == 0) {
        s.owner->finish(s);
      } else {
        s.took(n);
      }
      return n;
    }
    return s.gather(into);
  });
}

std::string HTTPResponse::read() {
  State& s = checked();
  std::string out;
  if (s.framing.kind == BodyFraming::Kind::counted && !s.complete) {
    // Never reserved on the peer's word alone.
    out.reserve(
        static_cast<std::size_t>(std::min<std::uint64_t>(s.framing.length - s.received, 1 << 20)));
  }
  for (std::string_view piece = read_view(); !piece.empty(); piece = read_view()) {
    if (out.size() + piece.size() > s.max_read_bytes) {
      if (s.owner != nullptr) s.owner->abandon();
      throw LimitError("a body of more than " + std::to_string(s.max_read_bytes) + " bytes");
    }
    out += piece;
  }
  return out;
}

std::string HTTPResponse::read(std::size_t size) {
  std::string out;
  while (out.size() < size) {
    const std::size_t have = out.size();
    out.resize(have + std::min<std::size_t>(size - have, std::size_t{64} * 1024));
    const std::size_t n = read_into({out.data() + have, out.size() - have});
    out.resize(have + n);
    if (n == 0) break;
  }
  return out;
}

std::string HTTPResponse::readline(std::size_t max_bytes) {
  State& s = checked();
  return s.guarded([&] {
    std::string out;
    while (!out.ends_with('\n') && !s.complete) {
      std::uint64_t left = s.available();
      if (left != 0 && s.at_hand().empty() && !s.stream().fill()) {
        if (s.framing.kind != BodyFraming::Kind::until_close) s.truncated();
        left = 0;
      }
      if (left == 0) {
        s.owner->finish(s);
        break;
      }
      const std::string_view have = s.at_hand().substr(0, static_cast<std::size_t>(left));
      const auto end = have.find('\n');
      const std::string_view piece = have.substr(0, end == std::string_view::npos ? end : end + 1);
      if (out.size() + piece.size() > max_bytes) {
        throw LimitError("a line of the body is longer than " + std::to_string(max_bytes) +
                         " bytes");
      }
      out += piece;
      s.use(piece.size());
    }
    return out;
  });
}

void HTTPResponse::read_to(const std::function<void(std::string_view)>& sink) {
  for (std::string_view piece = read_view(); !piece.empty(); piece = read_view()) sink(piece);
}

// Small chunks are put together first: one call writes many.
std::uint64_t HTTPResponse::State::move_chunks_to_fd(int fd, std::uint64_t most) {
  constexpr std::size_t kScratch = 2 * Stream::kBufferBytes;
  if (!scratch) scratch.reset(new char[kScratch]);
  const std::size_t n =
      gather({scratch.get(), static_cast<std::size_t>(std::min<std::uint64_t>(kScratch, most))});
  write_to_fd(fd, {scratch.get(), n});
  return n;
}

std::uint64_t HTTPResponse::read_to_fd(int fd, std::uint64_t max_bytes) {
  State& s = checked();
  if (s.complete || max_bytes == 0) return 0;
  return s.guarded([&]() -> std::uint64_t {
    const std::uint64_t most = std::min(s.available(), max_bytes);
    const bool pieces =
        s.framing.kind == BodyFraming::Kind::frames ||
        (s.framing.kind == BodyFraming::Kind::chunked && most < Stream::kBufferBytes);
    if (pieces && most != 0) return s.move_chunks_to_fd(fd, max_bytes);
    if (most == 0) {
      s.owner->finish(s);
      return 0;
    }
    const std::uint64_t n = s.stream().move_to_fd(fd, most);
    if (n == 0) {
      if (s.framing.kind != BodyFraming::Kind::until_close) s.truncated();
      s.owner->finish(s);
    } else {
      s.took(n);
    }
    return n;
  });
}

}  // namespace proto
