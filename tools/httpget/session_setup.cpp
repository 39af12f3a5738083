#include "httpget/session_setup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/characters.h"
#include "base/integers.h"
#include "common/atomic_file.h"
#include "common/log.h"
#include "common/passwords.h"
#include "httpget/output.h"
#include "wire/http_auth.h"

namespace proto::httpget {

namespace {

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

// "HOST:" or "[v6]:" off the front of `rest`.
std::optional<std::string> take_host(std::string_view& rest) {
  const bool bracketed = rest.starts_with('[');
  const auto end = bracketed ? rest.find("]:") : rest.find(':');
  if (end == std::string_view::npos) return std::nullopt;
  std::string host = lower(bracketed ? rest.substr(1, end - 1) : rest.substr(0, end));
  rest.remove_prefix(end + (bracketed ? 2 : 1));
  return host;
}

// As a URL's host reads.
std::string canonical(const std::string& host, const char* option) {
  try {
    return canonical_host(host);
  } catch (const URLError& e) {
    throw UsageError(std::string(option) + ": " + e.what());
  }
}

// --resolve HOST:PORT:ADDRESS[,ADDRESS]...
void add_override(ConnectOptions& connect, const std::string& text) {
  const auto bad = [&] {
    return UsageError("--resolve: not HOST:PORT:ADDRESS: " + proto::quoted(text));
  };
  std::string_view rest = text;
  if (rest.starts_with('+')) rest.remove_prefix(1);
  auto host = take_host(rest);
  const auto port_end = rest.find(':');
  if (!host || host->empty() || port_end == std::string_view::npos) throw bad();
  if (*host != "*") host = canonical(*host, "--resolve");
  const auto port = parse_decimal(rest.substr(0, port_end), 65535);
  if (!port) throw bad();
  rest.remove_prefix(port_end + 1);
  std::vector<Address>& addresses = connect.resolve[*host + ":" + std::to_string(*port)];
  addresses.clear();
  for (;;) {
    const auto comma = rest.find(',');
    const std::string_view literal = rest.substr(0, comma);
    if (!Address::is_literal(literal)) throw bad();
    addresses.emplace_back(literal, static_cast<std::uint16_t>(*port));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
}

// --connect-to HOST1:PORT1:HOST2:PORT2, each part of which may be empty: any, or the same.
struct ConnectTo {
  std::string from_host, from_port, host, port;
};

ConnectTo parse_connect_to(const std::string& text) {
  std::string_view rest = text;
  const auto from = take_host(rest);
  const auto colon = rest.find(':');
  if (!from || colon == std::string_view::npos) {
    throw UsageError("--connect-to: not HOST1:PORT1:HOST2:PORT2: " + proto::quoted(text));
  }
  ConnectTo out{*from, std::string(rest.substr(0, colon)), {}, {}};
  rest.remove_prefix(colon + 1);
  const auto to = take_host(rest);
  out.host = to ? *to : lower(rest);
  for (std::string* name : {&out.from_host, &out.host}) {
    if (!name->empty()) *name = canonical(*name, "--connect-to");
  }
  out.port = to ? std::string(rest) : "";
  for (const std::string& port : {out.from_port, out.port}) {
    if (!port.empty() && !parse_decimal(port, 65535))
      throw UsageError("--connect-to: not a port: " + proto::quoted(port));
  }
  return out;
}

void set_connection(SessionOptions& session, const Options& o) {
  ConnectOptions& connect = session.http.connect;
  connect.family = tools::family_of(o.connection);
  connect.unix_socket = o.unix_socket;
  try {
    if (!o.unix_socket.empty()) Address::local(o.unix_socket);
  } catch (const std::invalid_argument& e) {
    throw UsageError(std::string("--unix-socket: ") + e.what());
  }
  connect.trace = tools::make_trace(o.verbosity);
  // Without -m a transfer may take a day, as long as bytes keep moving.
  connect.timeouts.total = std::chrono::hours(24);
  // As curl: 0 is no bound of the user's.
  if (o.connect_timeout > 0) connect.timeouts.connect = milliseconds(*o.connect_timeout);
  if (o.max_time > 0) connect.timeouts.total = milliseconds(*o.max_time);
  if (Address::is_literal(o.interface)) {
    connect.source = Address(o.interface, 0);
  } else {
    connect.interface = o.interface;
  }
  connect.note_local = !o.write_out.empty();
  for (const std::string& text : o.resolve) add_override(connect, text);
  std::vector<ConnectTo> rules;
  for (const std::string& text : o.connect_to) rules.push_back(parse_connect_to(text));
  if (!rules.empty()) {
    session.connect_to =
        [rules](const Origin& origin) -> std::optional<std::pair<std::string, std::uint16_t>> {
      for (const ConnectTo& rule : rules) {
        if (!rule.from_host.empty() && rule.from_host != origin.host) continue;
        if (!rule.from_port.empty() && rule.from_port != std::to_string(origin.port)) continue;
        const auto port =
            rule.port.empty() ? origin.port : static_cast<std::uint16_t>(*parse_decimal(rule.port));
        return std::pair(rule.host.empty() ? origin.host : rule.host, port);
      }
      return std::nullopt;
    };
  }
  session.tls = tools::tls_options_of(o.connection);
  session.proxy_tls.ca_file = o.connection.ca_file;
  session.proxy_tls.ca_dir = o.connection.ca_dir;
  session.proxy_tls.verify = !o.connection.insecure;
}

void set_proxy(SessionOptions& session, const Options& o) {
  if (!o.proxy && !o.no_proxy) return;  // the environment's
  std::optional<Proxy> proxy;
  try {
    if (o.proxy && !o.proxy->empty()) proxy = Proxy::parse(*o.proxy);
  } catch (const URLError& e) {
    throw UsageError(std::string("--proxy: ") + e.what());
  }
  const NoProxy skip(o.no_proxy.value_or(""));
  const bool from_environment = !o.proxy;
  session.proxy_for = [proxy, skip, from_environment](const URL& url) -> std::optional<Proxy> {
    if (skip.matches(url.host(), url.port())) return std::nullopt;
    return from_environment ? proxy_from_environment(url) : proxy;
  };
}

// -u and --oauth2-bearer are for the hosts on the command line; a URL's own user for its host;
// netrc knows each host.
void set_login(SessionOptions& session, const Options& o, const std::vector<URL>& urls) {
  HTTPLogin login;
  login.basic = !o.digest || o.basic || o.anyauth;
  login.digest = !o.basic || o.digest || o.anyauth;
  login.preemptive = !o.digest && !o.anyauth;
  std::map<Origin, HTTPLogin> logins;
  if (!o.bearer_file.empty()) {
    std::string token = tools::read_file(o.bearer_file, 64 * 1024);
    token.erase(std::min(token.find_first_of("\r\n"), token.size()));
    login.bearer = Secret(token);
    wipe(token.data(), token.size());
    try {
      (void)bearer_authorization(login.bearer);
    } catch (const std::invalid_argument&) {
      throw UsageError("--oauth2-bearer: no token in the first line of " + escaped(o.bearer_file));
    }
  } else if (!o.user.empty()) {
    const auto colon = o.user.find(':');
    login.user = o.user.substr(0, colon);
    login.password = colon != std::string::npos
                         ? Secret(std::string_view(o.user).substr(colon + 1))
                         : tools::find_credentials(o.passwords, {.host = urls.front().host(),
                                                                 .user = login.user,
                                                                 .default_user = {},
                                                                 .token = false})
                               .password;
  }
  for (const URL& given : urls) {
    // What --hsts may make of it is the same host's.
    const URL url = session.hsts ? session.hsts->upgrade(given, now()) : given;
    if (!login.bearer.empty() || !o.user.empty()) {
      logins[url.origin()] = login;
    } else if (url.user()) {
      HTTPLogin own = login;
      own.user = *url.user();
      if (url.password()) own.password = *url.password();
      logins[url.origin()] = own;
    }
  }
  std::string netrc;
  bool use_netrc = !o.passwords.netrc.empty();
  if (use_netrc) {
    netrc = tools::read_file(o.passwords.netrc);
  } else if (o.netrc) {
    // As curl: who has none has no login in it.
    const std::string path = tools::home_folder() + "/.netrc";
    use_netrc = ::access(path.c_str(), F_OK) == 0;
    if (use_netrc) netrc = tools::read_file(path);
  }
  if (logins.empty() && !use_netrc) return;
  session.login_for = [logins, login, use_netrc,
                       text = Secret(netrc)](const Origin& origin) -> std::optional<HTTPLogin> {
    if (const auto found = logins.find(origin); found != logins.end()) return found->second;
    if (!use_netrc) return std::nullopt;
    const auto entry = find_in_netrc(text.reveal(), origin.host);
    if (!entry) return std::nullopt;
    HTTPLogin own = login;
    own.user = entry->user;
    own.password = entry->password;
    return own;
  };
  wipe(netrc.data(), netrc.size());
}

void set_cookies(SessionOptions& session, const Options& o) {
  const auto is_file = [](const std::string& text) { return text.find('=') == std::string::npos; };
  const bool engine =
      !o.cookie_jar.empty() || std::any_of(o.cookies.begin(), o.cookies.end(), is_file);
  if (!engine) return;
  session.cookies = std::make_shared<CookieJar>();
  for (const std::string& text : o.cookies) {
    if (!is_file(text) || text.empty()) continue;
    struct stat status {};
    // As curl: a file that is not there turns cookies on all the same.
    if (::stat(text.c_str(), &status) != 0 && errno == ENOENT) continue;
    session.cookies->read_netscape(tools::read_file(text), now());
  }
}

void set_hsts(SessionOptions& session, const Options& o) {
  if (o.hsts.empty()) return;
  session.hsts = std::make_shared<HSTSStore>();
  struct stat status {};
  if (::stat(o.hsts.c_str(), &status) == 0) session.hsts->read(tools::read_file(o.hsts), now());
}

}  // namespace

std::chrono::milliseconds milliseconds(double seconds) {
  // Beyond that a deadline never passes anyhow.
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(seconds * 1000.0, 1e15)));
}

