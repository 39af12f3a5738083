// What HTTPSession, its exchanges and its responses share.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/http_session.h"
#include "protocol/http_pool.h"
#include "wire/codings.h"
#include "wire/http_auth.h"

namespace proto {

// A way to a server: which connection, and how a request over it looks.
struct Route {
  std::string key;  // the whole configuration
  HTTPOptions options;
  std::string host;
  std::uint16_t port = 0;
  bool absolute_form = false;  // to a proxy, without a tunnel (RFC 9112 §3.2.2)
  bool tunnel = false;
  std::optional<Proxy> proxy;
};

struct HTTPSession::Impl {
  explicit Impl(SessionOptions given);

  Route route_to(const URL& url);
  HTTPConnection connect(const Route& route, const URL& url,
                         const std::string& proxy_authorization);
  std::shared_ptr<const TLSContext> tls();
  std::shared_ptr<const TLSContext> proxy_tls();
  // https in place of http, where the host wants that.
  URL upgraded(const URL& url);
  void log(std::string_view text) const {
    if (options.log) options.log(text);
  }

  SessionOptions options;
  ConnectionPool pool;
  std::mutex mutex;  // guards what follows, the cookie jar and the HSTS store
  std::shared_ptr<const TLSContext> tls_context, proxy_tls_context;
  std::map<std::string, DigestAuth> digests;  // by origin, or by "proxy " and its URL
};

struct SessionResponse::State {
  State(HTTPSession::Impl& owner, SessionRequest given, Deadline until)
      : session(owner), request(std::move(given)), deadline(until) {}

  HTTPResponse& source() { return resumed ? *resumed : response; }
  const HTTPResponse& source() const { return resumed ? *resumed : response; }
  // Reads, and goes on where a connection broke.
  template <typename Read>
  auto read_on(Read read);
  bool can_resume() const;
  void resume(const std::exception& why);
  void finish();
  const Canceller& canceller() const noexcept {
    return request.canceller ? *request.canceller : session.options.http.connect.canceller;
  }

  HTTPSession::Impl& session;
  SessionRequest request;  // the last one: after redirects, with the fields that it was sent with
  Deadline deadline;
  std::string key;
  std::optional<HTTPConnection> connection;
  HTTPResponse response;                // as it is shown
  std::optional<HTTPResponse> resumed;  // what brings the rest of its body
  std::unique_ptr<ContentDecoder> decoder;
  std::string_view coded;       // what the decoder has not used
  std::uint64_t delivered = 0;  // decoded bytes given
  std::uint64_t received_before = 0;
  std::vector<Attempt> attempts;
  unsigned redirects = 0;
  unsigned retries = 0;
  unsigned connects = 0;
  ConnectTimes times;
  std::string peer;
  std::optional<TLSInfo> tls_info;
};

// One request on its way: redirects, logins, retries, until there is a response to give.
class SessionExchange {
 public:
  SessionExchange(HTTPSession::Impl& session, SessionResponse::State& state);
  void run();
  // The head of the first attempt, for dry runs.
  std::string describe();

 private:
  // One request and its response's head.
  void attempt();
  void keep_policies();
  Fields fields_for(const URL& url, const Route& route, const Body& body);
  void add_login(Fields& fields, const URL& url, const Body& body);
  std::string proxy_authorization(const Route& route, std::string_view method,
                                  std::string_view target);
  bool log_in(int status, const Fields& fields);
  bool redirect();
  bool retry_after_status();
  bool retry_after(const std::exception& error);
  void pause(std::chrono::milliseconds span);
  std::chrono::milliseconds delay() const;
  void pass_over();
  void discard_body();
  void note(std::string outcome, std::chrono::steady_clock::time_point since);

  HTTPSession::Impl& session_;
  SessionResponse::State& state_;
  Origin first_origin_;
  const Deadline no_retry_after_;
  bool login_tried_ = false;
  bool proxy_login_tried_ = false;
  bool send_basic_ = false;  // the server asked for it
  bool sent_again_ = false;  // for the server had not processed it
  bool sent_ = false;        // a part of the request may have gone out in this attempt
};

// Blocks until `wake`. Throws CancelledError where the canceller says so, TimeoutError where the
// deadline comes first.
void pause_until(Canceller canceller, Deadline wake, Deadline deadline);

// As cookies, HSTS and Retry-After count.
inline std::chrono::sys_seconds now_seconds() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace proto
