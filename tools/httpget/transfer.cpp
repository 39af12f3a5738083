#include "httpget/transfer.h"

#include <cstdio>

#include "base/characters.h"
#include "base/integers.h"
#include "common/log.h"
#include "common/program.h"
#include "httpget/exit_status.h"
#include "httpget/output.h"

namespace proto::httpget {

namespace {

std::chrono::milliseconds milliseconds(double seconds) {
  // Beyond that a deadline never passes anyhow.
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(seconds * 1000.0, 1e15)));
}

// --resolve HOST:PORT:ADDRESS[,ADDRESS]...
void add_override(ConnectOptions& connect, const std::string& text) {
  const auto bad = [&] {
    return UsageError("--resolve: not HOST:PORT:ADDRESS: " + proto::quoted(text));
  };
  std::string_view rest = text;
  if (rest.starts_with('+')) rest.remove_prefix(1);
  const auto host_end = rest.starts_with('[') ? rest.find("]:") : rest.find(':');
  if (host_end == std::string_view::npos) throw bad();
  std::string host = lower(rest.substr(0, host_end));
  if (host.starts_with('[')) host.erase(0, 1);
  rest.remove_prefix(host_end + (rest[host_end] == ']' ? 2 : 1));
  const auto port_end = rest.find(':');
  if (port_end == std::string_view::npos || host.empty()) throw bad();
  const auto port = parse_decimal(rest.substr(0, port_end), 65535);
  if (!port) throw bad();
  rest.remove_prefix(port_end + 1);
  std::vector<Address>& addresses = connect.resolve[host + ":" + std::to_string(*port)];
  addresses.clear();
  while (true) {
    const auto comma = rest.find(',');
    const std::string_view literal = rest.substr(0, comma);
    if (!Address::is_literal(literal)) throw bad();
    addresses.emplace_back(literal, static_cast<std::uint16_t>(*port));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

Transfers::Transfers(const Options& o) : options_(o) {
  ConnectOptions& connect = http_.connect;
  connect.family = tools::family_of(o.connection);
  connect.unix_socket = o.unix_socket;
  connect.trace = tools::make_trace(o.verbosity);
  // Without -m a transfer may take a day, as long as bytes keep moving.
  connect.timeouts.total = std::chrono::hours(24);
  if (o.connect_timeout) connect.timeouts.connect = milliseconds(*o.connect_timeout);
  if (o.max_time) connect.timeouts.total = milliseconds(*o.max_time);
  for (const std::string& text : o.resolve) add_override(connect, text);
  http_.version = o.http_version;
}

// Made when the first https URL comes: an http transfer never touches OpenSSL.
HTTPConnection& Transfers::connection_to(const Origin& origin) {
  const std::string key = origin.to_string();
  const auto found = connections_.find(key);
  if (found != connections_.end()) return found->second;
  HTTPOptions http = http_;
  http.tls = origin.scheme == "https";
  if (http.tls) {
    if (!http_.connect.tls) {
      TLSOptions tls = tools::tls_options_of(options_.connection);
      tls.alpn = {"http/1.1"};
      http_.connect.tls = TLSContext::client(tls);
    }
    http.connect.tls = http_.connect.tls;
  }
  return connections_
      .emplace(key,
               HTTPConnection(origin.host.find(':') != std::string::npos ? "[" + origin.host + "]"
                                                                         : origin.host,
                              origin.port, std::move(http)))
      .first->second;
}

int Transfers::fetch(const URL& url, std::size_t index, Deadline deadline) {
  const Request request = make_request(options_, url);
  const auto path = output_path(options_, request.url, index);
  HTTPConnection& connection = connection_to(request.url.origin());
  const Body body = request.body();
  if (options_.dry_run) {
    const std::string head =
        connection.request_head(request.method, request.url.target(), body, request.fields);
    std::fwrite(head.data(), 1, head.size(), stdout);
    std::fwrite(request.bytes.data(), 1, request.bytes.size(), stdout);
    if (!tools::flush_stdout()) throw WriteError("cannot write to stdout", EIO);
    return kDone;
  }
  connection.set_deadline(deadline);
  connection.request(request.method, request.url.target(), body, request.fields);
  HTTPResponse response = connection.getresponse();
  in_body_ = true;
  Output output(options_, path);
  const bool placed = output.write(response, deadline);
  const std::string said = std::to_string(response.status()) + " " + escaped(response.reason());
  if (response.status() >= 400) {
    tools::error_line("the server refused: " + request.url.to_string() + ": " + said);
    return kHttpError;
  }
  if (!placed && response.status() != 304) {
    tools::error_line("not written: " + escaped(*path) + ": the server said " + said);
    return kHttpError;
  }
  return kDone;
}

int Transfers::run(const URL& url, std::size_t index) {
  in_body_ = false;
  try {
    return fetch(url, index, Deadline::after(http_.connect.timeouts.total));
  } catch (const WriteError& e) {
    // A reader that went away (head, less) has seen what it wanted.
    if (e.code() != EPIPE) tools::error_line(e.what());
    return kCannotWrite;
  } catch (const TooLargeError& e) {
    tools::error_line(url.to_string() + ": " + e.what());
    return kTooLarge;
  } catch (const std::exception& e) {
    tools::error_line(e.what());
    return exit_status_of(e, in_body_);
  }
}

}  // namespace proto::httpget