SessionOptions session_options(const Options& o, const std::vector<URL>& urls) {
  SessionOptions session;
  session.http.version = o.http_version;
  session.http.http2_prior_knowledge = o.http2_prior_knowledge;
  session.follow_redirects = o.location;
  session.max_redirects = o.max_redirs;
  session.decode = o.compressed;
  session.retry.max_retries = o.retries;
  session.retry.all_errors = o.retry_all_errors;
  session.retry.undone_of_any_method = true;  // who says --retry means it
  if (o.retry_delay) session.retry.delay = milliseconds(*o.retry_delay);
  if (o.retry_max_time) session.retry.max_time = milliseconds(*o.retry_max_time);
  set_connection(session, o);
  set_proxy(session, o);
  set_hsts(session, o);
  set_login(session, o, urls);
  set_cookies(session, o);
  if (o.verbosity > 0)
    session.log = [v = o.verbosity](std::string_view text) { tools::log_note(v, text); };
  return session;
}

void save_hsts(const Options& o, const HSTSStore& hosts) {
  tools::AtomicFile file(o.hsts);
  file.write(hosts.write(now()));
  file.commit();
}

void save_cookies(const Options& o, const CookieJar& jar) {
  if (o.cookie_jar.empty()) return;
  if (o.cookie_jar == "-") {
    const auto lock = own_stdout();
    return print(jar.write_netscape(now()));
  }
  tools::AtomicFile file(o.cookie_jar, 0600, true);
  file.write(jar.write_netscape(now()));
  file.commit();
}

}  // namespace proto::httpget
