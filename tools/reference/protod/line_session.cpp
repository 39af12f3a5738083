#include "reference/protod/line_session.h"

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/characters.h"
#include "proto/error.h"
#include "reference/protod/time_limit.h"
#include "wire/sasl_server.h"

namespace proto::protod {

namespace {

// Under TLS, both of its channel bindings.
SaslServerContext sasl_context_of(const Stream& stream) {
  SaslServerContext context;
  const TLSTransport* const tls = stream.tls();
  if (tls == nullptr) return context;
  if (auto data = tls->tls_exporter_binding(); !data.empty())
    context.bindings.push_back({"tls-exporter", std::move(data)});
  if (auto data = tls->tls_server_end_point_binding(); !data.empty())
    context.bindings.push_back({"tls-server-end-point", std::move(data)});
  return context;
}

}  // namespace

void LineSession::run(const std::function<void(std::string_view line)>& command) {
  while (!over_) {
    if (stream_.peek().find('\n') == std::string_view::npos) flush();
    std::string line;
    try {
      line = read_line();
    } catch (const ClosedError&) {
      break;
    } catch (const LimitError&) {
      reply(rules_.too_long);
      break;
    }
    command(line);
  }
  flush();
}

std::string LineSession::read_line() {
  const TimeLimit limit(stream_, rules_.command_time);
  return std::string(stream_.read_line(rules_.max_line));
}

void LineSession::flush() {
  if (!out_.empty()) stream_.write(out_);
  out_.clear();
}

void LineSession::start_tls(std::string_view go_ahead) {
  reply(go_ahead);
  flush();
  stream_.accept_tls(rules_.tls);
}

std::string LineSession::mechanisms() const {
  return sasl_server_mechanisms(sasl_context_of(stream_));
}

LineSession::Login LineSession::authenticate(std::string_view argument, const Accounts& accounts,
                                             std::string_view prompt) {
  const auto space = std::min(argument.find(' '), argument.size());
  const auto server = make_sasl_server(
      argument.substr(0, space), [&](std::string_view name) { return accounts.password_of(name); },
      sasl_context_of(stream_));
  if (!server) return Login::unknown_mechanism;
  std::optional<std::string> response;
  if (const auto initial = trim(argument.substr(space)); !initial.empty()) {
    response = initial == "=" ? "" : base64_decode(initial);
    if (!response) return Login::not_base64;
  }
  for (;;) {
    const auto step = server->step(response);
    if (step.verdict == SaslServer::Verdict::accepted) return Login::accepted;
    if (step.verdict == SaslServer::Verdict::refused) return Login::refused;
    reply(std::string(prompt) + base64_encode(step.challenge));
    flush();
    const std::string line = read_line();
    if (line == "*") return Login::left;
    response = base64_decode(line);
    if (!response) return Login::not_base64;
  }
}

}  // namespace proto::protod
