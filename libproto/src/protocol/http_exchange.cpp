// One request of a session on its way.
#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "base/random.h"
#include "protocol/http_session_impl.h"
#include "wire/response_fields.h"

namespace proto {

namespace {

using namespace std::chrono_literals;

// A redirect's or a refused login's body up to here is read, so that its connection can be used
// again.
constexpr std::uint64_t kMaxDiscarded = std::uint64_t{64} * 1024;

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS" || method == "TRACE";
}

std::chrono::sys_seconds now_seconds() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::optional<std::chrono::milliseconds> retry_after_of(const Fields& fields) {
  const auto value = fields.get("Retry-After");
  return value ? parse_retry_after(*value, now_seconds()) : std::nullopt;
}

}  // namespace

void pause_until(Canceller canceller, Deadline wake, Deadline deadline) {
  std::mutex mutex;
  std::condition_variable changed;
  const auto registration = canceller.on_cancel([&] {
    const std::lock_guard lock(mutex);
    changed.notify_all();
  });
  {
    std::unique_lock lock(mutex);
    changed.wait_until(lock, earlier(wake, deadline).when(), [&] { return canceller.cancelled(); });
  }
  if (canceller.cancelled())
    throw CancelledError("cancelled: waiting to try again", ECANCELED, Phase::none);
  if (deadline.expired())
    throw TimeoutError("waiting to try again: out of time", ETIMEDOUT, Phase::none);
}

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
          !std::exchange(sent_again_, true))
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

// A response that is followed by another request.
void SessionExchange::pass_over() {
  if (state_.request.on_passed) state_.request.on_passed(state_.response);
  discard_body();
}

void SessionExchange::discard_body() {
  HTTPResponse& response = state_.response;
  while (response.received() < kMaxDiscarded && !response.complete()) {
    if (response.read_view().empty()) break;
  }
  if (response.complete()) {
    state_.finish();
  } else {
    state_.connection.reset();
  }
}

