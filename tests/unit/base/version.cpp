#include "proto/version.h"

#include <gtest/gtest.h>

#include <string>

namespace proto {
namespace {

TEST(Version, IsTheProjects) {
  EXPECT_EQ(kVersion, PROTO_PROJECT_VERSION);
  EXPECT_EQ(kVersion, std::to_string(kVersionMajor) + "." + std::to_string(kVersionMinor) + "." +
                          std::to_string(kVersionPatch));
}

}  // namespace
}  // namespace proto
