#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/http.h"
#include "protocol/http_impl.h"
#include "wire/field_line.h"
#include "wire/http_request.h"

namespace proto {

namespace {

// Of a proxy's words about a tunnel that it refuses.
constexpr std::size_t kMaxRefusalBytes = std::size_t{64} * 1024;

// RFC 9110 §9.2.2.
bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS" || method == "TRACE";
}

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

// "host", "host:port", "[v6]", "[v6]:port" or a bare IPv6 literal.
std::pair<std::string, std::uint16_t> split_host(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  const auto colon = text.rfind(':');
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos)
      throw std::invalid_argument("no ] in the host " + quoted(text));
    host = text.substr(1, end - 1);
    if (end + 1 < text.size()) {
      if (text[end + 1] != ':') throw std::invalid_argument("not a host: " + quoted(text));
      port = text.substr(end + 2);
      if (port.empty()) throw std::invalid_argument("no port after the colon: " + quoted(text));
    }
  } else if (colon != std::string_view::npos && text.find(':') == colon) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) throw std::invalid_argument("no port after the colon: " + quoted(text));
  }
  const auto number = port.empty() ? std::optional<std::uint64_t>(0) : parse_decimal(port, 65535);
  if (!number || (!port.empty() && *number == 0))
    throw std::invalid_argument("not a port: " + quoted(port));
  const bool bad = std::any_of(host.begin(), host.end(), [](char c) {
    return is_control(c) ||
           std::string_view(" /?#@[]\\<>^`{|}\"").find(c) != std::string_view::npos;
  });
  if (host.empty() || bad) throw std::invalid_argument("not a host: " + quoted(text));
  return {lower(host), static_cast<std::uint16_t>(*number)};
}

}  // namespace

HTTPConnection::Impl::Impl(std::string_view host_and_port, std::uint16_t given_port,
                           HTTPOptions given)
    : options(std::move(given)),
      head({.max_head_bytes = options.limits.max_head_bytes,
            .max_line_bytes = options.limits.max_line_bytes,
            .max_fields = options.limits.max_fields}) {
  if (options.version != 10 && options.version != 11)
    throw std::invalid_argument("HTTP version must be 10 or 11");
  std::tie(host, port) = split_host(host_and_port);
  if (given_port != 0) port = given_port;
  if (port == 0) port = options.tls ? 443 : 80;
  host_header = host_field();
}

