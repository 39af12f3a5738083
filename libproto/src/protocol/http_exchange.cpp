// One request of a session on its way.
#include <mutex>
#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "protocol/http_session_impl.h"
#include "wire/response_fields.h"

namespace proto {

SessionExchange::SessionExchange(HTTPSession::Impl& session, SessionResponse::State& state)
    : session_(session),
      state_(state),
      no_retry_after_(Deadline::after(session.options.retry.max_time)) {
  state_.request.url = session_.upgraded(state_.request.url);
  first_origin_ = state_.request.url.origin();
}

void SessionExchange::note(std::string outcome, std::chrono::steady_clock::time_point since) {
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - since);
  state_.attempts.push_back({state_.request.method, state_.request.url.to_string(), state_.peer,
                             std::move(outcome), elapsed});
  const Attempt& last = state_.attempts.back();
  session_.log(last.method + " " + last.url + ": " + last.outcome);
}

void SessionExchange::run() {
  for (;;) {
    const auto since = std::chrono::steady_clock::now();
    try {
      attempt();
    } catch (const std::exception& e) {
      note(e.what(), since);
      state_.connection.reset();
      const auto* refusal = dynamic_cast<const TunnelError*>(&e);
      if (refusal != nullptr && log_in(refusal->code(), refusal->headers())) continue;
      if (dynamic_cast<const NotProcessedError*>(&e) != nullptr &&
          state_.request.may_retry.value_or(true) && !std::exchange(sent_again_, true))
        continue;
      if (!retry_after(e)) throw;
      continue;
    }
    const std::string reason = escaped(state_.response.reason());  // HTTP/2 has none
    note(std::to_string(state_.response.status()) + (reason.empty() ? "" : " " + reason), since);
    if (session_.options.strict && !state_.response.deviations().empty()) {
      throw ProtocolError("strict: " + state_.response.deviations().front());
    }
    if (log_in(state_.response.status(), state_.response.headers()) || redirect() ||
        retry_after_status())
      continue;
    break;
  }
  if (session_.options.decode && state_.request.method != "HEAD" &&
      state_.response.status() != 304) {
    try {
      const auto codings = state_.response.headers().combined("Content-Encoding");
      auto decoder = std::make_unique<ContentDecoder>(
          codings.value_or(""),
          CodingLimits{.max_output_bytes = session_.options.max_decoded_bytes});
      if (!decoder->is_identity()) state_.decoder = std::move(decoder);
    } catch (const ProtocolError& e) {
      throw HTTPCodingError(e.what());
    }
  }
  if (state_.response.complete()) state_.finish();
}

// A credential goes to its own origin only: whatever the caller gave for the first one is not sent
// to another.
Fields SessionExchange::fields_for(const URL& url, const Route& route, const Body& body) {
  Fields fields;
  const bool home = url.origin() == first_origin_;
  for (const auto field : state_.request.headers) {
    const bool bound = equals_ignoring_case(field.name, "Authorization") ||
                       equals_ignoring_case(field.name, "Cookie") ||
                       equals_ignoring_case(field.name, "Host") ||
                       equals_ignoring_case(field.name, "Proxy-Authorization");
    if (home || !bound) fields.add(field.name, field.value);
  }
  if (route.absolute_form && !fields.contains("Host")) fields.add("Host", url.authority());
  if (session_.options.decode && !fields.contains("Accept-Encoding")) {
    fields.add("Accept-Encoding", known_codings());
  }
  if (session_.options.cookies) {
    const std::lock_guard lock(session_.mutex);
    std::string cookies = session_.options.cookies->header_for(url, now_seconds());
    if (const auto own = fields.get("Cookie"))
      cookies = std::string(*own) + (cookies.empty() ? "" : "; ") + cookies;
    if (!cookies.empty()) fields.set("Cookie", cookies);
  }
  add_login(fields, url, body);
  return fields;
}

