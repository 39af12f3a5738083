#include "wire/sasl.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/base64.h"
#include "proto/error.h"

namespace proto {
namespace {

Credentials login(std::string user, std::string_view password) {
  return {.user = std::move(user), .password = Secret(password), .oauth_token = {}};
}

std::string reveal(const Secret& secret) {
  return std::string(secret.reveal());
}

std::string first_of(SaslClient& client) {
  const auto first = client.initial_response();
  return first ? reveal(*first) : "(none)";
}

std::unique_ptr<SaslClient> scram(std::string_view name, const Credentials& credentials,
                                  std::string nonce, ChannelBinding binding = {},
                                  bool plus = false) {
  SaslContext context;
  context.binding = std::move(binding);
  context.server_offers_plus = plus;
  context.nonce = std::move(nonce);
  return make_sasl_client(name, credentials, context);
}

TEST(Sasl, PlainIsOneMessage) {
  const auto client = make_sasl_client("plain", login("tim", "tanstaaftanstaaf"), {});
  EXPECT_EQ(first_of(*client), std::string("\0tim\0tanstaaftanstaaf", 21));  // RFC 4616 §4
  EXPECT_THROW(client->respond("more"), ProtocolError);
}

TEST(Sasl, PlainNamesWhomToActAs) {
  Credentials credentials = login("Kurt", "xipj3plmq");
  credentials.authzid = "Ursel";
  const auto client = make_sasl_client("PLAIN", credentials, {});
  EXPECT_EQ(first_of(*client), std::string("Ursel\0Kurt\0xipj3plmq", 20));  // RFC 4616 §4
}

TEST(Sasl, LoginAnswersTwiceWhateverThePrompt) {
  const auto client = make_sasl_client("LOGIN", login("tim", "secret"), {});
  EXPECT_EQ(first_of(*client), "(none)");
  EXPECT_EQ(reveal(client->respond("Username:")), "tim");
  EXPECT_THROW(client->succeeded(), ProtocolError);
  EXPECT_EQ(reveal(client->respond("Parole?")), "secret");
  client->succeeded();
  EXPECT_THROW(client->respond("again"), ProtocolError);
}

TEST(Sasl, CramMD5AsRfc2195HasIt) {
  const auto client = make_sasl_client("CRAM-MD5", login("tim", "tanstaaftanstaaf"), {});
  EXPECT_EQ(reveal(client->respond("<1896.697170952@postoffice.reston.mci.net>")),
            "tim b913a602c7eda7a495b4e6e7334d3890");
  client->succeeded();
}

TEST(Sasl, CramMD5RefusesAYesWithoutAChallenge) {
  const auto client = make_sasl_client("CRAM-MD5", login("tim", "x"), {});
  EXPECT_THROW(client->succeeded(), ProtocolError);
}

// RFC 5802 §5.
TEST(Scram, Sha1AsRfc5802HasIt) {
  const auto client = scram("SCRAM-SHA-1", login("user", "pencil"), "fyko+d2lbbFgONRv9qkxdawL");
  EXPECT_EQ(first_of(*client), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  EXPECT_EQ(reveal(client->respond(
                "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096")),
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
  EXPECT_THROW(client->succeeded(), ProtocolError) << "the server has not proved itself yet";
  EXPECT_EQ(reveal(client->respond("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")), "");
  client->succeeded();
}

constexpr std::string_view kSha256Nonce = "rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kSha256First =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

// RFC 7677 §3.
TEST(Scram, Sha256AsRfc7677HasIt) {
  const auto client = scram("SCRAM-SHA-256", login("user", "pencil"), std::string(kSha256Nonce));
  EXPECT_EQ(first_of(*client), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(reveal(client->respond(kSha256First)),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  client->respond("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  client->succeeded();
}

TEST(Scram, RefusesAWrongServerSignature) {
  const auto client = scram("SCRAM-SHA-256", login("user", "pencil"), std::string(kSha256Nonce));
  first_of(*client);
  client->respond(kSha256First);
  EXPECT_THROW(client->respond("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), ProtocolError);
  EXPECT_THROW(client->succeeded(), ProtocolError);
}

TEST(Scram, KeepsTheServersErrorAndNeverTakesAYesAfterIt) {
  const auto client = scram("SCRAM-SHA-256", login("user", "pencil"), std::string(kSha256Nonce));
  first_of(*client);
  client->respond(kSha256First);
  client->respond("e=invalid-proof");
  EXPECT_EQ(client->server_error(), "invalid-proof");
  EXPECT_THROW(client->succeeded(), ProtocolError);
}

TEST(Scram, RefusesABadFirstMessage) {
  const std::string nonce(kSha256Nonce);
  const std::string_view bad[] = {
      "",
      "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",  // adds nothing of its own
      "r=rOprNGfwEbeRWgbNEkqO\x01,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      "r=rOprNGfwEbeRWgbNEkqOxyz,s=,i=4096",
      "r=rOprNGfwEbeRWgbNEkqOxyz,s=!!,i=4096",
      "r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=4095",
      "r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=2000001",
      "r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=-1",
      "r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z",
      "m=x,r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=4096",  // an extension that must be understood
  };
  for (const auto message : bad) {
    const auto client = scram("SCRAM-SHA-256", login("user", "pencil"), nonce);
    first_of(*client);
    EXPECT_THROW(client->respond(message), ProtocolError) << message;
  }
}

TEST(Scram, BindsToTheConnection) {
  const ChannelBinding binding{"tls-exporter", "0123456789abcdef"};
  const auto client = scram("SCRAM-SHA-256-PLUS", login("user", "pencil"), "abc", binding, true);
  EXPECT_EQ(first_of(*client), "p=tls-exporter,,n=user,r=abc");
  const std::string final = reveal(client->respond("r=abcdef,s=W22Z,i=4096"));
  EXPECT_EQ(final.substr(0, final.find(",r=")),
            "c=" + base64_encode("p=tls-exporter,,0123456789abcdef"));
}

TEST(Scram, SaysThatItCouldHaveBound) {
  const ChannelBinding binding{"tls-exporter", "0123456789abcdef"};
  EXPECT_EQ(first_of(*scram("SCRAM-SHA-256", login("user", "x"), "abc", binding)),
            "y,,n=user,r=abc");
  EXPECT_EQ(first_of(*scram("SCRAM-SHA-256", login("user", "x"), "abc", binding, true)),
            "n,,n=user,r=abc");
}

TEST(Scram, EscapesNames) {
  Credentials credentials = login("a,b=c", "x");
  credentials.authzid = "d,e";
  EXPECT_EQ(first_of(*scram("SCRAM-SHA-1", credentials, "abc")), "n,a=d=2Ce,n=a=2Cb=3Dc,r=abc");
}

TEST(Scram, NeedsABindingForPlus) {
  EXPECT_THROW(scram("SCRAM-SHA-256-PLUS", login("user", "x"), "abc"), std::invalid_argument);
}

TEST(Sasl, OAuthSendsTheTokenAndKeepsTheReason) {
  const Credentials credentials{
      .user = "user@example.com", .password = {}, .oauth_token = Secret("vF9dft4qmT")};
  SaslContext connection;
  connection.host = "mail.example.com";
  connection.port = 995;
  const auto bearer = make_sasl_client("OAUTHBEARER", credentials, connection);
  EXPECT_EQ(first_of(*bearer),
            "n,a=user@example.com,\1host=mail.example.com\1port=995\1auth=Bearer vF9dft4qmT\1\1");
  EXPECT_EQ(reveal(bearer->respond(R"({"status":"invalid_token"})")), "\1");
  EXPECT_EQ(bearer->server_error(), R"({"status":"invalid_token"})");
  EXPECT_THROW(bearer->succeeded(), ProtocolError);
  const auto xoauth2 = make_sasl_client("XOAUTH2", credentials, {});
  EXPECT_EQ(first_of(*xoauth2), "user=user@example.com\1auth=Bearer vF9dft4qmT\1\1");
  EXPECT_EQ(reveal(xoauth2->respond("{}")), "");
}

TEST(Sasl, ExternalNamesNobodyByItself) {
  const auto client = make_sasl_client("EXTERNAL", Credentials{}, {});
  EXPECT_EQ(first_of(*client), "");
}

TEST(Sasl, RefusesWhatTheCallerDidWrong) {
  EXPECT_THROW(make_sasl_client("GSSAPI", login("u", "p"), {}), std::invalid_argument);
  EXPECT_THROW(make_sasl_client("PLAIN", login("u", ""), {}), std::invalid_argument);
  EXPECT_THROW(make_sasl_client("PLAIN", login("", "p"), {}), std::invalid_argument);
  EXPECT_THROW(make_sasl_client("PLAIN", login("u", "p\r\nQUIT"), {}), std::invalid_argument);
  EXPECT_THROW(make_sasl_client("XOAUTH2", login("u", "p"), {}), std::invalid_argument);
  EXPECT_THROW(make_sasl_client("PLAIN", login(std::string("u\0v", 3), "p"), {}),
               std::invalid_argument);
}

TEST(Sasl, ChoosesTheStrongest) {
  const std::vector<std::string> all = {"LOGIN",       "PLAIN",         "CRAM-MD5",
                                        "scram-sha-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"};
  const SaslPolicy tls{.secrets_may_go = true, .can_bind = true};
  const SaslPolicy no_binding{.secrets_may_go = true, .can_bind = false};
  const SaslPolicy clear{};
  const Credentials password = login("u", "p");
  EXPECT_EQ(choose_mechanism(all, password, tls), "SCRAM-SHA-256-PLUS");
  EXPECT_EQ(choose_mechanism(all, password, no_binding), "SCRAM-SHA-256");
  EXPECT_EQ(choose_mechanism(all, password, clear), "SCRAM-SHA-256");
  EXPECT_EQ(choose_mechanism({"LOGIN", "PLAIN", "CRAM-MD5"}, password, tls), "CRAM-MD5");
  EXPECT_EQ(choose_mechanism({"LOGIN", "PLAIN"}, password, tls), "PLAIN");
  EXPECT_EQ(choose_mechanism({"LOGIN", "PLAIN", "CRAM-MD5"}, password, clear), "");
  EXPECT_EQ(choose_mechanism({"GSSAPI"}, password, tls), "");
}

TEST(Sasl, ATokenOrACertificateNeverFallsBackOnAPassword) {
  const SaslPolicy tls{.secrets_may_go = true, .can_bind = false};
  Credentials token = login("u", "p");
  token.oauth_token = Secret("t");
  EXPECT_EQ(choose_mechanism({"PLAIN", "XOAUTH2", "OAUTHBEARER"}, token, tls), "OAUTHBEARER");
  EXPECT_EQ(choose_mechanism({"PLAIN", "XOAUTH2"}, token, tls), "XOAUTH2");
  EXPECT_EQ(choose_mechanism({"PLAIN"}, token, tls), "");
  EXPECT_EQ(choose_mechanism({"XOAUTH2"}, token, {}), "");
  EXPECT_EQ(choose_mechanism({"PLAIN", "EXTERNAL"}, Credentials{}, tls), "EXTERNAL");
}

}  // namespace
}  // namespace proto
