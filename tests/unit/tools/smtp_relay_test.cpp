// What a server's replies to one message come to: the trouble and the exit status of the attempt.
#include "sendmail-lite/smtp_relay.h"

#include <gtest/gtest.h>

#include "support/smtp_scripts.h"

namespace proto::sendmail {
namespace {

class Text final : public MessageSource {
 public:
  std::uint64_t size() const override { return text_.size(); }
  std::size_t read_at(std::uint64_t offset, std::span<char> into) override {
    return text_.copy(into.data(), into.size(), static_cast<std::size_t>(offset));
  }

 private:
  std::string_view text_ = "Subject: x\r\n\r\nx\r\n";
};

// One message to a@x.org and b@x.org, over a server that answers each RCPT so, and then as `rest`.
Attempt attempt_over(const std::string& a, const std::string& b, const test::Script& rest) {
  using test::answers;
  const test::ScriptedPeer peer(test::greets() + answers("MAIL FROM:<me@x.org>", "250 ok\r\n") +
                                answers("RCPT TO:<a@x.org>", a + "\r\n") +
                                answers("RCPT TO:<b@x.org>", b + "\r\n") + rest);
  RelayOptions options;
  options.host = peer.host();
  options.port = peer.port();
  options.helo = "client.example.org";
  SMTPRelay relay(options, {});
  QueuedEnvelope envelope;
  envelope.from = "me@x.org";
  envelope.to = {"a@x.org", "b@x.org"};
  Text message;
  return relay.send({envelope, envelope.to, message, [] {}, [](std::size_t, const Outcome&) {}});
}

// The reply to the dot is lost, whoever else of the recipients must wait for our login.
TEST(SMTPRelay, WhatMayBeDeliveredIsUnknownWhateverTheOthersWaitFor) {
  const test::Script lost = test::answers("DATA", "354 go\r\n") +
                            test::Script{test::expect_until("\r\n.\r\n"), test::close_now()};
  const std::string taken = "250 ok", login = "530 5.7.0 log in", later = "450 4.2.1 busy";
  for (const auto& other : {login, later}) {
    for (const bool first : {true, false}) {
      const Attempt attempt = attempt_over(first ? taken : other, first ? other : taken, lost);
      EXPECT_EQ(attempt.trouble, Trouble::unknown) << other << " " << first;
      EXPECT_EQ(attempt.status, other == login ? 77 : 75);
    }
  }
}

TEST(SMTPRelay, ALoginThatIsWantedIsNoTroubleOfTheMessage) {
  const test::Script end{test::expect_line("QUIT"), test::close_now()};
  const std::string login = "530 5.7.0 log in", later = "450 4.2.1 busy";
  EXPECT_EQ(attempt_over(login, later, end).trouble, Trouble::relay);
  EXPECT_EQ(attempt_over(later, login, end).trouble, Trouble::relay);
  EXPECT_EQ(attempt_over(later, later, end).trouble, Trouble::message);
}

// RFC 4954 §6: 454 4.7.0 is about the login. 454 4.7.1, and 454 alone, are "later" as any other.
TEST(SMTPRelay, A454IsAboutTheLoginOnlyWhereItSaysSo) {
  const test::Script end{test::expect_line("QUIT"), test::close_now()};
  const std::string denied = "454 4.7.1 Relay access denied", bare = "454 busy";
  for (const auto& reply : {denied, bare}) {
    const Attempt attempt = attempt_over(reply, reply, end);
    EXPECT_EQ(attempt.trouble, Trouble::message) << reply;
    EXPECT_EQ(attempt.status, 75) << reply;
  }
  const std::string failed = "454 4.7.0 Temporary authentication failure";
  EXPECT_EQ(attempt_over(failed, failed, end).trouble, Trouble::relay);
}

}  // namespace
}  // namespace proto::sendmail
