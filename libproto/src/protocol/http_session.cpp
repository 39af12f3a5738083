#include <algorithm>
#include <utility>

#include "proto/http_session.h"
#include "protocol/http_session_impl.h"

namespace proto {

HTTPSession::Impl::Impl(SessionOptions given)
    : options(std::move(given)), pool(options.max_idle_connections, options.max_idle_time) {
  tls_context = options.http.connect.tls;
}

// Made when the first https URL comes: an http transfer never touches OpenSSL.
std::shared_ptr<const TLSContext> HTTPSession::Impl::tls() {
  const std::lock_guard lock(mutex);
  if (!tls_context) {
    TLSOptions tls = options.tls;
    if (tls.alpn.empty()) {
      if (options.http.version == 20) tls.alpn.push_back("h2");
      tls.alpn.push_back("http/1.1");
    }
    tls_context = TLSContext::client(tls);
  }
  return tls_context;
}

std::shared_ptr<const TLSContext> HTTPSession::Impl::proxy_tls() {
  const std::lock_guard lock(mutex);
  if (!proxy_tls_context) proxy_tls_context = TLSContext::client(options.proxy_tls);
  return proxy_tls_context;
}

URL HTTPSession::Impl::upgraded(const URL& url) {
  if (!options.hsts) return url;
  const std::lock_guard lock(mutex);
  return options.hsts->upgrade(
      url, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

Route HTTPSession::Impl::route_to(const URL& url) {
  Route route;
  route.options = options.http;
  route.options.tls = url.scheme() == "https";
  route.host = url.host();
  route.port = url.port();
  if (route.options.tls) route.options.connect.tls = tls();
  route.key = url.origin().to_string() + " " + std::to_string(options.http.version);
  if (options.connect_to) {
    if (const auto elsewhere = options.connect_to(url.origin())) {
      route.options.connect.via = elsewhere;
      route.key += " via " + elsewhere->first + ":" + std::to_string(elsewhere->second);
    }
  }
  if (!options.http.connect.unix_socket.empty()) return route;
  route.proxy = options.proxy_for ? options.proxy_for(url) : proxy_from_environment(url);
  if (!route.proxy) return route;
  const Proxy& proxy = *route.proxy;
  route.key += " by " + proxy.user + "@" + proxy.to_string();
  if (proxy.kind == Proxy::Kind::http || proxy.kind == Proxy::Kind::https) {
    route.tunnel = route.options.tls;
    route.absolute_form = !route.tunnel;
    if (route.absolute_form) {
      route.host = proxy.host;
      route.port = proxy.port;
      route.options.tls = proxy.kind == Proxy::Kind::https;
      if (route.options.tls) route.options.connect.tls = proxy_tls();
      // Of a proxy HTTP/1.1 is known.
      route.options.version = std::min(route.options.version, 11);
      // Whatever the origin, it is the same connection.
      route.key = "proxy " + proxy.user + "@" + proxy.to_string();
    }
    return route;
  }
  route.options.connect.socks = SocksProxy{.version = proxy.kind == Proxy::Kind::socks4a ? 4 : 5,
                                           .remote_names = proxy.kind != Proxy::Kind::socks5,
                                           .host = proxy.host,
                                           .port = proxy.port,
                                           .user = proxy.user,
                                           .password = proxy.password};
  return route;
}

HTTPConnection HTTPSession::Impl::connect(const Route& route, const URL& url,
                                          const std::string& proxy_authorization) {
  const auto bracketed = [](const std::string& host) {
    return host.find(':') != std::string::npos ? "[" + host + "]" : host;
  };
  if (!route.tunnel) return HTTPConnection(bracketed(route.host), route.port, route.options);
  HTTPConnection connection(bracketed(route.proxy->host), route.proxy->port, route.options);
  Fields headers;
  if (!proxy_authorization.empty()) headers.add("Proxy-Authorization", proxy_authorization);
  connection.set_tunnel(bracketed(url.host()), url.port(), headers,
                        route.proxy->kind == Proxy::Kind::https ? proxy_tls() : nullptr);
  return connection;
}

HTTPSession::HTTPSession(SessionOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
HTTPSession::~HTTPSession() = default;

SessionResponse HTTPSession::request(const SessionRequest& request, Deadline deadline) {
  if (request.url.scheme() != "http" && request.url.scheme() != "https") {
    throw URLError("only http and https are known: " + request.url.scheme());
  }
  const Deadline until =
      earlier(deadline, Deadline::after(impl_->options.http.connect.timeouts.total));
  auto state = std::make_unique<SessionResponse::State>(*impl_, request, until);
  SessionExchange(*impl_, *state).run();
  return SessionResponse(std::move(state));
}

SessionResponse HTTPSession::get(std::string_view url, const Fields& headers) {
  return request(
      {.method = "GET", .url = URL::parse(url), .headers = headers, .body = {}, .may_retry = {}});
}

}  // namespace proto
