// What a response asks for before it is given to the user: a login, or another place.
#include <mutex>

#include "base/characters.h"
#include "protocol/http_session_impl.h"
#include "wire/response_fields.h"

namespace proto {

namespace {

// A redirect's or a refused login's body up to here is read, so that its connection can be used
// again.
constexpr std::uint64_t kMaxDiscarded = std::uint64_t{64} * 1024;

}  // namespace

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

}  // namespace proto