void SessionExchange::add_login(Fields& fields, const URL& url, const Body& body) {
  if (fields.contains("Authorization") || !session_.options.login_for) return;
  const auto login = session_.options.login_for(url.origin());
  if (!login) return;
  if (!login->bearer.empty()) {
    fields.add("Authorization", bearer_authorization(login->bearer).reveal());
    return;
  }
  const std::lock_guard lock(session_.mutex);
  const auto digest = session_.digests.find(url.origin().to_string());
  if (digest != session_.digests.end()) {
    fields.add("Authorization",
               digest->second.authorization(state_.request.method, url.target(), body.bytes()));
  } else if (login->basic && (login->preemptive || send_basic_)) {
    fields.add("Authorization", basic_authorization(login->user, login->password).reveal());
  }
}

std::string SessionExchange::proxy_authorization(const Route& route, std::string_view method,
                                                 std::string_view target) {
  if (!route.proxy || route.proxy->user.empty()) return {};
  const std::lock_guard lock(session_.mutex);
  const auto digest = session_.digests.find("proxy " + route.proxy->to_string());
  if (digest != session_.digests.end()) return digest->second.authorization(method, target);
  return std::string(basic_authorization(route.proxy->user, route.proxy->password).reveal());
}

void SessionExchange::attempt() {
  const URL& url = state_.request.url;
  sent_ = false;
  state_.peer.clear();
  Route route = session_.route_to(url);
  route.options.connect.canceller = state_.canceller();
  const Body body = state_.request.body ? state_.request.body() : Body();
  Fields fields = fields_for(url, route, body);
  const std::string target =
      route.absolute_form ? url.scheme() + "://" + url.authority() + url.target() : url.target();
  if (route.absolute_form && !fields.contains("Proxy-Authorization")) {
    const std::string value = proxy_authorization(route, state_.request.method, target);
    if (!value.empty()) fields.add("Proxy-Authorization", value);
  }
  state_.key = route.key;
  state_.response = HTTPResponse();
  if (!state_.request.canceller) state_.connection = session_.pool.take(route.key);
  if (!state_.connection) {
    const std::string authority = url.host() + ":" + std::to_string(url.port());
    state_.connection = session_.connect(
        route, url,
        route.tunnel ? proxy_authorization(route, "CONNECT", authority) : std::string());
  }
  HTTPConnection& connection = *state_.connection;
  connection.set_deadline(state_.deadline);
  if (!connection.is_open()) {
    connection.connect();
    ++state_.connects;
  }
  state_.peer = connection.peer();
  if (const TLSInfo* info = connection.tls_info()) state_.tls_info = *info;
  sent_ = true;
  connection.request(state_.request.method, target, body, fields);
  state_.response = connection.getresponse();
  state_.times = connection.times();
  keep_policies();
}

// Cookies, and whether the host wants https only: of every response, a redirect's too.
void SessionExchange::keep_policies() {
  const SessionOptions& options = session_.options;
  const Fields& fields = state_.response.headers();
  if (options.cookies) {
    const std::lock_guard lock(session_.mutex);
    options.cookies->set_all(state_.request.url, fields, now_seconds());
  }
  // RFC 6797 §8.1: only over a connection without any certificate error.
  const auto policy =
      options.hsts && options.tls.verify ? fields.get("Strict-Transport-Security") : std::nullopt;
  if (policy) {
    const std::lock_guard lock(session_.mutex);
    options.hsts->take(state_.request.url, *policy, now_seconds());
  }
}

std::string HTTPSession::dry_run(const SessionRequest& request) {
  SessionResponse::State state(*impl_, request, Deadline());
  return SessionExchange(*impl_, state).describe();
}

std::string SessionExchange::describe() {
  const URL& url = state_.request.url;
  const Route route = session_.route_to(url);
  const Body body = state_.request.body ? state_.request.body() : Body();
  const Fields fields = fields_for(url, route, body);
  const std::string target =
      route.absolute_form ? url.scheme() + "://" + url.authority() + url.target() : url.target();
  return session_.connect(route, url, {}).request_head(state_.request.method, target, body, fields);
}

}  // namespace proto
