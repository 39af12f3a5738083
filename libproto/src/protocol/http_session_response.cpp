#include <algorithm>
#include <stdexcept>
#include <utility>

#include "net/write_fd.h"
#include "protocol/http_session_impl.h"
#include "wire/byte_range.h"
#include "wire/validators.h"

namespace proto {

// The connection waits for its next request.
void SessionResponse::State::finish() {
  if (!connection) return;
  if (source().complete() && !request.canceller)
    session.pool.give_back(key, std::move(*connection));
  connection.reset();
}

namespace {

std::optional<ContentRange> content_range_of(const HTTPResponse& response) {
  const auto field = response.getheader("Content-Range");
  return field ? parse_content_range(*field) : std::nullopt;
}

}  // namespace

// Only what cannot be spliced wrongly: an identity body of a GET, under a strong validator (RFC
// 9110 §13.1.5).
bool SessionResponse::State::can_resume() const {
  const HTTPResponse& from = source();
  return retries < session.options.retry.max_retries && request.method == "GET" && !decoder &&
         (from.status() == 200 || from.status() == 206) && from.length_verified() &&
         !from.headers().contains("Content-Encoding") && if_range_for(from.headers()).has_value() &&
         !deadline.expired();
}

void SessionResponse::State::resume(const std::exception& why) {
  const HTTPResponse& broken = source();
  const std::string validator = *if_range_for(broken.headers());
  const auto old_range = content_range_of(broken);
  const bool partial = broken.status() == 206 && old_range && old_range->range;
  const std::uint64_t at = (partial ? old_range->range->first : 0) + broken.received();
  session.log(std::string(why.what()) + "; going on at byte " + std::to_string(at));
  connection.reset();
  State next(session, request, deadline);
  next.request.headers.set("Range", "bytes=" + std::to_string(at) + "-" +
                                        (partial ? std::to_string(old_range->range->last) : ""));
  next.request.headers.set("If-Range", validator);
  next.retries = retries + 1;
  pause_until(canceller(),
              Deadline::after(session.options.retry.delay.value_or(std::chrono::seconds(1))),
              deadline);
  SessionExchange(session, next).run();
  const auto range = content_range_of(next.response);
  if (next.response.status() != 206 || !range || !range->range || range->range->first != at ||
      if_range_for(next.response.headers()) != validator) {
    throw ResourceChangedError("the body broke off at byte " + std::to_string(at) + ", and " +
                               request.url.to_string() + " has changed since, or gives no ranges");
  }
  received_before += broken.received();
  retries = next.retries;
  connects += next.connects;
  for (Attempt& attempt : next.attempts) attempts.push_back(std::move(attempt));
  key = next.key;
  connection = std::move(next.connection);
  resumed = std::move(next.response);
}

// `read(source)` gives bytes, or none at the end.
template <typename Read>
auto SessionResponse::State::read_on(Read read) {
  for (;;) {
    try {
      auto got = read(source());
      // Not before: until now what was read may stand in the connection's buffer.
      if (got == decltype(got){}) finish();
      return got;
    } catch (const NetworkError& e) {
      if (!can_resume()) throw;
      resume(e);
    }
  }
}

SessionResponse::SessionResponse(std::unique_ptr<State> state) : state_(std::move(state)) {}
SessionResponse::SessionResponse(SessionResponse&&) noexcept = default;
SessionResponse& SessionResponse::operator=(SessionResponse&&) noexcept = default;
SessionResponse::~SessionResponse() {
  if (state_) state_->finish();
}

void SessionResponse::close() noexcept {
  state_->connection.reset();
}

const HTTPResponse& SessionResponse::response() const noexcept {
  return state_->response;
}
const URL& SessionResponse::url() const noexcept {
  return state_->request.url;
}
unsigned SessionResponse::redirects() const noexcept {
  return state_->redirects;
}
const std::vector<Attempt>& SessionResponse::attempts() const noexcept {
  return state_->attempts;
}
const ConnectTimes& SessionResponse::times() const noexcept {
  return state_->times;
}
const std::string& SessionResponse::peer() const noexcept {
  return state_->peer;
}
unsigned SessionResponse::connects() const noexcept {
  return state_->connects;
}
const TLSInfo* SessionResponse::tls_info() const noexcept {
  return state_->tls_info ? &*state_->tls_info : nullptr;
}
std::uint64_t SessionResponse::received() const noexcept {
  return state_->received_before + state_->source().received();
}
std::uint64_t SessionResponse::delivered() const noexcept {
  return state_->delivered;
}
std::optional<std::uint64_t> SessionResponse::content_length() const noexcept {
  return state_->decoder ? std::nullopt : state_->response.content_length();
}

std::string_view SessionResponse::read_view() {
  State& s = *state_;
  const auto raw = [&s] { return s.read_on([](HTTPResponse& from) { return from.read_view(); }); };
  if (!s.decoder) {
    const std::string_view piece = raw();
    s.delivered += piece.size();
    return piece;
  }
  try {
    for (;;) {
      const std::string_view piece = s.decoder->decode(s.coded);
      s.delivered += piece.size();
      if (!piece.empty()) return piece;
      s.coded = raw();
      if (!s.coded.empty()) continue;
      s.decoder->finish();
      return {};
    }
  } catch (const HTTPFramingError&) {
    throw;
  } catch (const ProtocolError& e) {
    throw HTTPCodingError(e.what());
  }
}

std::string SessionResponse::read(std::uint64_t max_bytes) {
  std::string out;
  for (std::string_view piece = read_view(); !piece.empty(); piece = read_view()) {
    if (out.size() + piece.size() > max_bytes) {
      throw LimitError("a body of more than " + std::to_string(max_bytes) + " bytes");
    }
    out += piece;
  }
  return out;
}

std::uint64_t SessionResponse::read_to_fd(int fd, std::uint64_t max_bytes) {
  State& s = *state_;
  std::uint64_t n = 0;
  if (s.decoder) {
    const std::string_view piece = read_view();
    write_to_fd(fd, piece);
    return piece.size();
  }
  n = s.read_on([&](HTTPResponse& from) { return from.read_to_fd(fd, max_bytes); });
  s.delivered += n;
  return n;
}

}  // namespace proto