// 401 and 407: the strongest scheme that is offered, once; and again where only the nonce was too
// old.
bool SessionExchange::log_in(int status, const Fields& fields) {
  if (status != 401 && status != 407) return false;
  const URL& url = state_.request.url;
  const Route route = session_.route_to(url);
  const bool proxy = status == 407;
  std::optional<HTTPLogin> login;
  if (proxy && route.proxy && !route.proxy->user.empty()) {
    login = HTTPLogin{.user = route.proxy->user, .password = route.proxy->password, .bearer = {}};
  } else if (!proxy && session_.options.login_for) {
    login = session_.options.login_for(url.origin());
  }
  if (!login || !login->bearer.empty()) return false;
  const auto challenges = challenges_in(fields, proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
  const auto choice =
      choose_auth(challenges, {.basic = login->basic, .digest = login->digest, .bearer = false});
  if (!choice) return false;
  bool& tried = proxy ? proxy_login_tried_ : login_tried_;
  const bool stale = choice->scheme == AuthScheme::digest && choice->digest.stale;
  if (tried && !stale) return false;
  std::unique_lock lock(session_.mutex);
  const std::string key = proxy ? "proxy " + route.proxy->to_string() : url.origin().to_string();
  if (choice->scheme == AuthScheme::digest) {
    session_.digests.erase(key);
    session_.digests.emplace(key, DigestAuth(choice->digest, login->user, login->password));
  } else if (proxy || login->preemptive || send_basic_) {
    return false;  // it went with the first request, and is wrong
  } else {
    send_basic_ = true;
  }
  lock.unlock();
  tried = true;
  if (state_.connection) pass_over();
  return true;
}

// RFC 9110 §15.4.
bool SessionExchange::redirect() {
  const int status = state_.response.status();
  const bool moved =
      status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  if (!moved || !session_.options.follow_redirects) return false;
  const auto locations = state_.response.headers().get_all("Location");
  if (locations.empty()) return false;
  for (const std::string_view other : locations) {
    if (other != locations.front())
      throw ProtocolError("redirected to two places: " + state_.request.url.to_string() +
                          ": two different Location fields");
  }
  if (state_.redirects >= session_.options.max_redirects) {
    throw RedirectError("more than " + std::to_string(session_.options.max_redirects) +
                            " redirects: " + state_.request.url.to_string(),
                        true);
  }
  URL to = state_.request.url;
  try {
    to = session_.upgraded(state_.request.url.resolve(locations.front()));
  } catch (const URLError& e) {
    throw RedirectError(std::string("redirected to no URL: ") + e.what(), false);
  }
  if (to.scheme() != "http" && to.scheme() != "https") {
    throw RedirectError("redirected to another scheme: " + escaped(to.scheme()), false);
  }
  if (state_.request.url.scheme() == "https" && to.scheme() == "http" &&
      !session_.options.allow_downgrade) {
    throw RedirectError("redirected from https to http: " + to.to_string(), false);
  }
  if (!to.fragment() && state_.request.url.fragment())
    to.set_fragment(*state_.request.url.fragment());
  pass_over();
  std::string& method = state_.request.method;
  const bool to_get =
      (status == 303 && method != "HEAD") || ((status == 301 || status == 302) && method == "POST");
  if (to_get) {
    method = "GET";
    state_.request.body = nullptr;
    for (const char* name :
         {"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Expect"}) {
      state_.request.headers.remove(name);
    }
  }
  if (to.origin() != state_.request.url.origin()) login_tried_ = send_basic_ = false;
  state_.request.url = std::move(to);
  ++state_.redirects;
  return true;
}

std::chrono::milliseconds SessionExchange::delay() const {
  if (session_.options.retry.delay) return *session_.options.retry.delay;
  const std::chrono::milliseconds base =
      std::min<std::chrono::milliseconds>(1000ms * (1 << std::min(state_.retries, 10U)), 10min);
  return base -
         std::chrono::milliseconds(random_below(static_cast<std::uint64_t>(base.count() / 4)));
}

void SessionExchange::pause(std::chrono::milliseconds span) {
  ++state_.retries;
  session_.log("waiting " + std::to_string(span.count()) + " ms, then retry " +
               std::to_string(state_.retries));
  pause_until(state_.canceller(), Deadline::after(span), state_.deadline);
}

bool SessionExchange::retry_after_status() {
  const int status = state_.response.status();
  const bool transient =
      status == 408 || status == 429 || status == 502 || status == 503 || status == 504;
  const RetryPolicy& policy = session_.options.retry;
  if (!transient || state_.retries >= policy.max_retries || no_retry_after_.expired()) return false;
  const bool undone =
      policy.undone_of_any_method && (status == 408 || status == 429 || status == 503);
  if (!state_.request.may_retry.value_or(undone || is_idempotent(state_.request.method)))
    return false;
  const auto asked = retry_after_of(state_.response.headers());
  const auto span = asked ? *asked : delay();
  if (Deadline::after(span).when() >= earlier(no_retry_after_, state_.deadline).when())
    return false;
  discard_body();
  pause(span);
  return true;
}

bool SessionExchange::retry_after(const std::exception& error) {
  const RetryPolicy& policy = session_.options.retry;
  if (state_.retries >= policy.max_retries || no_retry_after_.expired() ||
      state_.deadline.expired())
    return false;
  const bool repeatable =
      state_.request.may_retry.value_or(is_idempotent(state_.request.method)) || !sent_;
  if (!repeatable || dynamic_cast<const CancelledError*>(&error) != nullptr) return false;
  const auto* resolve = dynamic_cast<const ResolveError*>(&error);
  const auto* network = dynamic_cast<const NetworkError*>(&error);
  const bool transient = resolve != nullptr ? resolve->temporary()
                         : dynamic_cast<const ConnectError*>(&error) != nullptr
                             ? policy.refused
                             : network != nullptr;
  const bool any = policy.all_errors && dynamic_cast<const Error*>(&error) != nullptr;
  if (!transient && !any) return false;
  const auto span = delay();
  if (Deadline::after(span).when() >= earlier(no_retry_after_, state_.deadline).when())
    return false;
  pause(span);
  return true;
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
