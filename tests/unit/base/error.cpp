#include "proto/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>
#include <type_traits>

namespace proto {
namespace {

// One handler for all that is not the caller's fault, and one for all that the network does.
static_assert(std::is_base_of_v<std::runtime_error, Error>);
static_assert(std::is_base_of_v<NetworkError, ResolveError>);
static_assert(std::is_base_of_v<NetworkError, ConnectError>);
static_assert(std::is_base_of_v<NetworkError, TimeoutError>);
static_assert(std::is_base_of_v<NetworkError, ClosedError>);
static_assert(std::is_base_of_v<NetworkError, CancelledError>);
static_assert(std::is_base_of_v<Error, TLSError>);
static_assert(!std::is_base_of_v<NetworkError, TLSError>);
static_assert(!std::is_base_of_v<NetworkError, ProtocolError>);
static_assert(std::is_base_of_v<Error, ReplyError>);
static_assert(std::is_base_of_v<Error, LimitError>);

TEST(Error, CarriesWhatFailedAndWhere) {
  const ConnectError error("cannot connect", ECONNREFUSED, "127.0.0.1:80",
                           {{"127.0.0.1:80", ECONNREFUSED, "Connection refused"}});
  EXPECT_STREQ(error.what(), "cannot connect");
  EXPECT_EQ(error.code(), ECONNREFUSED);
  EXPECT_EQ(error.phase(), Phase::connect);
  EXPECT_EQ(error.address(), "127.0.0.1:80");
  EXPECT_EQ(error.attempts().at(0).reason, "Connection refused");
  EXPECT_TRUE(ResolveError("no such name", "host", true).temporary());
  EXPECT_EQ(ReplyError("refused", 550, "5.1.1", "no such user").enhanced(), "5.1.1");
}

TEST(Error, EveryPhaseHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Phase::close); ++i)
    names.insert(to_string(static_cast<Phase>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Phase::close) + 1);
  EXPECT_EQ(names.count(""), 0U);
  EXPECT_EQ(names.count("unknown"), 0U);
}

}  // namespace
}  // namespace proto
