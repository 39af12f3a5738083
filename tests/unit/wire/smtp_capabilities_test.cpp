#include "wire/smtp_capabilities.h"

#include <gtest/gtest.h>

namespace proto {
namespace {

TEST(SMTPCapabilities, ReadsEveryKeywordInAnyCase) {
  const auto c = parse_smtp_capabilities(
      "mx.example.org at your service\nsize 1000\n8BITMIME\nSmtpUtf8\nPIPELINING\nchunking\n"
      "BinaryMIME\nDSN\nENHANCEDSTATUSCODES\nSTARTTLS\nAUTH plain LOGIN\nX-OWN some value");
  EXPECT_EQ(c.domain, "mx.example.org");
  EXPECT_TRUE(c.size && c.eight_bit_mime && c.smtputf8 && c.pipelining && c.chunking);
  EXPECT_TRUE(c.binarymime && c.dsn && c.enhanced_status_codes && c.starttls);
  EXPECT_EQ(c.max_size, 1000U);
  EXPECT_EQ(c.auth, (std::vector<std::string>{"PLAIN", "LOGIN"}));
  ASSERT_NE(c.find("x-own"), nullptr);
  EXPECT_EQ(c.find("x-own")->value, "some value");
  EXPECT_EQ(c.find("x-ow"), nullptr);
}

TEST(SMTPCapabilities, ASizeOfZeroOrNoneIsNoMaximum) {
  EXPECT_TRUE(parse_smtp_capabilities("a\nSIZE").size);
  EXPECT_FALSE(parse_smtp_capabilities("a\nSIZE").max_size);
  EXPECT_FALSE(parse_smtp_capabilities("a\nSIZE 0").max_size);
  EXPECT_FALSE(parse_smtp_capabilities("a\nSIZE -1").max_size);
  EXPECT_FALSE(parse_smtp_capabilities("a\nSIZE 99999999999999999999").max_size);
}

TEST(SMTPCapabilities, ReadsLimits) {
  const auto c = parse_smtp_capabilities(
      "a\nLIMITS rcptmax=20 MAILMAX=5 RCPTDOMAINMAX=1 OTHER=x RCPTMAX2=7 rcptmax");
  EXPECT_EQ(c.rcpt_max, 20U);
  EXPECT_EQ(c.mail_max, 5U);
  EXPECT_EQ(c.rcpt_domain_max, 1U);
  EXPECT_FALSE(parse_smtp_capabilities("a\nLIMITS RCPTMAX=0 MAILMAX=x").rcpt_max);
}

TEST(SMTPCapabilities, JoinsBothFormsOfAuth) {
  const auto c = parse_smtp_capabilities("a\nAUTH=LOGIN PLAIN\nAUTH PLAIN CRAM-MD5");
  EXPECT_EQ(c.auth, (std::vector<std::string>{"LOGIN", "PLAIN", "CRAM-MD5"}));
}

TEST(SMTPCapabilities, TheFirstLineIsNoKeyword) {
  const auto c = parse_smtp_capabilities("STARTTLS");
  EXPECT_FALSE(c.starttls);
  EXPECT_EQ(c.domain, "STARTTLS");
  EXPECT_TRUE(parse_smtp_capabilities("").keywords.empty());
  EXPECT_TRUE(parse_smtp_capabilities("a\n\n \n").keywords.empty());
}

}  // namespace
}  // namespace proto
