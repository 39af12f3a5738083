#include "protocol/sasl_exchange.h"

#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/characters.h"
#include "proto/error.h"
#include "proto/tls.h"

namespace proto {

ChannelBinding binding_of(const TLSTransport* tls) {
  if (tls == nullptr) return {};
  if (auto data = tls->tls_exporter_binding(); !data.empty())
    return {"tls-exporter", std::move(data)};
  if (auto data = tls->tls_server_end_point_binding(); !data.empty())
    return {"tls-server-end-point", std::move(data)};
  return {};
}

namespace {

// An empty response that goes along with the command is "=" (RFC 4954 §4, RFC 5034 §4).
Secret initial_argument(const Secret& response) {
  return response.empty() ? Secret("=") : base64_encode(response);
}

Secret answer_to(SaslClient& client, std::string_view challenge) {
  const auto bytes = base64_decode(challenge);
  if (!bytes) {
    throw ProtocolError(std::string(client.mechanism()) + ": want a base64 challenge, got " +
                        quoted(challenge));
  }
  return base64_encode(client.respond(*bytes));
}

// Leaves the exchange; what it failed for is reported, not what comes of this.
void cancel(const SaslTurn& turn) {
  try {
    turn("*", {});
  } catch (const Error&) {
  }
}

}  // namespace

bool run_sasl(SaslClient& client, bool allow_initial, std::size_t max_command_bytes,
              const SaslTurn& turn) {
  std::string command = "AUTH " + std::string(client.mechanism());
  // What waits for an empty challenge, unless it goes along with the command.
  std::optional<Secret> first = client.initial_response();
  Secret argument;
  if (first && allow_initial) {
    argument = initial_argument(*first);
    if (command.size() + 1 + argument.reveal().size() <= max_command_bytes) {
      command += ' ';
      first.reset();
    } else {
      argument = Secret();
    }
  }
  SaslReply reply = turn(command, argument.reveal());
  for (int challenges = 1; reply.kind == SaslReply::Kind::challenge; ++challenges) {
    Secret answer;
    try {
      if (challenges > kMaxSaslChallenges)
        throw LimitError(std::string(client.mechanism()) +
                         ": more than 4 challenges by the server");
      answer = first ? base64_encode(*std::exchange(first, std::nullopt))
                     : answer_to(client, reply.text);
    } catch (const Error&) {
      cancel(turn);
      throw;
    }
    reply = turn({}, answer.reveal());
  }
  if (reply.kind == SaslReply::Kind::yes) client.succeeded();
  return reply.kind == SaslReply::Kind::yes;
}

}  // namespace proto
