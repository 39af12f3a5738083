#include "proto/address.h"

#include <stdexcept>

namespace proto {
namespace {

TEST(Address, ReadsAndWritesEveryFamily) {
  EXPECT_EQ(Address("127.0.0.1", 80).to_string(), "127.0.0.1:80");
  EXPECT_EQ(Address("::1", 443).to_string(), "[::1]:443");
  EXPECT_EQ(Address("[::1]", 443).host(), "::1");
  EXPECT_EQ(Address("", 25).to_string(), "0.0.0.0:25");  // '' is any interface
  for (const char* text : {"10.1.2.3:8080", "[2001:db8::1]:1", "/run/x.sock", "@abstract"}) {
    EXPECT_EQ(Address::parse(text).to_string(), text);
  }
  EXPECT_EQ(Address::parse("unix:/run/x").host(), "/run/x");
  EXPECT_EQ(Address::parse(":2626"), Address::any(Family::ipv4, 2626));
}

TEST(Address, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "127.0.0.1", "localhost:80", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:", "::1:80", "1.2.3:80", "[::1]80"}) {
    EXPECT_THROW(Address::parse(text), std::invalid_argument) << text;
  }
  EXPECT_THROW(Address::local(std::string(108, 'x')), std::invalid_argument);
  EXPECT_NO_THROW(Address::local(std::string(107, 'x')));
  EXPECT_THROW(Address(std::string_view("127.0.0.1\0x", 11), 1), std::invalid_argument);
}

TEST(Address, KnowsLoopback) {
  EXPECT_TRUE(Address("127.9.9.9", 1).is_loopback());
  EXPECT_TRUE(Address("::1", 1).is_loopback());
  EXPECT_TRUE(Address("::ffff:127.0.0.1", 1).is_loopback());
  EXPECT_TRUE(Address::local("/x").is_loopback());
  EXPECT_FALSE(Address("10.0.0.1", 1).is_loopback());
  EXPECT_FALSE(Address().is_loopback());
}

}  // namespace
}  // namespace proto
