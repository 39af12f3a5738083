// The certificates and settings that must not be accepted, served by openssl(1), and seen through
// the whole of Stream::connect().
#include <gtest/gtest.h>

#include <algorithm>

#include "proto/error.h"
#include "proto/stream.h"
#include "support/process.h"
#include "support/tls_authority.h"

namespace proto::test {
namespace {

using Words = std::vector<std::string>;

// `openssl s_server`, which sends back each line reversed.
class OpenSSLServer {
 public:
  explicit OpenSSLServer(const Identity& identity, const Words& more = {}) : port_(free_port()) {
    Words words = {find_program("openssl", "openssl"),
                   "s_server",
                   "-rev",
                   "-accept",
                   "127.0.0.1:" + std::to_string(port_),
                   "-cert",
                   identity.certificate_file(),
                   "-cert_chain",
                   identity.certificate_file(),
                   "-key",
                   identity.key_file()};
    words.insert(words.end(), more.begin(), more.end());
    child_ = std::make_unique<Child>(words);
    wait_for_port(port_, child_.get());
  }
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_;
  std::unique_ptr<Child> child_;
};

Stream connect_to(const OpenSSLServer& server, const std::string& host = "localhost") {
  TLSOptions policy;
  policy.ca_file = test_root().certificate_file();
  ConnectOptions options;
  options.family = Family::ipv4;
  options.tls = TLSContext::client(policy);
  options.resolve["*:" + std::to_string(server.port())] = {Address("127.0.0.1", server.port())};
  return Stream::connect(host, server.port(), options, TLSMode::implicit,
                         Deadline::after(std::chrono::seconds(60)));
}

// The verify reason; empty where TLS failed otherwise.
std::string refusal(const OpenSSLServer& server, const std::string& host = "localhost") {
  try {
    connect_to(server, host);
  } catch (const TLSError& e) {
    return e.verify_reason();
  }
  return "accepted";
}

std::string refusal(const CertificateRequest& request, const Identity* issuer = &test_root()) {
  return refusal(OpenSSLServer(Identity(request, issuer)));
}

TEST(TLSAgainstOpenSSL, ExchangesLines) {
  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    const OpenSSLServer server(test_server(), {version});
    Stream stream = connect_to(server);
    stream.write("hello\n");
    EXPECT_EQ(stream.read_line(100), "olleh");
    EXPECT_FALSE(stream.tls()->info().resumed);
  }
}

TEST(TLSAgainstOpenSSL, BadCertificatesAreRefused) {
  EXPECT_EQ(refusal({.alternative_names = "DNS:localhost", .ends_in_seconds = -60}),
            "certificate has expired");
  EXPECT_EQ(refusal({.alternative_names = "DNS:localhost", .starts_in_seconds = 3600}),
            "certificate is not yet valid");
  EXPECT_EQ(refusal({.alternative_names = "DNS:other.example"}), "hostname mismatch");
  EXPECT_EQ(refusal({.alternative_names = "DNS:localhost"}, nullptr), "self-signed certificate");
  EXPECT_EQ(refusal({.common_name = "localhost"}), "hostname mismatch");
  EXPECT_EQ(refusal({.raw_dns_name = std::string("localhost\0.evil.example", 23)}),
            "hostname mismatch");
  EXPECT_EQ(refusal({.alternative_names = "DNS:localhost", .extended_key_usage = "clientAuth"}),
            "unsuitable certificate purpose");
  const Identity stranger({.common_name = "nobody's root",
                           .extended_key_usage = "",
                           .basic_constraints = "critical,CA:TRUE"});
  EXPECT_EQ(refusal({.alternative_names = "DNS:localhost"}, &stranger),
            "unable to get local issuer certificate");
  const Identity leaf({.common_name = "a leaf", .alternative_names = "DNS:localhost"},
                      &test_root());
  EXPECT_EQ(refusal({.alternative_names = "DNS:localhost"}, &leaf), "invalid CA certificate");
}

TEST(TLSAgainstOpenSSL, BadNamesAreRefused) {
  const OpenSSLServer wild(
      identity_for("DNS:*,DNS:*.com,DNS:f*.wild.example,DNS:*.wild.example,"
                   "DNS:127.0.0.1"));
  EXPECT_EQ(refusal(wild, "a.wild.example"), "accepted");
  EXPECT_EQ(refusal(wild, "localhost"), "hostname mismatch");
  EXPECT_EQ(refusal(wild, "example.com"), "hostname mismatch");
  EXPECT_EQ(refusal(wild, "a.b.wild.example"), "hostname mismatch");
  EXPECT_EQ(refusal(wild, "127.0.0.1"), "IP address mismatch");
}

TEST(TLSAgainstOpenSSL, WeakSettingsAreRefused) {
  const std::string level = "@SECLEVEL=0";
  EXPECT_EQ(refusal(OpenSSLServer(test_server(), {"-tls1", "-cipher", "ALL" + level})), "");
  EXPECT_EQ(refusal(OpenSSLServer(test_server(), {"-tls1_1", "-cipher", "ALL" + level})), "");
  EXPECT_EQ(refusal(OpenSSLServer(test_server(), {"-tls1_2", "-cipher", "aNULL" + level})), "");
  EXPECT_EQ(refusal(OpenSSLServer(test_server(), {"-tls1_2", "-cipher", "eNULL" + level})), "");
}

// The same by httpget: the exit status says that the certificate is not trusted, in one line, and
// with -k it is the server's answer that counts (this one speaks no HTTP).
TEST(TLSAgainstOpenSSL, TheToolRefusesBadCertificatesToo) {
  const auto httpget = [](const OpenSSLServer& server, const Words& more) {
    const std::string port = std::to_string(server.port());
    Words words = {our_program("httpget"),
                   "--cacert",
                   test_root().certificate_file(),
                   "--resolve",
                   "localhost:" + port + ":127.0.0.1",
                   "https://localhost:" + port + "/"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  const Identity stranger({.common_name = "nobody's root",
                           .extended_key_usage = "",
                           .basic_constraints = "critical,CA:TRUE"});
  const Identity leaf({.common_name = "a leaf", .alternative_names = "DNS:localhost"},
                      &test_root());
  const std::vector<Identity> bad = {
      Identity({.alternative_names = "DNS:localhost", .ends_in_seconds = -60}, &test_root()),
      Identity({.alternative_names = "DNS:localhost", .starts_in_seconds = 3600}, &test_root()),
      Identity({.alternative_names = "DNS:other.example"}, &test_root()),
      Identity({.alternative_names = "DNS:localhost"}),
      Identity({.alternative_names = "DNS:localhost"}, &stranger),
      Identity({.common_name = "localhost"}, &test_root()),
      Identity({.alternative_names = "DNS:*,DNS:l*"}, &test_root()),
      Identity({.raw_dns_name = std::string("localhost\0.evil.example", 23)}, &test_root()),
      Identity({.alternative_names = "DNS:localhost", .extended_key_usage = "clientAuth"},
               &test_root()),
      Identity({.alternative_names = "DNS:localhost"}, &leaf)};
  for (const Identity& identity : bad) {
    const OpenSSLServer server(identity);
    const ProcessResult refused = httpget(server, {});
    EXPECT_EQ(refused.status, 60) << refused.describe();
    EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
    EXPECT_EQ(httpget(server, {"-k"}).status, 8);
  }
  const OpenSSLServer old(test_server(), {"-tls1_1", "-cipher", "ALL@SECLEVEL=0"});
  EXPECT_EQ(httpget(old, {}).status, 35);
}

}  // namespace
}  // namespace proto::test
