#include "proto/url.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/ip_literal.h"

namespace proto {
namespace {

std::string canonical(std::string_view text) {
  return URL::parse(text).to_string();
}

// The reason why `text` is refused; empty where it is not.
std::string refusal(std::string_view text) {
  try {
    URL::parse(text);
    return {};
  } catch (const URLError& e) {
    return e.what();
  }
}

TEST(URL, TakesAllParts) {
  const URL url = URL::parse("HTTP://us%40er:p%3Aw@Example.ORG:8080/a/b?c=d&e#f");
  EXPECT_EQ(url.scheme(), "http");
  EXPECT_EQ(url.user(), "us@er");
  EXPECT_EQ(url.password()->reveal(), "p:w");
  EXPECT_EQ(url.host(), "example.org");
  EXPECT_EQ(url.port(), 8080);
  EXPECT_EQ(url.path(), "/a/b");
  EXPECT_EQ(url.query(), "c=d&e");
  EXPECT_EQ(url.fragment(), "f");
  EXPECT_EQ(url.target(), "/a/b?c=d&e");
  EXPECT_EQ(url.authority(), "example.org:8080");
  EXPECT_EQ(url.origin().to_string(), "http://example.org:8080");
}

TEST(URL, FillsInWhatIsNotThere) {
  const URL url = URL::parse("https://example.org");
  EXPECT_EQ(url.port(), 443);
  EXPECT_EQ(url.path(), "/");
  EXPECT_EQ(url.query(), std::nullopt);
  EXPECT_EQ(url.user(), std::nullopt);
  EXPECT_EQ(url.authority(), "example.org");
  EXPECT_EQ(canonical("http://h:/"), "http://h/");
  EXPECT_EQ(canonical("http://h:0080?q"), "http://h/?q");
  EXPECT_EQ(canonical("http://h?"), "http://h/?");
  EXPECT_EQ(URL::parse("socks5://h").port(), 0);
}

TEST(URL, ShowsNoPasswordUnlessAsked) {
  const URL url = URL::parse("http://me:secret%20word@h/x");
  EXPECT_EQ(url.to_string(), "http://me@h/x");
  EXPECT_EQ(url.to_string_with_password(), "http://me:secret%20word@h/x");
  URL bare = url;
  bare.remove_userinfo();
  EXPECT_EQ(bare.to_string_with_password(), "http://h/x");
  for (const char* text : {"http://me:secret@h\r\n", "me:secret@h", "//me:secret@h",
                           "http://me:sec%ret@h", "http://me:secret@h:x", "http://me:secret@[h"}) {
    EXPECT_NE(refusal(text), "") << text;
    EXPECT_EQ(refusal(text).find("sec"), std::string::npos) << refusal(text);
  }
}

TEST(URL, EncodesWhatMustNotGoOnARequestLine) {
  EXPECT_EQ(URL::parse("http://h/a b\t\x1b\xc3\xa4?q r#f g").to_string(),
            "http://h/a%20b%09%1B%C3%A4?q%20r#f%20g");
  EXPECT_EQ(URL::parse("http://h/%41%zz|<>\"").path(), "/%41%zz|<>\"") << "as it was written";
}

TEST(URL, RemovesDotSegments) {
  EXPECT_EQ(canonical("http://h/a/./b/../c/"), "http://h/a/c/");
  EXPECT_EQ(canonical("http://h/../../etc/passwd"), "http://h/etc/passwd");
  EXPECT_EQ(canonical("http://h/a/%2e%2E/b/%2e"), "http://h/b/");
  EXPECT_EQ(canonical("http://h/a/.."), "http://h/");
  EXPECT_EQ(canonical("http://h/.../..a/a.."), "http://h/.../..a/a..");
  EXPECT_EQ(canonical("http://h//a//../b"), "http://h//a/b");
  EXPECT_EQ(canonical("http://h/?../x"), "http://h/?../x");
}

TEST(URL, MakesHostsCanonical) {
  EXPECT_EQ(canonical_host("ExAmPlE.Org"), "example.org");
  EXPECT_EQ(canonical_host("ex%61mple.org"), "example.org");
  EXPECT_EQ(canonical_host("my_host-1"), "my_host-1");
  EXPECT_EQ(canonical_host("example.org."), "example.org.");
  EXPECT_EQ(canonical_host("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(canonical_host("[::1]"), "::1");
  EXPECT_EQ(canonical_host("[2001:DB8:0:0:1:0:0:1]"), "2001:db8::1:0:0:1");
  EXPECT_EQ(canonical_host("[::ffff:1.2.3.4]"), "::ffff:1.2.3.4");
  EXPECT_EQ(canonical_host("[fe80::1%25eth0]"), "fe80::1%eth0");
  EXPECT_EQ(canonical_host("[fe80::1%eth0]"), "fe80::1%eth0");
}

TEST(URL, WritesIPv6InBrackets) {
  EXPECT_EQ(canonical("http://[0:0::1]:8080/"), "http://[::1]:8080/");
  const URL zoned = URL::parse("http://[fe80::1%25eth0]:81/");
  EXPECT_EQ(zoned.to_string(), "http://[fe80::1%25eth0]:81/");
  EXPECT_EQ(zoned.authority(), "[fe80::1]:81") << "a zone means nothing to the peer";
}

#if PROTO_WITH_IDN
TEST(URL, TakesNamesBeyondAscii) {
  EXPECT_EQ(canonical_host("B\xc3\xbc"
                           "cher.example"),
            "xn--bcher-kva.example");
  EXPECT_EQ(canonical_host("b%C3%BCcher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(canonical_host("fa\xc3\x9f.de"), "xn--fa-hia.de") << "nontransitional";
  EXPECT_EQ(canonical_host("\xef\xbd\x85xample.org"), "example.org") << "fullwidth";
  EXPECT_THROW(canonical_host("\xff.example"), URLError);
  EXPECT_THROW(canonical_host("\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.1"), URLError) << "127.1";
}
#endif

TEST(URL, RefusesHostsThatAreNone) {
  for (const char* host : {"",
                           "a b",
                           "a%20b",
                           "a%00b",
                           "a%zz",
                           "%",
                           "a\tb",
                           "a..b",
                           ".a",
                           ".",
                           "a%2fb",
                           "a%0d%0ab",
                           "a%40b",
                           "a\\b",
                           "a<b",
                           "[::1",
                           "::1]",
                           "[]",
                           "[::g]",
                           "[::1]x",
                           "[1.2.3.4]",
                           "[:::1]",
                           "[fe80::1%]",
                           "[fe80::1%25e/0]",
                           "[1:2:3:4:5:6:7:8:9]",
                           "[1:2:3:4:5:6:7::8:9]",
                           "[v1.a]"})
    EXPECT_THROW(canonical_host(host), URLError) << host;
  EXPECT_THROW(canonical_host(std::string(64, 'a') + ".org"), URLError);
  EXPECT_NO_THROW(canonical_host(std::string(63, 'a') + ".org"));
  std::string name = "a";
  while (name.size() < 253) name += ".a";
  EXPECT_NO_THROW(canonical_host(name));
  EXPECT_THROW(canonical_host(name + ".a"), URLError);
}

TEST(URL, RefusesOddFormsOfIPv4) {
  for (const char* host : {"0x7f.1", "127.1", "2130706433", "017.0.0.1", "1.2.3.4.", "256.1.1.1",
                           "1.2.3.4.5", "0x7f000001", "a.1", "1.2.3"})
    EXPECT_THROW(canonical_host(host), URLError) << host;
  EXPECT_EQ(canonical_host("1.2.3.4a"), "1.2.3.4a");
}

TEST(URL, RefusesWhatIsNone) {
  EXPECT_EQ(refusal("example.org/x"), "URL: no scheme: \"example.org/x\"");
  EXPECT_EQ(refusal("mailto:a"), "URL: no // behind the scheme: \"mailto:a\"");
  EXPECT_EQ(refusal("file:///etc/passwd"), "URL: no host");
  EXPECT_EQ(refusal("http://h:99999/"), "URL: no port: \"99999\"");
  for (const char* text :
       {"", "http:", "http:/h", "http://", "http:///x", "1http://h/", "ht_tp://h/", "http://h:0/",
        "http://h:-1/", "http://h:8 0/", "http://h:80:80/", "http://::1/", "http://a@b@c/",
        "http://h/\r\nX: y", "http://h/\n", "http://a\nb@h/", "http://a%0Db@h/", " http://h/"})
    EXPECT_NE(refusal(text), "") << text;
  EXPECT_NE(refusal(std::string_view("http://h/\0", 10)), "");
}

TEST(URL, ResolvesReferencesAsRfc3986Section54) {
  const URL base = URL::parse("http://a/b/c/d;p?q");
  const std::pair<const char*, const char*> cases[] = {
      {"http://x/y", "http://x/y"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"g;x?y#s", "http://a/b/c/g;x?y#s"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"g#s/./x", "http://a/b/c/g#s/./x"},
      {"g#s/../x", "http://a/b/c/g#s/../x"},
  };
  for (const auto& [reference, want] : cases)
    EXPECT_EQ(base.resolve(reference).to_string(), want) << reference;
  EXPECT_THROW(base.resolve("http:g"), URLError) << "strict";
  EXPECT_THROW(base.resolve("g\r\nX: y"), URLError);
  EXPECT_THROW(base.resolve("file:///etc/passwd"), URLError);
  EXPECT_THROW(base.resolve("//"), URLError);
}

TEST(URL, SetsPartsAsParseWould) {
  URL url = URL::parse("http://h/a?b#c");
  url.set_query("x y#z");
  EXPECT_EQ(url.to_string(), "http://h/a?x%20y%23z#c");
  url.set_query(std::nullopt);
  url.set_fragment(std::nullopt);
  url.set_path("what?/../now#");
  EXPECT_EQ(url.to_string(), "http://h/now%23");
  EXPECT_THROW(url.set_path("/\r\n"), URLError);
  EXPECT_THROW(url.set_query("\n"), URLError);
  EXPECT_THROW(url.set_fragment("\n"), URLError);
}

TEST(URL, AnOriginIsSchemeHostAndPort) {
  const auto origin = [](const char* text) { return URL::parse(text).origin(); };
  EXPECT_EQ(origin("http://H/a"), origin("http://u:p@h:80/b?c"));
  EXPECT_NE(origin("http://h/"), origin("https://h/"));
  EXPECT_NE(origin("http://h/"), origin("http://h:8080/"));
  EXPECT_NE(origin("http://h/"), origin("http://h.h/"));
  EXPECT_EQ(origin("http://[::1]:81/").to_string(), "http://[::1]:81");
}

TEST(PercentEncoding, BothWays) {
  EXPECT_EQ(percent_encode("a b/~\xff"), "a%20b%2F~%FF");
  EXPECT_EQ(percent_encode("a b/~", "/"), "a%20b/~");
  EXPECT_EQ(percent_decode("a%20b%2f%FF+"), "a b/\xff+");
  for (const char* bad : {"%", "%1", "%g0", "a%0", "%%41"})
    EXPECT_EQ(percent_decode(bad), std::nullopt);
}

TEST(IPLiteral, ReadsAndWritesIPv6) {
  const std::pair<const char*, const char*> cases[] = {
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"0:0:0:1:0:0:0:0", "0:0:0:1::"},
      {"1:0:0:2:0:0:3:4", "1::2:0:0:3:4"},
      {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
      {"::1.2.3.4", "::102:304"},
      {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
      {"::ABCD", "::abcd"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"}};
  for (const auto& [text, want] : cases) {
    const auto address = parse_ipv6(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(format_ipv6(*address), want);
  }
  for (const char* bad : {"", ":", ":::", "1", "1:2", "1::2::3", "12345::", "1.2.3.4", "1.2.3.4::",
                          "::1.2.3", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", ":1::", "1::2:"})
    EXPECT_FALSE(parse_ipv6(bad)) << bad;
}

}  // namespace
}  // namespace proto
