#include "wire/sasl_server.h"

#include <gtest/gtest.h>

#include "proto/error.h"
#include "wire/sasl.h"

namespace proto {
namespace {

std::optional<Secret> password_of(std::string_view user) {
  return user == "ann" ? std::optional(Secret("secret")) : std::nullopt;
}

// Our client against our server: the user who was let in, or "refused".
std::string log_in(std::string_view mechanism, std::string user, std::string_view password) {
  Credentials credentials;
  credentials.user = std::move(user);
  credentials.password = Secret(password);
  const auto client = make_sasl_client(mechanism, credentials, {});
  const auto server = make_sasl_server(mechanism, password_of, "localhost");
  std::optional<Secret> response = client->initial_response();
  for (;;) {
    const auto step =
        server->step(response ? std::optional<std::string_view>(response->reveal()) : std::nullopt);
    if (step.verdict == SaslServer::Verdict::refused) return "refused";
    if (step.verdict == SaslServer::Verdict::accepted) {
      client->succeeded();
      return server->user();
    }
    response = client->respond(step.challenge);
  }
}

TEST(SaslServer, LetsInWhoKnowsThePassword) {
  for (const char* mechanism : {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"}) {
    EXPECT_EQ(log_in(mechanism, "ann", "secret"), "ann") << mechanism;
    EXPECT_EQ(log_in(mechanism, "ann", "wrong"), "refused") << mechanism;
    EXPECT_EQ(log_in(mechanism, "eve", "secret"), "refused") << mechanism;
  }
}

TEST(SaslServer, RefusesWhatIsNoResponse) {
  for (const char* mechanism : {"PLAIN", "CRAM-MD5", "SCRAM-SHA-256"}) {
    for (const std::string_view response :
         {std::string_view(""), std::string_view("x"),
          std::string_view("p=tls-exporter,,n=ann,r=x"), std::string_view("n,,n=a=b,r=x")}) {
      const auto server = make_sasl_server(mechanism, password_of, "localhost");
      EXPECT_EQ(server->step(response).verdict, SaslServer::Verdict::refused)
          << mechanism << " " << response;
    }
  }
  EXPECT_EQ(make_sasl_server("GSSAPI", password_of, "localhost"), nullptr);
}

TEST(SaslServer, NobodyActsAsSomebodyElse) {
  const auto server = make_sasl_server("PLAIN", password_of, "localhost");
  EXPECT_EQ(server->step(std::string_view("eve\0ann\0secret", 14)).verdict,
            SaslServer::Verdict::refused);
}

}  // namespace
}  // namespace proto
