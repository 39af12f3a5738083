#include "wire/pop3_reply.h"

#include <gtest/gtest.h>

#include "proto/error.h"

namespace proto {
namespace {

TEST(POP3Reply, Status) {
  EXPECT_TRUE(parse_pop3_status("+OK", "x").ok);
  EXPECT_EQ(parse_pop3_status("+OK", "x").text, "");
  EXPECT_EQ(parse_pop3_status("+OK ", "x").text, "");
  EXPECT_EQ(parse_pop3_status("+OK hi [X] there", "x").text, "hi [X] there");
  EXPECT_FALSE(parse_pop3_status("-ERR", "x").ok);
  EXPECT_EQ(parse_pop3_status("-ERR [IN-USE] busy", "x").code, "IN-USE");
  EXPECT_EQ(parse_pop3_status("-ERR [IN-USE] busy", "x").text, "[IN-USE] busy");
  EXPECT_EQ(parse_pop3_status("-ERR busy [IN-USE]", "x").code, "");
  EXPECT_EQ(parse_pop3_status("-ERR [IN-USE", "x").code, "");
  for (const char* line : {"", "+", "+ok", "+OKAY", "-ERROR", " +OK", "+OK\tx", "-err", "220 x"})
    EXPECT_THROW(parse_pop3_status(line, "x"), ProtocolError) << line;
}

TEST(POP3Reply, ErrorsQuoteWhatCame) {
  try {
    parse_pop3_status("220 mail\x1b[2J", "greeting");
    ADD_FAILURE();
  } catch (const ProtocolError& e) {
    EXPECT_STREQ(e.what(), R"(POP3 greeting: want "+OK" or "-ERR", got "220 mail\x1b[2J")");
  }
}

TEST(POP3Reply, Challenge) {
  std::string_view challenge;
  EXPECT_TRUE(is_pop3_challenge("+ YQ==", challenge));
  EXPECT_EQ(challenge, "YQ==");
  EXPECT_TRUE(is_pop3_challenge("+", challenge));
  EXPECT_EQ(challenge, "");
  EXPECT_TRUE(is_pop3_challenge("+ ", challenge));
  EXPECT_FALSE(is_pop3_challenge("+OK", challenge));
}

TEST(POP3Reply, Numbers) {
  EXPECT_EQ(parse_pop3_stat("2 320").first, 2U);
  EXPECT_EQ(parse_pop3_stat("0 0").second, 0U);
  EXPECT_EQ(parse_pop3_stat("2 320 and more").second, 320U);
  EXPECT_EQ(parse_pop3_list("4294967295 18446744073709551615").second, UINT64_MAX);
  for (const char* text : {"", "1", "1 ", " 1 2", "1  2", "-1 2", "1 x", "1 2x", "4294967296 1"})
    EXPECT_THROW(parse_pop3_list(text), ProtocolError) << text;
}

TEST(POP3Reply, UniqueIds) {
  EXPECT_EQ(parse_pop3_uidl("1 whqtswO00WBw418f9t5JxYwZ").second, "whqtswO00WBw418f9t5JxYwZ");
  EXPECT_EQ(parse_pop3_uidl("1 " + std::string(512, 'x')).second.size(), 512U);
  EXPECT_THROW(parse_pop3_uidl("1 " + std::string(513, 'x')), ProtocolError);
  for (const char* text : {"1", "1 ", "x a", "1 a\x7f", "1 \xc3\xbc"})
    EXPECT_THROW(parse_pop3_uidl(text), ProtocolError) << text;
}

TEST(POP3Reply, Capabilities) {
  const auto [name, arguments] = parse_pop3_capability("sasl  PLAIN\tCRAM-MD5 ");
  EXPECT_EQ(name, "SASL");
  EXPECT_EQ(arguments, (std::vector<std::string>{"PLAIN", "CRAM-MD5"}));
  EXPECT_THROW(parse_pop3_capability(" "), ProtocolError);
}

TEST(POP3Reply, ApopTimestamp) {
  EXPECT_EQ(find_apop_timestamp("ready <1896.697170952@dbc.mtview.ca.us>"),
            "<1896.697170952@dbc.mtview.ca.us>");
  EXPECT_EQ(find_apop_timestamp("<<a@b>"), "<a@b>");
  EXPECT_EQ(find_apop_timestamp("<x <a@b> <c@d>"), "<a@b>");
  for (const char* text : {"", "<", "<>", "<@>", "<a@>", "<@b>", "<ab>", "<a@b", "<a b@c>",
                           "<a@b@c>", "<a@b\x01>", "<a@\xc3\xbc>"})
    EXPECT_EQ(find_apop_timestamp(text), "") << text;
}

// One step a byte, whatever the greeting: 2 MB here would take hours by squares.
TEST(POP3Reply, ApopTimestampIsLinear) {
  EXPECT_EQ(find_apop_timestamp(std::string(2'000'000, '<')), "");
  EXPECT_EQ(find_apop_timestamp(std::string(2'000'000, '<') + "a@b>"), "<a@b>");
}

}  // namespace
}  // namespace proto