std::string HTTPConnection::Impl::host_field() const {
  const std::string& name = tunnel_host.empty() ? host : tunnel_host;
  const std::uint16_t number = tunnel_host.empty() ? port : tunnel_port;
  std::string out_text = name.find(':') != std::string::npos ? "[" + name + "]" : name;
  if (number != (options.tls ? 443 : 80)) out_text += ":" + std::to_string(number);
  return out_text;
}

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
  } else if (current->framing.kind != BodyFraming::Kind::chunked || current->received == 0 ||
             current->chunks.remaining() != 0 ||
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

void HTTPConnection::Impl::open() {
  const Deadline total = deadline ? *deadline : Deadline::after(options.connect.timeouts.total);
  sent = answered = 0;
  if (tunnel_host.empty()) {
    stream = Stream::connect(host, port, options.connect,
                             options.tls ? TLSMode::implicit : TLSMode::none, total);
    return;
  }
  // The proxy's answer and the second TLS are part of connecting.
  ConnectOptions to_proxy = options.connect;
  to_proxy.tls = proxy_tls;
  const Deadline connected_by = earlier(total, Deadline::after(options.connect.timeouts.connect));
  stream =
      Stream::connect(host, port, to_proxy, proxy_tls ? TLSMode::implicit : TLSMode::none, total);
  try {
    stream.set_deadline(connected_by);
    open_tunnel();
    if (options.tls) stream.start_tls(options.connect.tls, tunnel_host, tunnel_port);
    stream.set_deadline(total);
  } catch (...) {
    stream.close();
    throw;
  }
}

// RFC 9110 §9.3.6. What comes behind the head of a 2xx belongs to the tunnel.
void HTTPConnection::Impl::open_tunnel() {
  const bool v6 = tunnel_host.find(':') != std::string::npos;
  const std::string authority =
      (v6 ? "[" + tunnel_host + "]" : tunnel_host) + ":" + std::to_string(tunnel_port);
  Fields fields{{"Host", authority}};
  for (const auto field : tunnel_headers) fields.set(field.name, field.value);
  std::string request;
  append_request_head(request, "CONNECT", authority, options.version, fields);
  trace_head(true, request);
  stream.write(request);
  std::vector<Pending> waiting;
  std::swap(waiting, pending);
  pending.push_back({.connect = true});
  head_ready = false;
  interim = 0;
  read_head(false);
  if (head.status() >= 200 && head.status() <= 299) {
    std::swap(waiting, pending);
    return;
  }
  HTTPResponse refusal = take_response();
  const int status = refusal.status();
  const std::string reason = refusal.reason();
  std::string body;
  try {
    for (std::string_view piece = refusal.read_view();
         !piece.empty() && body.size() < kMaxRefusalBytes; piece = refusal.read_view()) {
      body += piece.substr(0, kMaxRefusalBytes - body.size());
    }
  } catch (const NetworkError&) {
    // That it was refused is known; its words may be cut.
  }
  throw TunnelError("the proxy " + host + ":" + std::to_string(port) + " refused a tunnel to " +
                        authority + ": " + std::to_string(status) + " " + escaped(reason),
                    status, body, refusal.headers());
}

void HTTPConnection::Impl::abandon() noexcept {
  stream.close();
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
    if (!c.stream.is_open()) c.open();
    c.start_operation();
    if (c.options.connect.trace) c.trace_head(true, std::string_view(c.out).substr(c.flushed));
    c.pending.push_back({.head = method == "HEAD",
                         .connect = method == "CONNECT",
                         .upgrade = headers.contains("Upgrade"),
                         .replayable = replayable});
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
      const bool lost = dynamic_cast<const ClosedError*>(&e) != nullptr || e.code() == ECONNRESET ||
                        e.code() == EPIPE;
      if (!lost || !c.resend()) throw;
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
    if (!c.stream.is_open()) c.open();
    c.start_operation();
    c.trace_head(true, c.out);
    c.pending.push_back({.head = c.method_by_hand == "HEAD",
                         .connect = c.method_by_hand == "CONNECT",
                         .upgrade = c.fields_by_hand.contains("Upgrade"),
                         .replayable = !framed && body.empty() && is_idempotent(c.method_by_hand)});
    c.interim = 0;
    ++c.sent;
    c.send(Body(body), false);
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
    c.send_piece(data);
  } catch (const NetworkError& e) {
    if (e.phase() != Phase::send) {
      c.abandon();
      throw;
    }
    c.upload_cut = true;
  }
}

void HTTPConnection::set_tunnel(std::string_view host, std::uint16_t port, const Fields& headers,
                                std::shared_ptr<const TLSContext> proxy_tls) {
  Impl& c = *impl_;
  if (c.stream.is_open()) throw std::logic_error("set_tunnel() after the connection was opened");
  const auto [name, given] = split_host(host);
  c.tunnel_host = name;
  c.tunnel_port = port != 0 ? port : given != 0 ? given : c.options.tls ? 443 : 80;
  c.tunnel_headers = headers;
  c.proxy_tls = std::move(proxy_tls);
  c.host_header = c.host_field();
}

void HTTPConnection::set_deadline(Deadline deadline) {
  impl_->deadline = deadline;
}

void HTTPConnection::connect() {
  if (!impl_->stream.is_open()) impl_->open();
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
  Stream out = std::move(impl_->stream);
  impl_->abandon();
  return out;
}

std::string HTTPConnection::request_head(std::string_view method, std::string_view target,
                                         const Body& body, const Fields& headers) const {
  std::string out;
  impl_->append_head(out, method, target, body, headers, false);
  return out;
}

}  // namespace proto
