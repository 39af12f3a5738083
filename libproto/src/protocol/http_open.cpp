// Where a connection goes, and how it is opened: through a tunnel, where there is one.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/http.h"
#include "protocol/http_impl.h"
#include "wire/http_request.h"

namespace proto {

namespace {

// Of a proxy's words about a tunnel that it refuses.
constexpr std::size_t kMaxRefusalBytes = std::size_t{64} * 1024;

std::shared_ptr<const TLSContext> context_for_http2() {
  TLSOptions tls;
  tls.alpn = {"h2", "http/1.1"};
  return TLSContext::client(tls);
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
  if (options.version != 10 && options.version != 11 && options.version != 20)
    throw std::invalid_argument("HTTP version must be 10, 11 or 20");
  if (options.version == 20 && !has_http2())
    throw std::invalid_argument("this build has no HTTP/2 (PROTO_WITH_NGHTTP2)");
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

void HTTPConnection::Impl::open() {
  const Deadline total = deadline ? *deadline : Deadline::after(options.connect.timeouts.total);
  sent = answered = 0;
  http2.reset();
  if (options.version == 20 && options.tls && !options.connect.tls)
    options.connect.tls = context_for_http2();
  if (tunnel_host.empty()) {
    stream = Stream::connect(host, port, options.connect,
                             options.tls ? TLSMode::implicit : TLSMode::none, total);
  } else {
    open_through_proxy(total);
  }
  if (options.version == 20 && agreed_on_http2())
    http2 = std::make_unique<HTTP2Link>(stream, options);
}

void HTTPConnection::Impl::open_through_proxy(Deadline total) {
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

void HTTPConnection::connect() {
  if (!impl_->stream.is_open()) impl_->open();
}

}  // namespace proto
