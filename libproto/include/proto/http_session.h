// HTTP over many connections: a pool, redirects, cookies, proxies, logins, codings, retries.
//
//   proto::HTTPSession session;
//   auto response = session.get("https://www.example.org/");
//   std::cout << response.status() << '\n' << response.read();
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/cookies.h"
#include "proto/hsts.h"
#include "proto/http.h"
#include "proto/secret.h"
#include "proto/tls.h"
#include "proto/url.h"

namespace proto {

// What stands between us and the server.
struct Proxy {
  enum class Kind { http, https, socks4a, socks5, socks5h };
  Kind kind = Kind::http;
  std::string host;
  std::uint16_t port = 0;
  std::string user;  // empty: no login
  Secret password;

  // "[http|https|socks4a|socks5|socks5h://][user:password@]HOST[:PORT]". Throws URLError.
  static Proxy parse(std::string_view text);
  // Without the password.
  std::string to_string() const;
};

// Hosts that are reached without a proxy: names (with all below them), addresses, CIDR blocks, "*".
class NoProxy {
 public:
  NoProxy() = default;
  // As NO_PROXY has them: separated by commas or blanks.
  explicit NoProxy(std::string_view list);
  bool matches(std::string_view host, std::uint16_t port) const;

 private:
  std::vector<std::string> entries_;
};

// What the environment says (http_proxy, https_proxy, ALL_PROXY, NO_PROXY, in lower and upper case;
// HTTP_PROXY only where REQUEST_METHOD is not set: there it is what a client of a CGI program
// sent). Throws URLError.
std::optional<Proxy> proxy_from_environment(const URL& url);

// A login, for one origin only.
struct HTTPLogin {
  std::string user;
  Secret password;
  Secret bearer;  // not empty: a token, in place of user and password
  bool basic = true;
  bool digest = true;
  // Basic goes with the first request. false: only after the server asked (and Digest always so).
  bool preemptive = true;
};

struct RetryPolicy {
  unsigned max_retries = 0;
  // Nothing: 1 s, doubling up to 10 min, each less a random part of up to a quarter.
  std::optional<std::chrono::milliseconds> delay;
  // No retry begins later than this after the first attempt.
  std::chrono::milliseconds max_time{std::chrono::hours(24)};
  bool refused = true;  // connections that are refused
  // A POST, too, after 408, 429 and 503: the server says that it did nothing yet (RFC 9110 §15.5.9,
  // §15.6.4; RFC 6585 §4). A gateway that says 502 or 504 does not know.
  bool undone_of_any_method = false;
  bool all_errors =
      false;  // any failure of an idempotent request, also e.g. a reply that is no HTTP
};

struct SessionOptions {
  // `tls` in it means nothing here: the URL's scheme says. `connect.tls`: null, then a context is
  // made of `tls` below, when the first https URL comes.
  HTTPOptions http;
  TLSOptions tls;

  bool follow_redirects = true;
  unsigned max_redirects = 30;
  bool allow_downgrade = false;  // follow from https to http
  // Ask for every coding that is built in, and decode (RFC 9110 §8.4).
  bool decode = false;
  std::uint64_t max_decoded_bytes = UINT64_MAX;
  // Null: cookies are neither kept nor sent. May be shared by sessions of one thread.
  std::shared_ptr<CookieJar> cookies;
  // Null: no host is known to want https only. Else each URL is upgraded by it, redirects' too, and
  // it takes what verified servers say (RFC 6797). May be shared as the cookies.
  std::shared_ptr<HSTSStore> hsts;
  // Asked for the login of an origin: the first URL's, and for redirects elsewhere that origin's
  // own, never another's.
  std::function<std::optional<HTTPLogin>(const Origin&)> login_for;
  // Null: proxy_from_environment.
  std::function<std::optional<Proxy>(const URL&)> proxy_for;
  TLSOptions proxy_tls;
  // The host and port to connect to in the place of an origin's; nothing: its own. TLS and Host
  // stay as they were.
  std::function<std::optional<std::pair<std::string, std::uint16_t>>(const Origin&)> connect_to;
  RetryPolicy retry;
  // What is tolerated otherwise (HTTPResponse::deviations()) is a ProtocolError.
  bool strict = false;

