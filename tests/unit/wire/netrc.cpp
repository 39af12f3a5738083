#include <gtest/gtest.h>

#include <stdexcept>

#include "proto/credentials.h"

namespace proto {
namespace {

std::string look_up(std::string_view text, std::string_view machine, std::string_view user = {}) {
  const auto found = find_in_netrc(text, machine, user);
  return found ? found->user + ":" + std::string(found->password.reveal()) : "(none)";
}

constexpr std::string_view kFile =
    "# machine mail.example.org login commented password out\n"
    "machine mail.example.org login ann password one\n"
    "machine MAIL.example.org\n\tlogin bob\n\tpassword two # machine x\n"
    "macdef init\nmachine trap login evil password macro\n\n"
    "machine other account a login eve password \"th \\\"ree\"\n"
    "default login anonymous password me@here\n";

TEST(Netrc, FirstThatFits) {
  EXPECT_EQ(look_up("machine a login b password c", "a"), "b:c");
  EXPECT_EQ(look_up("machine a login b password c", "x"), "(none)");
  EXPECT_EQ(look_up("", "x"), "(none)");
}

TEST(Netrc, TakesEveryLayout) {
  EXPECT_EQ(look_up(kFile, "mail.example.org"), "ann:one");
  EXPECT_EQ(look_up(kFile, "mail.example.org", "bob"), "bob:two");
  EXPECT_EQ(look_up(kFile, "other"), "eve:th \"ree");
  EXPECT_EQ(look_up(kFile, "trap"), "anonymous:me@here");
  EXPECT_EQ(look_up(kFile, "mail.example.org", "carl"), "(none)");
}

TEST(Netrc, AnEntryWithoutALoginServesTheUserNamed) {
  EXPECT_EQ(look_up("machine a password c", "a", "u"), "u:c");
}

TEST(Netrc, KeepsAHashInAPassword) {
  EXPECT_EQ(look_up("machine a login b password #c", "a"), "b:#c");
}

TEST(Netrc, RefusesWhatItCannotReadAndNeverQuotesIt) {
  for (const std::string_view text :
       {"machine a login b password", "machine a login b password \"open", "machine",
        "machine a login b password two words"}) {
    try {
      find_in_netrc(text, "a");
      ADD_FAILURE() << text;
    } catch (const std::invalid_argument& e) {
      EXPECT_EQ(std::string(e.what()).find("words"), std::string::npos);
      EXPECT_EQ(std::string(e.what()).find("open"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace proto
