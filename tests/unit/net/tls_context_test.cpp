#include <gtest/gtest.h>

#include <stdexcept>

#include "net/tls_verify.h"
#include "proto/error.h"
#include "support/raw_tls_server.h"
#include "support/tls_pair.h"

namespace proto::test {
namespace {

using tls::ReferenceIdentity;

TEST(ReferenceIdentity, IsMadeCanonical) {
  EXPECT_EQ(ReferenceIdentity("WWW.Example.COM").name(), "www.example.com");
  EXPECT_EQ(ReferenceIdentity("example.com.").name(), "example.com");
  EXPECT_EQ(ReferenceIdentity("[::1]").name(), "::1");
  EXPECT_EQ(ReferenceIdentity("[::1]").authority(), "[::1]");
  EXPECT_EQ(ReferenceIdentity("fe80::1%eth0").name(), "fe80::1");
}

TEST(ReferenceIdentity, KnowsAddresses) {
  for (const char* address : {"127.0.0.1", "127.0.0.1.", "::1", "[2001:db8::1]", "fe80::1%eth0"})
    EXPECT_TRUE(ReferenceIdentity(address).is_address()) << address;
  for (const char* name : {"localhost", "127.0.0.1.example", "1.2.3", "a1.2.3.4"})
    EXPECT_FALSE(ReferenceIdentity(name).is_address()) << name;
}

TEST(Pin, IsParsedStrictly) {
  EXPECT_EQ(tls::parse_pin("sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            std::string(32, '\0'));
  for (const char* text : {"", "sha256//", "sha256//AAAA", "sha1//AAAA", "AAAA",
                           "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
    EXPECT_THROW(tls::parse_pin(text), std::invalid_argument) << text;
}

TEST(ServerEndPoint, HashesAsTheSignatureDoes) {
  const auto size_for = [](const CertificateRequest& request) {
    return tls::server_end_point(Identity(request).certificate()).size();
  };
  EXPECT_EQ(size_for({.digest = EVP_sha256()}), 32U);
  EXPECT_EQ(size_for({.digest = EVP_sha384()}), 48U);
  EXPECT_EQ(size_for({.digest = EVP_sha512()}), 64U);
  EXPECT_EQ(size_for({.digest = EVP_sha1()}), 32U);  // RFC 5929 §4.1
  EXPECT_EQ(size_for({.key_type = EVP_PKEY_ED25519}), 0U);
}

TEST(TLSContext, RefusesSettingsThatMakeNoSense) {
  TLSOptions options = trusting_options();
  options.min_version = TLSVersion::tls1_3;
  options.max_version = TLSVersion::tls1_2;
  EXPECT_THROW(TLSContext::client(options), std::invalid_argument);
  options = trusting_options();
  options.alpn = {""};
  EXPECT_THROW(TLSContext::client(options), std::invalid_argument);
  options.alpn = {std::string(256, 'x')};
  EXPECT_THROW(TLSContext::client(options), std::invalid_argument);
  options = trusting_options();
  options.pinned_public_keys = {"sha256//no"};
  EXPECT_THROW(TLSContext::client(options), std::invalid_argument);
}

TEST(TLSContext, HasTwoSidesThatAreNotTakenForEachOther) {
  EXPECT_THROW(TLSTransport::connect(memory_pair().first, server_context(), "localhost", 443,
                                     test_deadline()),
               std::logic_error);
  EXPECT_THROW(TLSTransport::accept(memory_pair().first, TLSContext::client(trusting_options()),
                                    test_deadline()),
               std::logic_error);
}

TEST(TLSContext, HoldsToItsVersions) {
  TLSOptions old = trusting_options(), recent = trusting_options();
  old.max_version = TLSVersion::tls1_2;
  recent.min_version = TLSVersion::tls1_3;
  const auto both = server_context();
  EXPECT_EQ(connect_pair(TLSContext::client(old), both).client->info().version, "TLSv1.2");
  EXPECT_EQ(connect_pair(TLSContext::client(recent), both).client->info().version, "TLSv1.3");
  TLSOptions only_old;
  only_old.max_version = TLSVersion::tls1_2;
  EXPECT_THROW(connect_pair(TLSContext::client(recent), server_context(test_server(), only_old)),
               TLSError);
}

const Identity& test_client() {
  static const Identity client({.common_name = "client", .extended_key_usage = "clientAuth"},
                               &test_root());
  return client;
}

TEST(TLSContext, ServerAsksForClientCertificatesOfItsAuthority) {
  const auto server = server_context(test_server(), trusting_options());
  TLSOptions options = trusting_options();
  options.max_version = TLSVersion::tls1_2;  // there the refusal comes in the handshake
  EXPECT_THROW(connect_pair(TLSContext::client(options), server), TLSError);
  options.certificate_file = test_client().certificate_file();
  options.key_file = test_client().key_file();
  auto pair = connect_pair(TLSContext::client(options), server);
  EXPECT_EQ(pair.server->info().subject, "CN = client");
  const Identity stranger({.common_name = "stranger", .extended_key_usage = "clientAuth"});
  options.certificate_file = stranger.certificate_file();
  options.key_file = stranger.key_file();
  EXPECT_THROW(connect_pair(TLSContext::client(options), server), TLSError);
}

TEST(TLSContext, RefusedClientLearnsItFromTheAlertInTLS13) {
  const auto server = server_context(test_server(), trusting_options());
  MemoryPair lower = memory_pair();
  auto accepted = std::async(std::launch::async, [&, end = std::move(lower.second)]() mutable {
    TLSTransport::accept(std::move(end), server, test_deadline());
  });
  auto client =
      TLSTransport::connect(std::move(lower.first), TLSContext::client(trusting_options()),
                            "localhost", 443, test_deadline());
  try {
    accepted.get();
    ADD_FAILURE();
  } catch (const TLSError& e) {
    EXPECT_STREQ(e.what(), "TLS with memory: peer did not return a certificate");
  }
  try {
    char byte = 0;
    client->read_some({&byte, 1}, test_deadline());
    ADD_FAILURE();
  } catch (const TLSError& e) {
    EXPECT_EQ(e.verify_reason(), "");
    EXPECT_STREQ(e.what(),
                 "TLS with localhost:443: the peer sent the alert \"certificate required\"");
  }
}

std::string failure(const TLSOptions& options) {
  try {
    TLSContext::client(options);
  } catch (const TLSError& e) {
    return e.what();
  }
  return "none";
}

TEST(TLSContext, ReadsKeysAndSaysWhyNot) {
  TLSOptions options = trusting_options();
  options.certificate_file = test_client().certificate_file();
  options.key_file = test_client().encrypted_key_file("open sesame");
  EXPECT_NE(failure(options).find("cannot use the key"), std::string::npos) << failure(options);
  options.key_password = Secret("wrong one");
  EXPECT_NE(failure(options).find("cannot use the key"), std::string::npos) << failure(options);
  EXPECT_EQ(failure(options).find("wrong one"), std::string::npos);
  options.key_password = Secret("open sesame");
  EXPECT_EQ(failure(options), "none");
  options.key_file = test_server().key_file();
  EXPECT_NE(failure(options).find("key values mismatch"), std::string::npos) << failure(options);
  options.key_file = temporary_path("missing");
  EXPECT_NE(failure(options).find("No such file"), std::string::npos) << failure(options);
  options.key_file.clear();  // then in the certificate's file, where it is not
  EXPECT_NE(failure(options).find("cannot use the key"), std::string::npos) << failure(options);
  options.certificate_file = temporary_file("garbage", "garbage");
  EXPECT_NE(failure(options).find("cannot use the certificate"), std::string::npos);
}

TEST(TLSContext, SendsTheNameButNoAddress) {
  std::string name;
  const auto note = [&](SSL* ssl) {
    const char* sent = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    name = sent != nullptr ? sent : "(none)";
  };
  for (const auto& [host, expected] :
       {std::pair{"LocalHost.", "localhost"}, std::pair{"127.0.0.1", "(none)"},
        std::pair{"::1", "(none)"}}) {
    RawTLSServer server(
        test_server(), [](SSL_CTX*) {}, note);
    TLSTransport::connect(server.take_client(), TLSContext::client(trusting_options()), host, 443,
                          test_deadline());
    server.finish();
    EXPECT_EQ(name, expected);
  }
}

TEST(TLSContext, KeyUpdatesAreFollowed) {
  std::string got;
  RawTLSServer server(
      test_server(), [](SSL_CTX*) {},
      [&](SSL* ssl) {
        ssl_write(ssl, "before ");
        SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
        ssl_write(ssl, "after");
        got = ssl_read(ssl, 5);
        SSL_shutdown(ssl);
      });
  auto client = TLSTransport::connect(server.take_client(), TLSContext::client(trusting_options()),
                                      "localhost", 443, test_deadline());
  EXPECT_EQ(read_bytes(*client, 12), "before after");
  write_all(*client, "reply");
  EXPECT_EQ(read_bytes(*client, 1), "");
  server.finish();
  EXPECT_EQ(got, "reply");
}

}  // namespace
}  // namespace proto::test
