// AUTH (RFC 4954).
#include <algorithm>
#include <stdexcept>

#include "base/characters.h"
#include "protocol/private_way.h"
#include "protocol/sasl_exchange.h"
#include "protocol/smtp_state.h"

namespace proto {
namespace {

// RFC 4954 §4: an AUTH line with its initial response, CRLF included.
constexpr std::size_t kMaxAuthLine = 12288;

SaslContext context_of(SMTPChannel& channel) {
  SaslContext context;
  context.host = channel.host();
  context.port = channel.port();
  context.binding = binding_of(channel.stream().tls());
  for (const std::string& mechanism : channel.capabilities.auth) {
    if (mechanism.ends_with("-PLUS")) context.server_offers_plus = true;
  }
  return context;
}

}  // namespace

void SMTP::login(const Credentials& credentials) {
  authenticate({}, credentials);
}

void SMTP::auth(std::string_view mechanism, const Credentials& credentials) {
  if (mechanism.empty()) throw std::invalid_argument("AUTH needs a mechanism");
  authenticate(mechanism, credentials);
}

// An empty mechanism: the strongest.
void SMTP::authenticate(std::string_view mechanism, const Credentials& credentials) {
  ehlo_or_helo_if_needed();
  SMTPChannel& channel = state_->channel;
  const auto& offered = channel.capabilities.auth;
  if (offered.empty())
    throw SMTPNotSupportedError(channel.describe("AUTH", "the server does not offer it"));
  if (!is_private(channel.stream(), channel.options().connect) &&
      !channel.options().cleartext_login) {
    close();
    throw TLSError(channel.describe("AUTH", "no login over a connection without TLS"));
  }
  const SaslContext context = context_of(channel);
  if (mechanism.empty()) {
    mechanism = choose_mechanism(
        offered, credentials, {.secrets_may_go = true, .can_bind = !context.binding.name.empty()});
    if (mechanism.empty()) {
      throw SMTPNotSupportedError(
          channel.describe("AUTH", "no mechanism of the server's fits these credentials"));
    }
  } else if (std::none_of(offered.begin(), offered.end(), [&](const std::string& name) {
               return equals_ignoring_case(name, mechanism);
             })) {
    throw SMTPNotSupportedError(
        channel.describe("AUTH " + upper(mechanism), "the server does not offer it"));
  }
  const auto client = make_sasl_client(mechanism, credentials, context);
  channel.run([&] { converse(*client, credentials); });
}

void SMTP::converse(SaslClient& client, const Credentials& credentials) {
  SMTPChannel& channel = state_->channel;
  LinePipeline& pipeline = channel.pipeline();
  pipeline.hide(credentials.password.reveal());
  pipeline.hide(credentials.oauth_token.reveal());
  SMTPReply last;
  const auto turn = [&](std::string_view prefix, std::string_view secret) -> SaslReply {
    secret.empty() ? pipeline.push(prefix) : pipeline.push_secret(prefix, secret);
    const SMTPReply& reply = channel.read_reply(channel.timeouts().command);
    last = {reply.code, reply.enhanced, pipeline.redacted(reply.text)};
    if (reply.code == 334) return {SaslReply::Kind::challenge, reply.text};
    if (reply.code == 235) return {SaslReply::Kind::yes, {}};
    if (!reply.for_now() && !reply.for_good()) channel.refuse("AUTH", "235 or 334", reply);
    return {SaslReply::Kind::no, {}};
  };
  const bool yes = run_sasl(client, true, kMaxAuthLine, turn);
  pipeline.forget_secrets();
  if (yes) return;
  std::string what = channel.describe("AUTH " + std::string(client.mechanism()), last);
  throw SMTPAuthenticationError(what, last);
}

}  // namespace proto