  std::size_t max_idle_connections = 32;
  std::chrono::milliseconds max_idle_time{std::chrono::seconds(60)};
  // Told what happens: each attempt, redirect and retry. One line, no secrets.
  std::function<void(std::string_view)> log;
};

struct SessionRequest {
  std::string method = "GET";
  URL url;
  // Authorization, Cookie and Proxy-Authorization among them stay with the first URL's origin.
  Fields headers;
  // Made anew for every attempt; null: no body.
  std::function<Body()> body;
  // Nothing: only for the idempotent methods, and what RetryPolicy says beyond that.
  std::optional<bool> may_retry;
  // Told of each response that is not the last one: a redirect that is followed, a login asked for.
  // Its body is not for reading.
  std::function<void(const HTTPResponse&)> on_passed{};
  // Ends this request and the reading of its response, in place of the session's; the connections
  // for it are its own, and closed behind it.
  std::optional<Canceller> canceller{};
};

// A redirect that is not followed: to another scheme, from https to http, to two places at once, or
// too many of them.
class RedirectError : public Error {
 public:
  RedirectError(const std::string& what, bool too_many) : Error(what), too_many_(too_many) {}
  bool too_many() const noexcept { return too_many_; }

 private:
  bool too_many_;
};

// The body cannot be gone on with where it broke off: what is there now is another one.
class ResourceChangedError : public Error {
 public:
  using Error::Error;
};

// The body is not what its Content-Encoding says.
class HTTPCodingError : public ProtocolError {
 public:
  using ProtocolError::ProtocolError;
};

// One attempt, for the log of a response.
struct Attempt {
  std::string method;
  std::string url;      // without a password
  std::string peer;     // address, empty where none was reached
  std::string outcome;  // "200 OK", or what failed
  std::chrono::milliseconds elapsed;
};

// The last response of a request, whose body is read through it, decoded. Its connection goes back
// to the session with the last byte. Move-only; must not outlive its session.
class SessionResponse {
 public:
  SessionResponse(SessionResponse&&) noexcept;
  SessionResponse& operator=(SessionResponse&&) noexcept;
  ~SessionResponse();

  int status() const noexcept { return response().status(); }
  const std::string& reason() const noexcept { return response().reason(); }
  const Fields& headers() const noexcept { return response().headers(); }
  // The plain response: framing, trailers, counts of coded bytes.
  const HTTPResponse& response() const noexcept;
  // Where it came from, after redirects.
  const URL& url() const noexcept;
  unsigned redirects() const noexcept;
  // Every attempt that led here, this one last.
  const std::vector<Attempt>& attempts() const noexcept;
  // Of the last connection.
  const ConnectTimes& times() const noexcept;
  const std::string& peer() const noexcept;
  const TLSInfo* tls_info() const noexcept;
  // Connections that were opened for it.
  unsigned connects() const noexcept;

  // Of the body as it is given; nothing where it is not known before the end (or is decoded).
  std::optional<std::uint64_t> content_length() const noexcept;
  // Body bytes as they came, and as they were given.
  std::uint64_t received() const noexcept;
  std::uint64_t delivered() const noexcept;

  // As HTTPResponse's. Where a connection breaks within the body and the policy has retries left,
  // an identity body with a strong validator goes on where it stopped (Range, If-Range; RFC 9110
  // §13.1.5, §14). Throws ResourceChangedError where the resource has become another,
  // HTTPCodingError where the body is not what its coding says.
  std::string_view read_view();
  // LimitError past `max_bytes`.
  std::string read(std::uint64_t max_bytes = std::uint64_t{1} << 30);
  std::uint64_t read_to_fd(int fd, std::uint64_t max_bytes = UINT64_MAX);
  // Closes the connection of a body that is not read any further; the rest stays.
  void close() noexcept;

 private:
  friend class HTTPSession;
  friend class SessionExchange;
  struct State;
  explicit SessionResponse(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Thread-safe: several threads may request() at once, each its own; a SessionResponse belongs to
// one thread.
class HTTPSession {
 public:
  explicit HTTPSession(SessionOptions options = {});
  ~HTTPSession();
  HTTPSession(const HTTPSession&) = delete;
  HTTPSession& operator=(const HTTPSession&) = delete;

  // Follows redirects, logs in, retries, as the options say, all of it within `deadline` and
  // options.http.connect.timeouts.total, the reading of the body too. 404 is a value. Throws what
  // HTTPConnection throws, RedirectError, SocksError, TunnelError, and URLError for a scheme that
  // is neither http nor https.
  SessionResponse request(const SessionRequest& request, Deadline deadline = Deadline());
  SessionResponse get(std::string_view url, const Fields& headers = {});

  // The request as its first attempt would send it; nothing is connected to.
  std::string dry_run(const SessionRequest& request);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace proto
