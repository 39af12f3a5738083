#include "proto/cookies.h"

#include <gtest/gtest.h>

#include "wire/set_cookie.h"

namespace proto {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr sys_seconds kNow{seconds(1'800'000'000)};  // 15 January 2027
const char* const kUrl = "https://www.example.com/a/b";

// What a jar that took `set_cookies` at `from` sends to `to`.
std::string sent(std::initializer_list<std::string_view> set_cookies, const char* to = kUrl,
                 const char* from = kUrl, seconds later = seconds(0)) {
  CookieJar jar;
  for (const auto text : set_cookies) jar.set(URL::parse(from), text, kNow);
  return jar.header_for(URL::parse(to), kNow + later);
}

TEST(Cookies, NamesAndValues) {
  EXPECT_EQ(sent({"a=b"}), "a=b");
  EXPECT_EQ(sent({" a = b c ; Path=/"}), "a=b c");
  EXPECT_EQ(sent({"a=\"b\""}), "a=\"b\"");
  EXPECT_EQ(sent({"a=b=c"}), "a=b=c");
  EXPECT_EQ(sent({"a="}), "a=");
  EXPECT_EQ(sent({"just a value"}), "just a value");
  EXPECT_EQ(sent({"=b"}), "b");
  EXPECT_EQ(sent({"", "=", ";a=b", "  ;"}), "");
  EXPECT_EQ(sent({"a=b\x01", "a=\x7f", std::string_view("a=\0b", 4), "a\tb=c", "a=b\tc"}), "");
  EXPECT_EQ(sent({"a=b; Expires=\x01"}), "") << "a control character anywhere";
}

TEST(Cookies, TooLongOnesArePassedOver) {
  EXPECT_EQ(sent({"a=" + std::string(4095, 'x')}).size(), 4097U);
  EXPECT_EQ(sent({"a=" + std::string(4096, 'x')}), "");
  EXPECT_EQ(sent({"a=b; Path=/" + std::string(1024, 'x')}), "a=b") << "the attribute only";
}

TEST(Cookies, Domains) {
  const char* const other = "https://other.example.com/a/b";
  EXPECT_EQ(sent({"a=b"}, other), "") << "host only";
  EXPECT_EQ(sent({"a=b; Domain=example.com"}, other), "a=b");
  EXPECT_EQ(sent({"a=b; Domain=.EXAMPLE.com"}, other), "a=b");
  EXPECT_EQ(sent({"a=b; Domain=www.example.com"}, other), "");
  EXPECT_EQ(sent({"a=b; Domain=www.example.com"}, "https://x.www.example.com/a/b"), "a=b");
  EXPECT_EQ(sent({"a=b; Domain=other.example.com"}), "") << "not this host's";
  EXPECT_EQ(sent({"a=b; Domain=xample.com"}), "");
  EXPECT_EQ(sent({"a=b; Domain=evil.org"}), "");
  EXPECT_EQ(sent({"a=b; Domain=x.www.example.com"}), "");
  EXPECT_EQ(sent({"a=b; Domain="}), "a=b") << "as if it were not there";
  EXPECT_EQ(sent({"a=b; Domain=evil.org; Domain=example.com"}), "a=b") << "the last one counts";
}

TEST(Cookies, NoCookieIsForAPublicSuffix) {
  EXPECT_EQ(sent({"a=b; Domain=com"}), "");
  const char* const uk = "https://www.example.co.uk/";
  EXPECT_EQ(sent({"a=b; Domain=co.uk"}, uk, uk), "");
  EXPECT_EQ(sent({"a=b; Domain=example.co.uk"}, uk, uk), "a=b");
  EXPECT_EQ(sent({"a=b; Domain=localhost"}, "http://localhost/", "http://localhost/"), "a=b");
  EXPECT_EQ(sent({"a=b; Domain=localhost"}, "http://x.localhost/", "http://localhost/"), "");
}

TEST(Cookies, AddressesHaveNoDomains) {
  EXPECT_EQ(sent({"a=b; Domain=0.0.1"}, "http://127.0.0.1/", "http://127.0.0.1/"), "");
  EXPECT_EQ(sent({"a=b; Domain=127.0.0.1"}, "http://127.0.0.1/", "http://127.0.0.1/"), "a=b");
  EXPECT_EQ(sent({"a=b"}, "http://[::1]/", "http://[0::1]/"), "a=b");
}

TEST(Cookies, Paths) {
  EXPECT_EQ(sent({"a=b"}, "https://www.example.com/a/other"), "a=b") << "the default is /a";
  EXPECT_EQ(sent({"a=b"}, "https://www.example.com/a"), "a=b");
  EXPECT_EQ(sent({"a=b"}, "https://www.example.com/ab"), "");
  EXPECT_EQ(sent({"a=b"}, "https://www.example.com/"), "");
  EXPECT_EQ(sent({"a=b; Path=/"}, "https://www.example.com/"), "a=b");
  EXPECT_EQ(sent({"a=b; Path=x"}, "https://www.example.com/a/x"), "a=b") << "as if not there";
  EXPECT_EQ(sent({"a=b; Path=/a/"}, "https://www.example.com/a"), "");
  EXPECT_EQ(sent({"a=1; Path=/", "b=2; Path=/a/b", "c=3; Path=/a", "d=4; Path=/"}),
            "b=2; c=3; a=1; d=4")
      << "longer paths first, then the older";
}

TEST(Cookies, SecureStaysSecure) {
  const char* const plain = "http://www.example.com/a/b";
  EXPECT_EQ(sent({"a=b; Secure"}), "a=b");
  EXPECT_EQ(sent({"a=b; Secure"}, plain), "");
  EXPECT_EQ(sent({"a=b; Secure"}, kUrl, plain), "") << "not from http";
  CookieJar jar;
  EXPECT_TRUE(jar.set(URL::parse(kUrl), "a=good; Secure; Domain=example.com", kNow));
  EXPECT_FALSE(jar.set(URL::parse(plain), "a=evil", kNow));
  EXPECT_FALSE(jar.set(URL::parse(plain), "a=evil; Path=/a/b/c", kNow));
  EXPECT_TRUE(jar.set(URL::parse(plain), "a=other; Path=/", kNow)) << "not below its path";
  EXPECT_TRUE(jar.set(URL::parse(kUrl), "a=mine", kNow));
}

TEST(Cookies, NamesThatPromise) {
  EXPECT_EQ(sent({"__Secure-a=b; Secure"}), "__Secure-a=b");
  EXPECT_EQ(sent({"__Secure-a=b"}), "");
  EXPECT_EQ(sent({"__Host-a=b; Secure; Path=/"}), "__Host-a=b");
  EXPECT_EQ(sent({"__Host-a=b; Secure"}), "");
  EXPECT_EQ(sent({"__Host-a=b; Path=/"}), "");
  EXPECT_EQ(sent({"__host-a=b; Secure; Path=/; Domain=www.example.com"}), "");
  EXPECT_EQ(
      sent({"__Host-a=b; Secure; Path=/"}, "https://www.example.com/", "https://www.example.com/"),
      "__Host-a=b");
  EXPECT_EQ(sent({"=__Host-a=b; Secure; Path=/"}), "") << "no name";
}

TEST(Cookies, SameSiteIsKeptAndNoneNeedsSecure) {
  CookieJar jar;
  const URL url = URL::parse(kUrl);
  EXPECT_FALSE(jar.set(url, "a=b; SameSite=None", kNow));
  EXPECT_TRUE(jar.set(url, "a=b; SameSite=none; Secure; HttpOnly", kNow));
  EXPECT_TRUE(jar.set(url, "c=d; SameSite=Strict", kNow));
  EXPECT_TRUE(jar.set(url, "e=f; SameSite=odd", kNow));
  const auto all = jar.all();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].same_site, Cookie::SameSite::none);
  EXPECT_TRUE(all[0].http_only);
  EXPECT_EQ(all[1].same_site, Cookie::SameSite::strict);
  EXPECT_EQ(all[2].same_site, Cookie::SameSite::unset);
}

TEST(Cookies, Expiry) {
  EXPECT_EQ(sent({"a=b; Max-Age=10"}, kUrl, kUrl, seconds(9)), "a=b");
  EXPECT_EQ(sent({"a=b; Max-Age=10"}, kUrl, kUrl, seconds(10)), "");
  EXPECT_EQ(sent({"a=b; Max-Age=0"}), "");
  EXPECT_EQ(sent({"a=b; Max-Age=-1"}), "");
  EXPECT_EQ(sent({"a=b", "a=; Max-Age=0"}), "") << "removed";
  EXPECT_EQ(sent({"a=b; Max-Age=x"}), "a=b");
  EXPECT_EQ(sent({"a=b; Max-Age=+5"}), "a=b");
  EXPECT_EQ(sent({"a=b; Expires=Thu, 01 Jan 1970 00:00:01 GMT"}), "");
  EXPECT_EQ(sent({"a=b; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=5"}), "a=b");
  EXPECT_EQ(sent({"a=b; Max-Age=0; Expires=Thu, 01 Jan 2099 00:00:01 GMT"}), "");
  EXPECT_EQ(sent({"a=b; Expires=soon"}), "a=b");
  const auto day = std::chrono::hours(24);
  for (const char* text :
       {"a=b; Max-Age=99999999999999999999", "a=b; Expires=Fri, 01-Jan-2100 00:00:00 GMT"}) {
    EXPECT_EQ(sent({text}, kUrl, kUrl, 399 * day), "a=b") << text;
    EXPECT_EQ(sent({text}, kUrl, kUrl, 401 * day), "") << "400 days at most";
  }
}

TEST(Cookies, DatesAsTheyComeInTheWild) {
  const sys_seconds want{seconds(784111777)};
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994", "6 nov 94 8:49:37",
                           "1994 november 06, 08:49:37 (or so)", "08:49:37 06-Nov-1994"})
    EXPECT_EQ(parse_cookie_date(text), want) << text;
  for (const char* text :
       {"", "06 Nov 1994", "08:49:37", "32 Nov 1994 08:49:37", "30 Feb 1994 08:49:37",
        "06 Nov 1994 24:00:00", "06 Nov 1600 08:49:37", "06 Nov 19945 08:49:37"})
    EXPECT_EQ(parse_cookie_date(text), std::nullopt) << text;
}

