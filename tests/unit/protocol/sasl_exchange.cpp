#include "protocol/sasl_exchange.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "proto/error.h"

namespace proto {
namespace {

using Kind = SaslReply::Kind;

// What went over the wire, "|" between lines, when the server answers with `replies`.
class Exchange {
 public:
  Exchange(std::string_view mechanism, std::vector<SaslReply> replies, bool initial = true,
           std::size_t limit = 253)
      : replies_(std::move(replies)), initial_(initial), limit_(limit) {
    Credentials credentials;
    credentials.user = "tim";
    credentials.password = Secret("pw");
    credentials.oauth_token = Secret("token");
    client_ = make_sasl_client(mechanism, credentials, {});
  }
  bool run() {
    return run_sasl(*client_, initial_, limit_,
                    [&](std::string_view prefix, std::string_view secret) {
                      wire += prefix;
                      wire += secret;
                      wire += '|';
                      return next_ < replies_.size() ? replies_[next_++] : SaslReply{Kind::no, ""};
                    });
  }
  std::string wire;

 private:
  std::unique_ptr<SaslClient> client_;
  std::vector<SaslReply> replies_;
  bool initial_;
  std::size_t limit_;
  std::size_t next_ = 0;
};

TEST(SaslExchange, InitialResponseGoesAlong) {
  Exchange exchange("PLAIN", {{Kind::yes, ""}});
  EXPECT_TRUE(exchange.run());
  EXPECT_EQ(exchange.wire, "AUTH PLAIN AHRpbQBwdw==|");
}

TEST(SaslExchange, AnEmptyOneIsAnEqualsSign) {
  Exchange exchange("EXTERNAL", {{Kind::yes, ""}});
  EXPECT_TRUE(exchange.run());
  EXPECT_EQ(exchange.wire, "AUTH EXTERNAL =|");
}

TEST(SaslExchange, InitialResponseWaitsWhereItMustOrIsTooLong) {
  for (const bool allowed : {false, true}) {
    Exchange exchange("PLAIN", {{Kind::challenge, ""}, {Kind::yes, ""}}, allowed, 20);
    EXPECT_TRUE(exchange.run());
    EXPECT_EQ(exchange.wire, "AUTH PLAIN|AHRpbQBwdw==|");
  }
}

TEST(SaslExchange, RefusalIsAValue) {
  Exchange exchange("PLAIN", {{Kind::no, ""}});
  EXPECT_FALSE(exchange.run());
}

TEST(SaslExchange, OAuthsErrorIsAcknowledged) {
  Exchange exchange("XOAUTH2", {{Kind::challenge, base64_encode("{}")}, {Kind::no, ""}});
  EXPECT_FALSE(exchange.run());
  EXPECT_TRUE(exchange.wire.ends_with("||")) << exchange.wire;  // an empty answer
}

TEST(SaslExchange, BadBase64IsLeft) {
  Exchange exchange("LOGIN", {{Kind::challenge, "%%%"}});
  EXPECT_THROW(exchange.run(), ProtocolError);
  EXPECT_EQ(exchange.wire, "AUTH LOGIN|*|");
}

TEST(SaslExchange, AChallengeTooManyIsLeft) {
  Exchange exchange("LOGIN", std::vector<SaslReply>(9, {Kind::challenge, ""}));
  EXPECT_THROW(exchange.run(), ProtocolError);
  EXPECT_TRUE(exchange.wire.ends_with("|*|")) << exchange.wire;
}

TEST(SaslExchange, AYesTooEarlyIsAnError) {
  Exchange exchange("CRAM-MD5", {{Kind::yes, ""}});
  EXPECT_THROW(exchange.run(), ProtocolError);
}

}  // namespace
}  // namespace proto
