// SASL, both sides: the first byte is the mechanism, each line a message of the peer's. A response,
// or an Error; and nobody is let in, or believed, by chance.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proto/error.h"
#include "wire/sasl.h"
#include "wire/sasl_server.h"

namespace {

constexpr std::string_view kMechanisms[] = {"PLAIN",       "LOGIN",         "CRAM-MD5",
                                            "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS",
                                            "XOAUTH2",     "OAUTHBEARER",   "EXTERNAL"};

void client(std::string_view mechanism, std::string_view messages) {
  proto::Credentials credentials;
  credentials.user = "user";
  credentials.password = proto::Secret("pencil");
  credentials.oauth_token = proto::Secret("token");
  proto::SaslContext context;
  context.nonce = "rOprNGfwEbeRWgbNEkqO";
  context.binding = {"tls-exporter", "0123456789abcdef0123456789abcdef"};
  const auto exchange = proto::make_sasl_client(mechanism, credentials, context);
  exchange->initial_response();
  while (!messages.empty()) {
    const auto message = messages.substr(0, messages.find('\n'));
    messages.remove_prefix(std::min(message.size() + 1, messages.size()));
    // PBKDF2 at two million rounds is honest work, but no fuzzing.
    const auto rounds = message.find(",i=");
    if (rounds != std::string_view::npos && message.size() - rounds > 8) return;
    exchange->respond(message);
  }
  exchange->succeeded();
}

void server(std::string_view mechanism, std::string_view messages) {
  const auto exchange = proto::make_sasl_server(
      mechanism,
      [](std::string_view user) {
        return user == "user" ? std::optional(proto::Secret("a password that no input guesses"))
                              : std::nullopt;
      },
      {"localhost", {{"tls-exporter", "0123456789abcdef0123456789abcdef"}}, "3rfcNHYJY1ZVvWVs7j"});
  if (!exchange) return;
  for (int turn = 0; turn < 4; ++turn) {
    const auto message = messages.substr(0, messages.find('\n'));
    messages.remove_prefix(std::min(message.size() + 1, messages.size()));
    const auto step = exchange->step(message);
    if (step.verdict == proto::SaslServer::Verdict::accepted) std::abort();
    if (step.verdict == proto::SaslServer::Verdict::refused) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto mechanism = kMechanisms[data[0] % std::size(kMechanisms)];
  const std::string_view messages(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    client(mechanism, messages);
  } catch (const proto::Error&) {
  }
  server(mechanism, messages);
  return 0;
}