TEST(Cookies, ANewValueKeepsItsPlace) {
  EXPECT_EQ(sent({"a=1", "b=2", "a=3"}), "a=3; b=2");
  CookieJar jar;
  jar.set_all(URL::parse(kUrl),
              {{"Set-Cookie", "a=1"}, {"X", "y"}, {"set-cookie", "b=2; Max-Age=5"}}, kNow);
  EXPECT_EQ(jar.size(), 2U);
  jar.remove_session_cookies();
  EXPECT_EQ(jar.size(), 1U);
  jar.remove_expired(kNow + seconds(5));
  EXPECT_EQ(jar.size(), 0U);
}

TEST(Cookies, LimitsEvictWhatWasNotUsed) {
  CookieLimits limits;
  limits.max_per_domain = 3;
  limits.max_total = 4;
  CookieJar jar(limits);
  const URL url = URL::parse("https://h.example/");
  for (const char* text : {"s=0; Secure", "a=1", "b=2"}) jar.set(url, text, kNow);
  jar.header_for(url, kNow);
  jar.set(url, "c=3", kNow);
  EXPECT_EQ(jar.header_for(url, kNow), "s=0; b=2; c=3") << "Secure ones stay";
  jar.set(URL::parse("https://g.example/"), "x=1", kNow);
  jar.set(URL::parse("https://g.example/"), "y=1", kNow);
  EXPECT_EQ(jar.size(), 4U);
  limits = {};
  limits.max_header_bytes = 10;
  CookieJar brief(limits);
  for (const char* text : {"a=1", "b=2", "c=3"}) brief.set(url, text, kNow);
  EXPECT_EQ(brief.header_for(url, kNow), "a=1; b=2");
}

