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
std::string log_in(std::string_view mechanism, std::string user, std::string_view password,
                   const SaslContext& connection = {}, SaslServerContext context = {}) {
  Credentials credentials;
  credentials.user = std::move(user);
  credentials.password = Secret(password);
  const auto client = make_sasl_client(mechanism, credentials, connection);
  const auto server = make_sasl_server(mechanism, password_of, std::move(context));
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
      const auto server = make_sasl_server(mechanism, password_of, {});
      EXPECT_EQ(server->step(response).verdict, SaslServer::Verdict::refused)
          << mechanism << " " << response;
    }
  }
  EXPECT_EQ(make_sasl_server("GSSAPI", password_of, {}), nullptr);
}

const ChannelBinding kExporter = {"tls-exporter", "0123"};
const ChannelBinding kEndPoint = {"tls-server-end-point", "4567"};

TEST(SaslServer, BindsToTheConnection) {
  const SaslServerContext server{.bindings = {kExporter, kEndPoint}};
  EXPECT_EQ(sasl_server_mechanisms(server),
            "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 SCRAM-SHA-256-PLUS");
  for (const ChannelBinding& binding : server.bindings) {
    SaslContext client{.binding = binding, .server_offers_plus = true};
    EXPECT_EQ(log_in("SCRAM-SHA-256-PLUS", "ann", "secret", client, server), "ann");
    EXPECT_EQ(log_in("SCRAM-SHA-256-PLUS", "ann", "wrong", client, server), "refused");
    client.binding.data = "somebody between has another";
    EXPECT_EQ(log_in("SCRAM-SHA-256-PLUS", "ann", "secret", client, server), "refused");
    client.binding.name = "tls-unique";
    EXPECT_EQ(log_in("SCRAM-SHA-256-PLUS", "ann", "secret", client, server), "refused");
  }
  EXPECT_EQ(make_sasl_server("SCRAM-SHA-256-PLUS", password_of, {}), nullptr);
}

// RFC 5802 §6: a client that could bind, and a server that offered it, find out about who took the
// offer away.
TEST(SaslServer, NoticesADowngrade) {
  const SaslServerContext server{.bindings = {kExporter}};
  EXPECT_EQ(log_in("SCRAM-SHA-256", "ann", "secret", {.binding = kExporter}, server), "refused");
  EXPECT_EQ(log_in("SCRAM-SHA-256", "ann", "secret",
                   {.binding = kExporter, .server_offers_plus = true}, server),
            "ann");
  EXPECT_EQ(log_in("SCRAM-SHA-256", "ann", "secret", {.binding = kExporter}, {}), "ann");
}

TEST(SaslServer, NobodyActsAsSomebodyElse) {
  const auto server = make_sasl_server("PLAIN", password_of, {});
  EXPECT_EQ(server->step(std::string_view("eve\0ann\0secret", 14)).verdict,
            SaslServer::Verdict::refused);
}

}  // namespace
}  // namespace proto
