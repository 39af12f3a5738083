// hostile.md, TLS 20: a session is resumed for the same host and port of the same context only.
#include <gtest/gtest.h>

#include "proto/error.h"
#include "support/tls_pair.h"

namespace proto::test {
namespace {

// Connects, exchanges a byte each way (tickets come with it), closes. Whether it was resumed.
bool resumed(const std::shared_ptr<const TLSContext>& client,
             const std::shared_ptr<const TLSContext>& server, const std::string& host = "localhost",
             std::uint16_t port = 443) {
  auto pair = connect_pair(client, server, host, port);
  write_all(*pair.client, "?");
  EXPECT_EQ(read_bytes(*pair.server, 1), "?");
  write_all(*pair.server, "!");
  EXPECT_EQ(read_bytes(*pair.client, 1), "!");
  EXPECT_EQ(pair.client->info().resumed, pair.server->info().resumed);
  EXPECT_EQ(pair.client->info().verify_error, "");
  EXPECT_EQ(pair.client->info().subject, "CN = libproto test");
  pair.client->close();
  pair.server->close();
  return pair.client->info().resumed;
}

class HostileTLSSession : public testing::TestWithParam<TLSVersion> {
 protected:
  static TLSOptions options() {
    TLSOptions options = trusting_options();
    options.max_version = options.min_version = GetParam();
    return options;
  }
};

TEST_P(HostileTLSSession, IsResumedForTheSameHostAndPort) {
  const auto client = TLSContext::client(options());
  const auto server = server_context();
  EXPECT_FALSE(resumed(client, server));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(resumed(client, server));
  EXPECT_TRUE(resumed(client, server, "LocalHost."));
}

TEST_P(HostileTLSSession, Row20IsNotResumedForAnotherHostPortOrContext) {
  const auto client = TLSContext::client(options());
  const auto server = server_context();
  EXPECT_FALSE(resumed(client, server));
  EXPECT_FALSE(resumed(client, server, "a.wild.example"));
  EXPECT_FALSE(resumed(client, server, "b.wild.example"));
  EXPECT_FALSE(resumed(client, server, "127.0.0.1"));
  EXPECT_FALSE(resumed(client, server, "localhost", 444));
  EXPECT_FALSE(resumed(TLSContext::client(options()), server));
  EXPECT_TRUE(resumed(client, server));
}

TEST_P(HostileTLSSession, Row20IsNotResumedWithOtherSettings) {
  TLSOptions insecure = options();
  insecure.verify = false;
  const auto server = server_context();
  const auto careless = TLSContext::client(insecure);
  EXPECT_FALSE(resumed(careless, server));
  EXPECT_TRUE(resumed(careless, server));
  EXPECT_FALSE(resumed(TLSContext::client(options()), server));
}

TEST_P(HostileTLSSession, IsForgottenByAnotherServer) {
  const auto client = TLSContext::client(options());
  EXPECT_FALSE(resumed(client, server_context()));
  EXPECT_FALSE(resumed(client, server_context()));
}

TEST_P(HostileTLSSession, AServerThatTookOverIsVerifiedAnew) {
  const auto client = TLSContext::client(options());
  EXPECT_FALSE(resumed(client, server_context()));
  const Identity stranger({.alternative_names = "DNS:localhost"});
  EXPECT_THROW(connect_pair(client, server_context(stranger)), TLSError);
}

TEST_P(HostileTLSSession, NoneWhereSwitchedOff) {
  TLSOptions off = options();
  off.resume_sessions = false;
  const auto client = TLSContext::client(off);
  const auto server = server_context();
  EXPECT_FALSE(resumed(client, server));
  EXPECT_FALSE(resumed(client, server));
  const auto wanting = TLSContext::client(options());
  TLSOptions none;
  none.resume_sessions = false;
  const auto unwilling = server_context(test_server(), none);
  EXPECT_FALSE(resumed(wanting, unwilling));
  EXPECT_FALSE(resumed(wanting, unwilling));
}

TEST_P(HostileTLSSession, RefusedCertificateLeavesNone) {
  TLSOptions pinned = options();
  pinned.pinned_public_keys = {test_root().pin()};
  const auto client = TLSContext::client(pinned);
  const auto server = server_context();
  EXPECT_THROW(connect_pair(client, server), TLSError);
  EXPECT_THROW(connect_pair(client, server), TLSError);
}

INSTANTIATE_TEST_SUITE_P(Versions, HostileTLSSession,
                         testing::Values(TLSVersion::tls1_2, TLSVersion::tls1_3),
                         [](const auto& version) {
                           return version.param == TLSVersion::tls1_2 ? "TLS12" : "TLS13";
                         });

}  // namespace
}  // namespace proto::test
