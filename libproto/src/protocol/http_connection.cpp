// The conversation over one connection: requests out, responses in.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/http.h"
#include "protocol/http_impl.h"
#include "wire/field_line.h"
#include "wire/http2_head.h"
#include "wire/http_request.h"

namespace proto {

namespace {

// Methods whose request has a meaning for content: without any they say so (RFC 9110 §8.6).
bool expects_content(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

bool lists_token(const Fields& fields, std::string_view name, std::string_view token) {
  for (const auto field : fields) {
    if (equals_ignoring_case(field.name, name) && equals_ignoring_case(field.value, token))
      return true;
  }
  return false;
}

}  // namespace

void HTTPConnection::Impl::append_head(std::string& to, std::string_view method,
                                       std::string_view target, const Body& body,
                                       const Fields& headers, bool skip_host) const {
  const bool framed = headers.contains("Content-Length") || headers.contains("Transfer-Encoding");
  const bool unknown_length = body.present() && !body.length();
  if (!framed && unknown_length && options.version == 10)
    throw std::invalid_argument("HTTP/1.0 has no body of unknown length");
  if (headers.contains("Transfer-Encoding") && body.length()) {
    throw std::invalid_argument(
        "a body of known length is framed by Content-Length, not Transfer-Encoding");
  }
  if (body.present() && headers.contains("Content-Length")) {
    const auto length = parse_decimal(*headers.get("Content-Length"));
    if (!length || length != body.length() || headers.contains("Transfer-Encoding")) {
      throw std::invalid_argument("the Content-Length given is not the body's");
    }
  }
  append_request_line(to, method, target, options.version);
  if (!skip_host && !headers.contains("Host"))
    to.append("Host: ").append(host_header).append("\r\n");
  append_fields(to, headers);
  if (!framed && unknown_length) {
    to.append("Transfer-Encoding: chunked\r\n");
  } else if (!framed && (body.present() || expects_content(method))) {
    to.append("Content-Length: ").append(std::to_string(*body.length())).append("\r\n");
  }
  to.append("\r\n");
}

// The previous response is done with: its body read, where need be by the last chunk's framing, or
// nobody holds it any more.
void HTTPConnection::Impl::settle() {
  if (!current || current->owner == nullptr) return;
  if (current.use_count() == 1) {
    abandon();
  } else if (current->received == 0 || !current->ends_with_framing() ||
             !current->guarded([&] { return current->next(0).empty(); }) || !current->complete) {
    throw std::logic_error("the body of the previous response has not been read");
  }
}

void HTTPConnection::Impl::require_idle(bool replayable) {
  if (step != Step::idle) throw std::logic_error("a request begun by putrequest() is not finished");
  settle();
  if (!pending.empty() && !(options.pipeline && replayable)) {
    throw std::logic_error("the previous request has no response yet: call getresponse() first");
  }
}

void HTTPConnection::Impl::start_operation() {
  stream.set_deadline(deadline ? *deadline : Deadline::after(options.connect.timeouts.total));
}

void HTTPConnection::Impl::abandon() noexcept {
  stream.close();
  http2.reset();
  pending.clear();
  out.clear();
  flushed = 0;
  step = Step::idle;
  upload_cut = head_ready = false;
  if (current) current->owner = nullptr;
}

// Secrets do not reach a trace.
void HTTPConnection::Impl::trace_head(bool is_sent, std::string_view text) const {
  if (!options.connect.trace) return;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1);
    std::string_view line = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    std::string shown(line);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && is_secret_field(line.substr(0, colon)))
      shown = std::string(line.substr(0, colon)) + ": ***";
    options.connect.trace({is_sent ? TraceEvent::Kind::sent : TraceEvent::Kind::received, shown});
  }
}

HTTPConnection::HTTPConnection(std::string_view host, std::uint16_t port, HTTPOptions options)
    : impl_(std::make_unique<Impl>(host, port, std::move(options))) {}
HTTPConnection::HTTPConnection(HTTPConnection&&) noexcept = default;
HTTPConnection& HTTPConnection::operator=(HTTPConnection&&) noexcept = default;
HTTPConnection::~HTTPConnection() = default;

void HTTPConnection::request(std::string_view method, std::string_view target, const Body& body,
                             const Fields& headers) {
  Impl& c = *impl_;
  const bool replayable = !body.present() && is_idempotent(method);
  c.require_idle(replayable);
  if (c.pending.empty()) {
    c.out.clear();
    c.flushed = 0;
  }
  c.append_head(c.out, method, target, body, headers, false);
  try {
    if (c.http2) c.refresh_http2();
    if (!c.stream.is_open()) c.open();
    c.start_operation();
    if (c.options.connect.trace && !c.http2)
      c.trace_head(true, std::string_view(c.out).substr(c.flushed));
    c.pending.push_back({.head = method == "HEAD",
                         .connect = method == "CONNECT",
                         .upgrade = headers.contains("Upgrade"),
                         .replayable = replayable,
                         .bodiless = !body.present()});
    c.interim = 0;
    ++c.sent;
    if (c.options.pipeline && replayable) return;  // goes with those behind it, at getresponse()
    c.send(body, body.present() && lists_token(headers, "Expect", "100-continue"));
  } catch (const NetworkError& e) {
    if (e.phase() != Phase::send || c.head_ready) {
      c.abandon();
      throw;
    }
    // The peer would not read on. It may have said why (413, say); getresponse() finds out.
    c.upload_cut = true;
  } catch (...) {
    c.abandon();
    throw;
  }
}

