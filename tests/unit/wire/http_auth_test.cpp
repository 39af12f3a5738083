#include "wire/http_auth.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace proto {
namespace {

// "scheme(token68 | name=value,...)" for each.
std::string parsed(std::string_view value) {
  std::string text;
  for (const Challenge& c : parse_challenges(value)) {
    text += c.scheme + "(" + c.token68;
    for (const auto& [name, v] : c.parameters) text += name + "=" + v + ",";
    text += ")";
  }
  return text;
}

TEST(Challenges, AreListsOfLists) {
  EXPECT_EQ(parsed("Basic realm=\"a, b\""), "basic(realm=a, b,)");
  EXPECT_EQ(parsed("Basic realm=x, Digest realm=\"y\", nonce=\"z\",qop=\"auth,auth-int\", NTLM"),
            "basic(realm=x,)digest(realm=y,nonce=z,qop=auth,auth-int,)ntlm()");
  EXPECT_EQ(parsed("Negotiate YWJj==, Basic realm=x"), "negotiate(YWJj==)basic(realm=x,)");
  EXPECT_EQ(parsed("Negotiate , ,Basic Realm = \"a\\\"b\\\\\""), "negotiate()basic(realm=a\"b\\,)");
  EXPECT_EQ(parsed(",, Basic ,realm=x"), "basic(realm=x,)");
  EXPECT_EQ(parsed(""), "");
}

TEST(Challenges, WhatFollowsAMalformedPartIsDropped) {
  EXPECT_EQ(parsed("Negotiate, Basic realm=\"x"), "negotiate()");
  EXPECT_EQ(parsed("Basic realm=x, =y, Digest a=b"), "basic(realm=x,)");
  EXPECT_EQ(parsed("\"Basic\" realm=x"), "");
  EXPECT_EQ(parsed("Basic realm=@"), "");
}

TEST(Challenges, ComeFromEveryField) {
  const Fields fields = {
      {"WWW-Authenticate", "Basic realm=a"}, {"X", "Foo"}, {"www-authenticate", "Bearer"}};
  EXPECT_EQ(challenges_in(fields, "WWW-Authenticate").size(), 2U);
}

std::string chosen(std::string_view value, AuthAllowed allowed = {}) {
  const auto choice = choose_auth(parse_challenges(value), allowed);
  if (!choice) return "none";
  if (choice->scheme == AuthScheme::basic) return "basic";
  if (choice->scheme == AuthScheme::bearer) return "bearer";
  return "digest " + choice->digest.nonce;
}

TEST(Challenges, TheStrongestIsChosen) {
  const std::string all =
      "Basic realm=r, Digest realm=r, nonce=md5, Digest realm=r, nonce=512, algorithm=SHA-512-256,"
      "Digest realm=r, nonce=256, algorithm=SHA-256, Digest realm=r, nonce=x, algorithm=SHA-3, "
      "Bearer";
  EXPECT_EQ(chosen(all), "digest 512");
  EXPECT_EQ(chosen(all, {.basic = true, .digest = false}), "basic");
  EXPECT_EQ(chosen(all, {.bearer = true}), "bearer");
  EXPECT_EQ(chosen("Digest realm=r, nonce=md5, Basic realm=r"), "digest md5");
  EXPECT_EQ(chosen("Digest realm=r, nonce=1, algorithm=SHA-3, Basic realm=r"), "basic");
  EXPECT_EQ(chosen("Digest realm=r, nonce=1, qop=\"other\""), "none");
  EXPECT_EQ(chosen("Digest realm=r"), "none");
  EXPECT_EQ(chosen("Basic realm=r", {.basic = false}), "none");
  EXPECT_EQ(chosen("Negotiate"), "none");
}

TEST(Basic, Rfc7617) {
  EXPECT_EQ(basic_authorization("Aladdin", Secret("open sesame")).reveal(),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(basic_authorization("test", Secret("123\xc2\xa3")).reveal(), "Basic dGVzdDoxMjPCow==");
  EXPECT_THROW(basic_authorization("a:b", Secret("x")), std::invalid_argument);
  EXPECT_THROW(basic_authorization("a\r\n", Secret("x")), std::invalid_argument);
  EXPECT_THROW(basic_authorization("a", Secret("x\n")), std::invalid_argument);
}

TEST(Bearer, IsAToken) {
  EXPECT_EQ(bearer_authorization(Secret("mF_9.B5f-4.1JqM~+/=")).reveal(),
            "Bearer mF_9.B5f-4.1JqM~+/=");
  for (const char* bad : {"", "a b", "a\r\nX: y", "a,b"})
    EXPECT_THROW(bearer_authorization(Secret(bad)), std::invalid_argument);
}

DigestAuth digest_auth(std::string_view challenge, const char* user, const char* password,
                       const char* cnonce) {
  return {*parse_digest(parse_challenges(challenge).at(0)), user, Secret(password), cnonce};
}

std::string response_in(const std::string& value) {
  const std::size_t at = value.find("response=\"") + 10;
  return value.substr(at, value.find('"', at) - at);
}

constexpr const char* kCnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
constexpr std::string_view kChallenge =
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

TEST(Digest, Rfc7616Md5AndSha256) {
  const std::string base(kChallenge);
  DigestAuth md5 = digest_auth(base + ", algorithm=MD5", "Mufasa", "Circle of Life", kCnonce);
  EXPECT_EQ(md5.authorization("GET", "/dir/index.html"),
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
            "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", "
            "algorithm=MD5, response=\"8ca523f5e9506fed4657c9700eebdbec\", "
            "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, nc=00000001, "
            "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\"");
  DigestAuth sha = digest_auth(base + ", algorithm=SHA-256", "Mufasa", "Circle of Life", kCnonce);
  EXPECT_EQ(response_in(sha.authorization("GET", "/dir/index.html")),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

// The example of RFC 7616 §3.9.2, whose printed figures come from no SHA-512/256; these were
// computed apart from this code.
TEST(Digest, Rfc7616Sha512_256WithUserHash) {
  DigestAuth auth = digest_auth(
      "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, "
      "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
      "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true",
      "J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?", "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm");
  const std::string value = auth.authorization("GET", "/doe.json");
  EXPECT_NE(
      value.find("username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\""),
      value.npos)
      << value;
  EXPECT_EQ(response_in(value), "7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c");
  EXPECT_TRUE(value.ends_with(", userhash=true"));
}

TEST(Digest, WithoutQopAsInRfc2069) {
  DigestAuth auth = digest_auth(
      "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"", "Mufasa",
      "CircleOfLife", "x");
  const std::string value = auth.authorization("GET", "/dir/index.html");
  EXPECT_EQ(response_in(value), "1949323746fe6a43ef61f9606e7febea");
  EXPECT_EQ(value.find("qop"), value.npos);
  EXPECT_EQ(value.find("cnonce"), value.npos);
}

TEST(Digest, CountsRequestsAndTakesTheNextNonce) {
  DigestAuth auth = digest_auth(kChallenge, "u", "p", "c");
  EXPECT_NE(auth.authorization("GET", "/").find("nc=00000001"), std::string::npos);
  EXPECT_NE(auth.authorization("GET", "/").find("nc=00000002"), std::string::npos);
  EXPECT_TRUE(auth.take_info("nextnonce=\"new\""));
  const std::string value = auth.authorization("GET", "/");
  EXPECT_NE(value.find("nc=00000001"), value.npos);
  EXPECT_NE(value.find("nonce=\"new\""), value.npos);
}

TEST(Digest, AuthIntCoversTheBody) {
  DigestAuth auth = digest_auth("Digest realm=r, nonce=n, qop=auth-int", "u", "p", "c");
  EXPECT_TRUE(auth.needs_body());
  const std::string one = auth.authorization("POST", "/", "body");
  EXPECT_NE(one.find("qop=auth-int"), one.npos);
  DigestAuth other = digest_auth("Digest realm=r, nonce=n, qop=auth-int", "u", "p", "c");
  EXPECT_NE(response_in(other.authorization("POST", "/", "bodY")), response_in(one));
  EXPECT_FALSE(digest_auth(kChallenge, "u", "p", "c").needs_body()) << "auth will do";
}

TEST(Digest, SessionKeysStayWhenTheNonceChanges) {
  DigestAuth auth =
      digest_auth("Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess", "u", "p", "c");
  const std::string first = auth.authorization("GET", "/");
  EXPECT_NE(first.find("algorithm=MD5-sess"), first.npos);
  // H(H("u:r:p"):n:c) = HA1; H(HA1:n:00000001:c:auth:H(GET:/))
  const auto h = [](const std::string& text) {
    std::string out;
    for (const char c : digest(DigestAlgorithm::md5, text)) {
      constexpr char hex[] = "0123456789abcdef";
      out += {hex[static_cast<unsigned char>(c) >> 4], hex[c & 15]};
    }
    return out;
  };
  const std::string ha1 = h(h("u:r:p") + ":n:c");
  EXPECT_EQ(response_in(first), h(ha1 + ":n:00000001:c:auth:" + h("GET:/")));
  auth.take_info("nextnonce=m");
  EXPECT_EQ(response_in(auth.authorization("GET", "/")),
            h(ha1 + ":m:00000001:c:auth:" + h("GET:/")));
  EXPECT_TRUE(
      auth.take_info("rspauth=\"" + h(ha1 + ":m:00000001:c:auth:" + h(":/")) + "\", nc=00000001"));
  EXPECT_FALSE(auth.take_info("rspauth=\"" + h("wrong") + "\""));
}

TEST(Digest, QuotesAndEncodesNames) {
  DigestAuth quoting = digest_auth("Digest realm=\"a\\\"b\", nonce=n", "u\"\\", "p", "c");
  const std::string value = quoting.authorization("GET", "/");
  EXPECT_NE(value.find("username=\"u\\\"\\\\\", realm=\"a\\\"b\""), value.npos) << value;
  DigestAuth utf8 =
      digest_auth("Digest realm=r, nonce=n, charset=UTF-8", "J\xc3\xa4s\xc3\xb8n", "p", "c");
  EXPECT_NE(utf8.authorization("GET", "/").find("username*=UTF-8''J%C3%A4s%C3%B8n,"),
            std::string::npos);
  EXPECT_THROW(digest_auth("Digest realm=r, nonce=n", "a:b", "p", "c"), std::invalid_argument);
}

TEST(Digest, SaysWhenTheNonceWasOnlyOld) {
  EXPECT_TRUE(parse_digest(parse_challenges("Digest realm=r, nonce=n, stale=TRUE").at(0))->stale);
  EXPECT_FALSE(parse_digest(parse_challenges("Digest realm=r, nonce=n").at(0))->stale);
}

}  // namespace
}  // namespace proto
