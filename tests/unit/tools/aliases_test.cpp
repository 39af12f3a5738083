#include "sendmail-lite/aliases.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace proto::sendmail {
namespace {

std::string expanded(std::string_view file, std::string_view name) {
  std::vector<std::string> warnings;
  const Aliases aliases = Aliases::parse(file, warnings);
  const auto found = aliases.expand(name);
  if (!found) return "(stays)";
  std::string out;
  for (const auto& address : *found) out += (out.empty() ? "" : ", ") + address.address();
  return out;
}

TEST(Aliases, NamesStandForAddresses) {
  const char* file = "# who\nroot: admin@example.org\nops: a@example.org,\n\tb@example.org\r\n";
  EXPECT_EQ(expanded(file, "root"), "admin@example.org");
  EXPECT_EQ(expanded(file, "ROOT"), "admin@example.org");
  EXPECT_EQ(expanded(file, "ops"), "a@example.org, b@example.org");
  EXPECT_EQ(expanded(file, "joe"), "(stays)");
}

TEST(Aliases, DefaultCatchesEveryOtherLocalName) {
  const char* file = "root: admin@example.org\ndefault: all@example.org\n";
  EXPECT_EQ(expanded(file, "joe"), "all@example.org");
  EXPECT_EQ(expanded(file, "root"), "admin@example.org");
}

TEST(Aliases, FollowsAliasesAndEndsCircles) {
  EXPECT_EQ(expanded("a: b\nb: c, d@example.org\nc: e@example.org\n", "a"),
            "e@example.org, d@example.org");
  EXPECT_EQ(expanded("a: b\nb: a\n", "a"), "a");
  EXPECT_EQ(expanded("root: root, admin@example.org\n", "root"), "root, admin@example.org");
  EXPECT_EQ(expanded("default: joe\n", "root"), "joe");
}

TEST(Aliases, WhatIsNoAddressIsAWarning) {
  std::vector<std::string> warnings;
  const Aliases aliases = Aliases::parse(
      "a: |/bin/cmd\nb: /var/mail/b\nc: :include:/etc/list\nd: d@example.org\n", warnings);
  EXPECT_EQ(warnings.size(), 3U);
  EXPECT_FALSE(aliases.expand("a"));
  EXPECT_TRUE(aliases.expand("d"));
}

// Beside addresses, too; and those stay.
TEST(Aliases, CommandsAndFilesAmongAddressesArePassedOver) {
  std::vector<std::string> warnings;
  const Aliases aliases = Aliases::parse(
      "root: |/bin/cmd, a@x.org, /var/mail/b, :include:/etc/list, \"|/bin/v root\", b@x.org\n",
      warnings);
  EXPECT_EQ(warnings.size(), 4U);
  EXPECT_EQ(aliases.expand("root")->size(), 2U);
  EXPECT_EQ(expanded("root: |/bin/cmd, a@x.org, \"/f\", b@x.org\n", "root"), "a@x.org, b@x.org");
  EXPECT_EQ(expanded("joe: \\joe, a@x.org\n", "joe"), "joe, a@x.org");
}

TEST(Aliases, ALineWithoutANameIsAnError) {
  std::vector<std::string> warnings;
  EXPECT_THROW(Aliases::parse("root admin@example.org\n", warnings), std::invalid_argument);
  EXPECT_THROW(Aliases::parse(": admin@example.org\n", warnings), std::invalid_argument);
}

}  // namespace
}  // namespace proto::sendmail
