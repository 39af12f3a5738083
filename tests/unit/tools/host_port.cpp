#include "common/host_port.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace proto::tools {
namespace {

TEST(HostPort, NamesAndAddressesWithAPortAndWithout) {
  const auto split = [](const char* text) {
    const HostPort both = split_host_port(text);
    return both.host + " " + std::to_string(both.port);
  };
  EXPECT_EQ(split("mail.example.org"), "mail.example.org 0");
  EXPECT_EQ(split("mail.example.org:587"), "mail.example.org 587");
  EXPECT_EQ(split("192.0.2.1:25"), "192.0.2.1 25");
  EXPECT_EQ(split("[::1]"), "::1 0");
  EXPECT_EQ(split("[::1]:8080"), "::1 8080");
  EXPECT_EQ(split("::1"), "::1 0");
  EXPECT_EQ(split("2001:db8::1:25"), "2001:db8::1:25 0");
}

TEST(HostPort, WhatIsNone) {
  for (const char* text :
       {"", ":25", "[]:25", "[::1", "[::1]25", "[::1]:", "h:", "h:0", "h:65536", "h:25x", "h:+25"})
    EXPECT_THROW(split_host_port(text), std::invalid_argument) << text;
}

}  // namespace
}  // namespace proto::tools
