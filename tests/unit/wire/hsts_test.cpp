#include "proto/hsts.h"

#include <gtest/gtest.h>

namespace proto {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr sys_seconds kNow{seconds(1'800'000'000)};
const URL kHost = URL::parse("https://a.example/");

bool takes(std::string_view value) {
  HSTSStore store;
  return store.take(kHost, value, kNow);
}

TEST(HSTS, CoversTheHostForItsTime) {
  HSTSStore store;
  EXPECT_TRUE(store.take(kHost, "max-age=100", kNow));
  EXPECT_TRUE(store.covers("a.example", kNow));
  EXPECT_TRUE(store.covers("a.example.", kNow));
  EXPECT_FALSE(store.covers("b.a.example", kNow));
  EXPECT_FALSE(store.covers("example", kNow));
  EXPECT_FALSE(store.covers("a.example", kNow + seconds(100)));
  EXPECT_TRUE(store.take(kHost, "includeSubDomains; Max-Age=\"100\"; preload", kNow));
  EXPECT_TRUE(store.covers("c.b.a.example", kNow));
  EXPECT_FALSE(store.covers("xa.example", kNow));
  EXPECT_TRUE(store.take(kHost, "max-age=0", kNow));
  EXPECT_EQ(store.size(), 0U);
}

TEST(HSTS, PassesOverWhatDoesNotCount) {
  for (const char* bad :
       {"", "max-age", "max-age=", "max-age=x", "max-age=-1", "max-age=1; max-age=2",
        "includeSubDomains", "max-age=1; includesubdomains; includeSubDomains"})
    EXPECT_FALSE(takes(bad)) << bad;
  EXPECT_TRUE(takes("max-age=99999999999999999999999999"));
  HSTSStore store;
  EXPECT_FALSE(store.take(URL::parse("http://a.example/"), "max-age=1", kNow)) << "not by http";
  EXPECT_FALSE(store.take(URL::parse("https://127.0.0.1/"), "max-age=1", kNow));
  EXPECT_FALSE(store.take(URL::parse("https://[::1]/"), "max-age=1", kNow));
}

TEST(HSTS, UpgradesUrls) {
  HSTSStore store;
  store.take(kHost, "max-age=100", kNow);
  const auto upgraded = [&](const char* url) {
    return store.upgrade(URL::parse(url), kNow).to_string();
  };
  EXPECT_EQ(upgraded("http://A.example/x?y"), "https://a.example/x?y");
  EXPECT_EQ(upgraded("http://a.example:8080/"), "https://a.example:8080/");
  EXPECT_EQ(upgraded("http://b.example/"), "http://b.example/");
}

TEST(HSTS, KeepsItsFile) {
  HSTSStore store;
  EXPECT_EQ(store.read("# comment\n"
                       ".a.example \"20991231 23:59:59\"\r\n"
                       "b.example \"unlimited\"\n"
                       "old.example \"20200101 00:00:00\"\n"
                       "nonsense\n"
                       "127.0.0.1 \"unlimited\"\n"
                       "c.example \"20991331 00:00:00\"\n",
                       kNow),
            3U);
  EXPECT_EQ(store.size(), 2U);
  EXPECT_TRUE(store.covers("x.a.example", kNow));
  const std::string text = store.write(kNow);
  EXPECT_NE(text.find("\n.a.example \"20991231 23:59:59\"\nb.example \"unlimited\"\n"), text.npos)
      << text;
  HSTSStore again;
  EXPECT_EQ(again.read(text, kNow), 0U);
  EXPECT_EQ(again.write(kNow), text);
}

}  // namespace
}  // namespace proto
