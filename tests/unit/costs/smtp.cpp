// Hostile network row 15 for SMTP.
#include <gtest/gtest.h>

#include <cstdint>
#include <new>

#include "proto/smtp.h"
#include "support/mail_sink.h"
#include "unit/costs/allocations.h"

namespace proto::test {
namespace {

// Whichever allocation fails, it is a bad_alloc, or the recipients' verdict is not known: never a
// crash, and never a yes for what was not taken.
TEST(SMTPCosts, Hostile_Network15_AnyAllocationMayFail) {
  const MailSink sink;
  SMTPOptions options;
  options.helo_name = "client.example.org";
  const Envelope envelope{"me@example.org", {"you@example.net", "ann@example.net"}, "", ""};
  const std::string message = "Subject: a message that is no short string\r\n\r\nx\r\n";
  std::size_t failed = 0, taken = 0;
  for (bool done = false; !done; ++failed) {
    ASSERT_LT(failed, 2000U);
    failing = allocations + failed;
    const std::size_t last = failing;
    try {
      SMTP smtp("127.0.0.1", sink.port(), options);
      const SendResult result = smtp.send(envelope, message);
      smtp.quit();
      done = allocations <= last;
      failing = SIZE_MAX;
      if (result.all(Verdict::accepted)) ++taken;
    } catch (const std::bad_alloc&) {
      failing = SIZE_MAX;
    }
  }
  EXPECT_GT(failed, 5U);
  EXPECT_GE(taken, 1U);
  EXPECT_GE(sink.mails().size(), taken);
}

}  // namespace
}  // namespace proto::test