constexpr std::string_view kJar =
    "# Netscape HTTP Cookie File\r\n"
    "\n"
    ".example.com\tTRUE\t/\tFALSE\t1900000000\tname\tvalue\n"
    "#HttpOnly_www.example.com\tFALSE\t/a\tTRUE\t0\tsession\tx y\r\n"
    "www.example.com\tFALSE\t/\tFALSE\t0\tempty\t\n"
    "www.example.com\tFALSE\t/\tFALSE\t0\tempty2\n"
    "www.example.com\tFALSE\t/\tFALSE\t1000\told\tgone\n";

TEST(CookieJarFile, ReadsNetscapesFormat) {
  CookieJar jar;
  EXPECT_EQ(jar.read_netscape(kJar, kNow), 0U);
  EXPECT_EQ(jar.header_for(URL::parse(kUrl), kNow), "session=x y; name=value; empty=; empty2=");
  EXPECT_EQ(jar.header_for(URL::parse("http://other.example.com/"), kNow), "name=value");
}

TEST(CookieJarFile, WritesWhatItReads) {
  CookieJar jar;
  jar.read_netscape(kJar, kNow);
  const std::string text = jar.write_netscape(kNow);
  EXPECT_TRUE(text.starts_with("# Netscape HTTP Cookie File\n"));
  EXPECT_NE(text.find("\n.example.com\tTRUE\t/\tFALSE\t1900000000\tname\tvalue\n"), text.npos);
  EXPECT_NE(text.find("\n#HttpOnly_www.example.com\tFALSE\t/a\tTRUE\t0\tsession\tx y\n"),
            text.npos);
  CookieJar again;
  EXPECT_EQ(again.read_netscape(text, kNow), 0U);
  EXPECT_EQ(again.write_netscape(kNow), text);
}

TEST(CookieJarFile, PassesOverLinesThatAreNone) {
  CookieJar jar;
  for (const char* line : {"nonsense", "a\tb\tc", ".com\tTRUE\t/\tFALSE\t0\ta\tb",
                           "h\tFALSE\tx\tFALSE\t0\ta\tb", "h\tFALSE\t/\tFALSE\t-1\ta\tb",
                           "h\tFALSE\t/\tFALSE\t0\ta\x01\tb", "a b\tFALSE\t/\tFALSE\t0\ta\tb",
                           "h\tFALSE\t/\tFALSE\t0\ta\tb\tc", "h\tFALSE\t/\tFALSE\t0\ta\tb; c=d",
                           "h\tFALSE\t/\tFALSE\t0\t\t", "h\tFALSE\t/\tFALSE\t0\t__Secure-a\tb"})
    EXPECT_EQ(jar.read_netscape(line, kNow), 1U) << line;
  EXPECT_EQ(jar.size(), 0U);
}

}  // namespace
}  // namespace proto