HTTPResponse HTTPConnection::getresponse() {
  Impl& c = *impl_;
  if (c.step == Impl::Step::headers) throw std::logic_error("getresponse() before endheaders()");
  c.settle();
  if (c.pending.empty()) throw std::logic_error("getresponse() without a request");
  try {
    if (!c.stream.is_open()) {
      throw ClosedError("the server closed the connection before it answered " +
                            std::to_string(c.pending.size()) + " pipelined requests",
                        0, Phase::receive, c.host);
    }
    try {
      if (!c.head_ready) {
        c.flush();
        c.read_head(false);
      }
    } catch (const NetworkError& e) {
      if (!c.resend(e)) throw;
      c.read_head(false);
    }
    return c.take_response();
  } catch (...) {
    c.abandon();
    throw;
  }
}

void HTTPConnection::putrequest(std::string_view method, std::string_view target, bool skip_host) {
  Impl& c = *impl_;
  c.require_idle(false);
  std::string probe;
  c.append_head(probe, method, target, {}, {}, skip_host);  // refuses what is wrong, now
  c.method_by_hand = method;
  c.target_by_hand = target;
  c.skip_host_by_hand = skip_host;
  c.fields_by_hand.clear();
  c.step = Impl::Step::headers;
}

void HTTPConnection::putheader(std::string_view name, std::string_view value) {
  if (impl_->step != Impl::Step::headers) throw std::logic_error("putheader() before putrequest()");
  impl_->fields_by_hand.add(name, value);
}

void HTTPConnection::endheaders(std::string_view body) {
  Impl& c = *impl_;
  if (c.step != Impl::Step::headers) throw std::logic_error("endheaders() before putrequest()");
  c.step = Impl::Step::idle;
  const bool framed =
      c.fields_by_hand.contains("Content-Length") || c.fields_by_hand.contains("Transfer-Encoding");
  c.out.clear();
  c.flushed = 0;
  Fields fields;
  if (!c.skip_host_by_hand && !c.fields_by_hand.contains("Host")) fields.add("Host", c.host_header);
  for (const auto field : c.fields_by_hand) fields.add(field.name, field.value);
  if (!framed && !body.empty()) fields.add("Content-Length", std::to_string(body.size()));
  append_request_head(c.out, c.method_by_hand, c.target_by_hand, c.options.version, fields);
  try {
    if (c.http2) c.refresh_http2();
    if (!c.stream.is_open()) c.open();
    c.start_operation();
    if (!c.http2) c.trace_head(true, c.out);
    c.pending.push_back({.head = c.method_by_hand == "HEAD",
                         .connect = c.method_by_hand == "CONNECT",
                         .upgrade = c.fields_by_hand.contains("Upgrade"),
                         .replayable = !framed && body.empty() && is_idempotent(c.method_by_hand),
                         .bodiless = !framed && body.empty()});
    c.interim = 0;
    ++c.sent;
    if (framed && c.http2) {
      c.begin_by_hand_http2(body);
    } else {
      c.send(Body(body), false);
    }
    c.step = framed ? Impl::Step::sending : Impl::Step::idle;
  } catch (...) {
    c.abandon();
    throw;
  }
}

void HTTPConnection::send(std::string_view data) {
  Impl& c = *impl_;
  if (c.step != Impl::Step::sending) throw std::logic_error("send() before endheaders()");
  if (c.head_ready) return;  // the response is here already
  try {
    if (c.http2) {
      c.send_by_hand_http2(data);
    } else {
      c.send_piece(data);
    }
  } catch (const NetworkError& e) {
    if (e.phase() != Phase::send) {
      c.abandon();
      throw;
    }
    c.upload_cut = true;
  } catch (...) {
    c.abandon();
    throw;
  }
}

void HTTPConnection::set_deadline(Deadline deadline) {
  impl_->deadline = deadline;
}

void HTTPConnection::close() noexcept {
  impl_->abandon();
}
void HTTPConnection::cancel() noexcept {
  impl_->options.connect.canceller.cancel();
}
bool HTTPConnection::is_open() const noexcept {
  return impl_->stream.is_open();
}
const std::string& HTTPConnection::host() const noexcept {
  return impl_->host;
}
std::uint16_t HTTPConnection::port() const noexcept {
  return impl_->port;
}
const ConnectTimes& HTTPConnection::times() const noexcept {
  return impl_->stream.times();
}
const std::string& HTTPConnection::peer() const noexcept {
  return impl_->stream.peer();
}
std::uint64_t HTTPConnection::requests_sent() const noexcept {
  return impl_->sent;
}

const TLSInfo* HTTPConnection::tls_info() const noexcept {
  const TLSTransport* tls = impl_->stream.tls();
  return tls != nullptr ? &tls->info() : nullptr;
}

Stream HTTPConnection::release() {
  if (impl_->http2) throw std::logic_error("release() from HTTP/2: its stream carries frames");
  Stream out = std::move(impl_->stream);
  impl_->abandon();
  return out;
}

std::string HTTPConnection::request_head(std::string_view method, std::string_view target,
                                         const Body& body, const Fields& headers) const {
  std::string out;
  impl_->append_head(out, method, target, body, headers, false);
  const HTTPOptions& options = impl_->options;
  if (options.version != 20 || !(options.tls || options.http2_prior_knowledge)) return out;
  std::string_view head = out;
  return to_text(take_http2_request(head, options.tls));
}

}  // namespace proto
