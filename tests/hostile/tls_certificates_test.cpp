// hostile.md, TLS 1 to 11 and more: certificates that must not be accepted. Each with TLS 1.2 and
// 1.3; no byte of ours is sent.
#include <gtest/gtest.h>

#include <optional>
#include <ostream>

#include "proto/error.h"
#include "support/tls_pair.h"

namespace proto::test {
namespace {

// What a client that trusts test_root() says to `identity`; nothing where it is content.
std::optional<TLSError> verdict(const Identity& identity, const std::string& host,
                                TLSOptions options = trusting_options()) {
  const auto server = server_context(identity);
  std::optional<TLSError> verdicts[2];
  for (const TLSVersion version : {TLSVersion::tls1_2, TLSVersion::tls1_3}) {
    options.min_version = options.max_version = version;
    MemoryPair lower = memory_pair();
    auto served =
        std::async(std::launch::async, [&server, end = std::move(lower.second)]() mutable {
          auto transport = TLSTransport::accept(std::move(end), server, test_deadline());
          return read_bytes(*transport, 1);
        });
    auto& verdict = verdicts[static_cast<int>(version)];
    try {
      TLSTransport::connect(std::move(lower.first), TLSContext::client(options), host, 443,
                            test_deadline());
      EXPECT_EQ(served.get(), "");
    } catch (const TLSError& e) {
      verdict = e;
      EXPECT_THROW(served.get(), TLSError);  // the alert
    }
  }
  EXPECT_EQ(verdicts[0].has_value(), verdicts[1].has_value());
  if (verdicts[0] && verdicts[1]) {
    EXPECT_STREQ(verdicts[0]->what(), verdicts[1]->what());
  }
  return verdicts[1];
}

void expect_refused(const Identity& identity, const std::string& host, const std::string& reason) {
  const auto error = verdict(identity, host);
  ASSERT_TRUE(error) << host << " was accepted";
  EXPECT_EQ(error->verify_reason(), reason);
  const std::string what = error->what();
  EXPECT_NE(what.find(reason), std::string::npos) << what;
  const std::string where = host.find(':') == std::string::npos ? host : "[" + host + "]";
  EXPECT_TRUE(what.starts_with("TLS with " + where + ":443: ")) << what;
  EXPECT_EQ(what.find('\n'), std::string::npos) << what;
}

void expect_accepted(const Identity& identity, const std::string& host) {
  const auto error = verdict(identity, host);
  EXPECT_FALSE(error) << error->what();
}

TEST(HostileTLSCertificate, GoodOnesAreAccepted) {
  expect_accepted(test_server(), "localhost");
  expect_accepted(test_server(), "LOCALHOST");
  expect_accepted(test_server(), "localhost.");
  expect_accepted(test_server(), "a.wild.example");
  expect_accepted(test_server(), "127.0.0.1");
  expect_accepted(test_server(), "::1");
  expect_accepted(test_server(), "[::1]");
  expect_accepted(test_server(), "::1%lo");
}

TEST(HostileTLSCertificate, Row1Expired) {
  expect_refused(Identity({.alternative_names = "DNS:localhost",
                           .starts_in_seconds = -86400,
                           .ends_in_seconds = -60},
                          &test_root()),
                 "localhost", "certificate has expired");
}

TEST(HostileTLSCertificate, Row2NotYetValid) {
  expect_refused(
      Identity({.alternative_names = "DNS:localhost", .starts_in_seconds = 3600}, &test_root()),
      "localhost", "certificate is not yet valid");
}

TEST(HostileTLSCertificate, Row3WrongHost) {
  const Identity other = identity_for("DNS:other.example,DNS:www.other.example");
  expect_refused(other, "localhost", "hostname mismatch");
  const std::string what = verdict(other, "localhost")->what();
  EXPECT_NE(what.find(R"(it is for "other.example", "www.other.example")"), std::string::npos)
      << what;
  expect_refused(test_server(), "localhost.example", "hostname mismatch");
  expect_refused(test_server(), "wild.example", "hostname mismatch");
}

TEST(HostileTLSCertificate, Row4SelfSigned) {
  expect_refused(Identity({.alternative_names = "DNS:localhost"}), "localhost",
                 "self-signed certificate");
}

TEST(HostileTLSCertificate, Row5UnknownAuthority) {
  const Identity stranger({.common_name = "nobody's root",
                           .extended_key_usage = "",
                           .basic_constraints = "critical,CA:TRUE"});
  expect_refused(Identity({.alternative_names = "DNS:localhost"}, &stranger), "localhost",
                 "unable to get local issuer certificate");
}

TEST(HostileTLSCertificate, Row6NameInCommonNameOnly) {
  expect_refused(Identity({.common_name = "localhost"}, &test_root()), "localhost",
                 "hostname mismatch");
  expect_refused(
      Identity({.common_name = "localhost", .alternative_names = "IP:192.0.2.1"}, &test_root()),
      "localhost", "hostname mismatch");
}

TEST(HostileTLSCertificate, Row7Wildcards) {
  expect_refused(identity_for("DNS:*"), "localhost", "hostname mismatch");
  expect_refused(identity_for("DNS:*"), "a.example", "hostname mismatch");
  expect_refused(identity_for("DNS:*.com"), "example.com", "hostname mismatch");
  expect_refused(identity_for("DNS:f*.wild.example"), "foo.wild.example", "hostname mismatch");
  expect_refused(identity_for("DNS:*o.wild.example"), "foo.wild.example", "hostname mismatch");
  expect_refused(identity_for("DNS:foo.*.example"), "foo.wild.example", "hostname mismatch");
  expect_refused(test_server(), "a.b.wild.example", "hostname mismatch");
  expect_refused(identity_for("DNS:*.0.0.1"), "127.0.0.1", "IP address mismatch");
}

TEST(HostileTLSCertificate, Row8AddressWithoutAddressName) {
  expect_refused(identity_for("DNS:127.0.0.1"), "127.0.0.1", "IP address mismatch");
  expect_refused(identity_for("DNS:localhost"), "::1", "IP address mismatch");
  expect_refused(Identity({.common_name = "127.0.0.1"}, &test_root()), "127.0.0.1",
                 "IP address mismatch");
  expect_refused(identity_for("IP:127.0.0.2"), "127.0.0.1", "IP address mismatch");
}

TEST(HostileTLSCertificate, Row9NulInAName) {
  const Identity tricky({.raw_dns_name = std::string("localhost\0.evil.example", 23)},
                        &test_root());
  expect_refused(tricky, "localhost", "hostname mismatch");
  const std::string what = verdict(tricky, "localhost")->what();
  EXPECT_EQ(what.find('\0'), std::string::npos);
  EXPECT_NE(what.find(R"("localhost\x00.evil.example")"), std::string::npos) << what;
}

TEST(HostileTLSCertificate, Row10ForClientsOnly) {
  expect_refused(
      Identity({.alternative_names = "DNS:localhost", .extended_key_usage = "clientAuth"},
               &test_root()),
      "localhost", "unsuitable certificate purpose");
}

TEST(HostileTLSCertificate, Row11IssuerIsNoAuthority) {
  const Identity leaf({.common_name = "a leaf", .alternative_names = "DNS:localhost"},
                      &test_root());
  expect_refused(Identity({.alternative_names = "DNS:localhost"}, &leaf), "localhost",
                 "invalid CA certificate");
}

TEST(HostileTLSCertificate, WeakKeysAndDigestsAreRefused) {
  const Identity weak(
      {.alternative_names = "DNS:localhost", .key_type = EVP_PKEY_RSA, .rsa_bits = 1024},
      &test_root());
  EXPECT_THROW(server_context(weak), TLSError);  // not even to be served
}

TEST(HostileTLSCertificate, AcceptsAnyOnlyWhenToldTo) {
  TLSOptions options;
  options.verify = false;
  const Identity self_signed({.alternative_names = "DNS:other.example"});
  EXPECT_FALSE(verdict(self_signed, "localhost", options));
  const auto pair = connect_pair(TLSContext::client(options), server_context(self_signed));
  EXPECT_EQ(pair.client->info().verify_error, "self-signed certificate");
}

TEST(HostileTLSCertificate, PinsBindWithAndWithoutVerification) {
  for (const bool verify : {true, false}) {
    TLSOptions options = trusting_options();
    options.verify = verify;
    options.pinned_public_keys = {test_root().pin(), test_server().pin()};
    EXPECT_FALSE(verdict(test_server(), "localhost", options));
    options.pinned_public_keys = {test_root().pin()};
    const auto error = verdict(test_server(), "localhost", options);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->verify_reason(), "its public key is not a pinned one");
  }
  // A pin is no substitute for verification.
  const Identity self_signed({.alternative_names = "DNS:localhost"});
  TLSOptions options = trusting_options();
  options.pinned_public_keys = {self_signed.pin()};
  EXPECT_TRUE(verdict(self_signed, "localhost", options));
}

TEST(HostileTLSCertificate, NamesWithEmptyLabelsAreRefused) {
  const auto client = TLSContext::client(trusting_options());
  for (const char* host : {".example.com", "a..b", "..", "a.."}) {
    EXPECT_THROW(TLSTransport::connect(memory_pair().first, client, host, 443, test_deadline()),
                 TLSError)
        << host;
  }
  for (const std::string_view host :
       {std::string_view(""), std::string_view("."), std::string_view("a b"),
        std::string_view("a\0b", 3), std::string_view("a\r\nb"), std::string_view("\xc3\xa4")}) {
    EXPECT_THROW(TLSTransport::connect(memory_pair().first, client, host, 443, test_deadline()),
                 std::invalid_argument)
        << host;
  }
}

}  // namespace
}  // namespace proto::test
