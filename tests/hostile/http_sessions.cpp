// HTTP rows 43 to 52 of the hostile cases, and what a session must never do with what is not its
// own.
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "proto/http_session.h"
#include "support/process.h"
#include "support/scripted_peer.h"

namespace proto {
namespace {

using namespace test;
using namespace std::chrono_literals;
using namespace std::string_literals;

const std::string kOk = "HTTP/1.1 200 OK\r\n";

Step head() {
  return expect_until("\r\n\r\n");
}
Step reply(const std::string& fields, const std::string& body,
           const std::string& status = "200 OK") {
  return send("HTTP/1.1 " + status + "\r\n" + fields +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}
Step redirect(const std::string& to, const std::string& status = "302 Found") {
  return reply("Location: " + to + "\r\n", "", status);
}
std::string base(const ScriptedPeer& peer) {
  return "http://" + peer.address();
}

SessionOptions direct() {
  SessionOptions options;
  options.proxy_for = [](const URL&) { return std::nullopt; };
  return options;
}

std::string gzip(const std::string& text) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()) + 32, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

TEST(HttpSession, Hostile43_ARedirectLoopIsALimit) {
  Script script;
  for (int i = 0; i < 31; ++i) {
    script.push_back(head());
    script.push_back(redirect("/again"));
  }
  ScriptedPeer peer(script);
  HTTPSession session(direct());
  try {
    session.get(base(peer) + "/");
    FAIL();
  } catch (const RedirectError& e) {
    EXPECT_TRUE(e.too_many());
  }
  ScriptedPeer again(script);
  EXPECT_EQ(run({our_program("httpget"), "-L", again.address(), "/"}).status, 47);
}

TEST(HttpSession, Hostile44_45_OtherSchemesAreRefused) {
  for (const char* to : {"file:///etc/passwd", "ftp://127.0.0.1/", "javascript:alert(1)"}) {
    ScriptedPeer peer({head(), redirect(to)});
    HTTPSession session(direct());
    EXPECT_THROW(session.get(base(peer) + "/"), RedirectError) << to;
  }
}

TEST(HttpSession, Hostile46_CredentialsStayAtTheirOrigin) {
  ScriptedPeer other({head(), reply("", "there")});
  ScriptedPeer peer({head(), reply("Set-Cookie: sid=own\r\nLocation: " + base(other) + "/x\r\n", "",
                                   "302 Found")});
  SessionOptions options = direct();
  options.cookies = std::make_shared<CookieJar>();
  const Origin home = URL::parse(base(peer)).origin();
  options.login_for = [&](const Origin& origin) -> std::optional<HTTPLogin> {
    if (origin != home) return std::nullopt;
    return HTTPLogin{.user = "ann", .password = Secret("secret"), .bearer = {}};
  };
  HTTPSession session(options);
  auto response = session.get(base(peer) + "/", {{"Cookie", "given=1"}, {"X-Kept", "yes"}});
  EXPECT_EQ(response.read(), "there");
  EXPECT_EQ(response.redirects(), 1U);
  EXPECT_NE(peer.received().find("Authorization: Basic "), std::string::npos);
  // Another port is another origin. (Cookies do not know ports, RFC 6265 §8.5: the jar's own goes
  // there.)
  EXPECT_EQ(other.received().find("Authorization"), std::string::npos);
  EXPECT_EQ(other.received().find("given=1"), std::string::npos);
  EXPECT_NE(other.received().find("X-Kept: yes"), std::string::npos);
}

TEST(HttpSession, Hostile47_48_BadLocationsAreErrors) {
  ScriptedPeer nul(
      {head(), send("HTTP/1.1 302 Found\r\nLocation: /a\0b\r\nContent-Length: 0\r\n\r\n"s)});
  ScriptedPeer two({head(), reply("Location: /a\r\nLocation: /b\r\n", "", "302 Found")});
  HTTPSession session(direct());
  EXPECT_THROW(session.get(base(nul) + "/"), ProtocolError);
  EXPECT_THROW(session.get(base(two) + "/"), ProtocolError);
}

TEST(HttpSession, Hostile49_AGzipBombIsALimit) {
  const std::string bomb = gzip(gzip(std::string(64 * 1024 * 1024, '\0')));
  ScriptedPeer peer({head(), reply("Content-Encoding: gzip, gzip\r\n", bomb)});
  SessionOptions options = direct();
  options.decode = true;
  HTTPSession session(options);
  auto response = session.get(base(peer) + "/");
  EXPECT_THROW(
      {
        while (!response.read_view().empty()) {
        }
      },
      LimitError);
}

TEST(HttpSession, Hostile50_SixCodingsAreTooMany) {
  ScriptedPeer peer(
      {head(), reply("Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip\r\n", "x")});
  SessionOptions options = direct();
  options.decode = true;
  HTTPSession session(options);
  EXPECT_THROW(session.get(base(peer) + "/"), ProtocolError);
}

TEST(HttpSession, CodingsAreDecodedAndTheirTruncationIsAnError) {
  const std::string coded = gzip("hello, world");
  ScriptedPeer peer({head(), reply("Content-Encoding: gzip\r\n", coded), head(),
                     reply("Content-Encoding: gzip\r\n", coded.substr(0, coded.size() - 6))});
  SessionOptions options = direct();
  options.decode = true;
  HTTPSession session(options);
  EXPECT_EQ(session.get(base(peer) + "/").read(), "hello, world");
  EXPECT_THROW(session.get(base(peer) + "/").read(), HTTPCodingError);
  EXPECT_EQ(peer.connections(), 1U) << "the pool keeps it";
}

TEST(HttpSession, Hostile51_AWrongContentRangeLeavesTheFileAsItWas) {
  const TempFolder folder;
  const std::string file = folder.write("f", "01234");
  ScriptedPeer peer({expect("GET / HTTP/1.1\r\n"), head(),
                     reply("Content-Range: bytes 3-9/10\r\n", "3456789", "206 Partial Content")});
  const auto result = run({our_program("httpget"), "-C", "-", "-o", file, peer.address(), "/"});
  EXPECT_EQ(result.status, 56) << result.describe();
  EXPECT_EQ(read_file(file), "01234");
}

TEST(HttpSession, ResumeAppendsOrFetchesAnewAndNeverSplices) {
  const TempFolder folder;
  const auto get = [&](const ScriptedPeer& peer) {
    return run({our_program("httpget"), "-C", "-", "-o", folder.file("f"), peer.address(), "/"});
  };
  {  // the first half arrives, with its validator
    ScriptedPeer peer({head(), send(kOk + "ETag: \"one\"\r\nContent-Length: 10\r\n\r\n01234")});
    EXPECT_EQ(get(peer).status, 18);
    EXPECT_EQ(read_file(folder.file("f")), "01234");
  }
  {  // the rest of the same
    ScriptedPeer peer({head(), reply("ETag: \"one\"\r\nContent-Range: bytes 5-9/10\r\n", "56789",
                                     "206 Partial Content")});
    EXPECT_EQ(get(peer).status, 0);
    EXPECT_EQ(read_file(folder.file("f")), "0123456789");
    EXPECT_NE(peer.received().find("Range: bytes=5-\r\n"), std::string::npos);
  }
  {  // complete already
    ScriptedPeer peer(
        {head(), reply("Content-Range: bytes */10\r\n", "", "416 Range Not Satisfiable")});
    EXPECT_EQ(get(peer).status, 0);
    EXPECT_EQ(read_file(folder.file("f")), "0123456789");
  }
  {  // changed since, and shorter
    ScriptedPeer peer({head(),
                       reply("Content-Range: bytes */3\r\n", "", "416 Range Not Satisfiable"),
                       head(), reply("ETag: \"two\"\r\n", "new")});
    EXPECT_EQ(get(peer).status, 0);
    EXPECT_EQ(read_file(folder.file("f")), "new");
  }
  {  // changed since, and the server sends all of it
    ScriptedPeer peer({head(), reply("ETag: \"three\"\r\n", "newer")});
    EXPECT_EQ(get(peer).status, 0);
    EXPECT_EQ(read_file(folder.file("f")), "newer");
  }
}

TEST(HttpSession, ResumeTrustsAValidatorOnlyForTheFileAsItWasWritten) {
  const TempFolder folder;
  const std::string file = folder.file("f");
  {
    ScriptedPeer peer({head(), send(kOk + "ETag: \"one\"\r\nContent-Length: 10\r\n\r\n01234")});
    EXPECT_EQ(run({our_program("httpget"), "-C", "-", "-o", file, peer.address(), "/"}).status, 18);
  }
  // The same file, and so the same attribute, with what somebody else put there.
  const auto before = std::filesystem::last_write_time(file);
  std::ofstream(file) << "other";
  std::filesystem::last_write_time(file, before - std::chrono::hours(24));
  ScriptedPeer peer({head(), reply("ETag: \"one\"\r\n", "", "412 Precondition Failed"), head(),
                     reply("ETag: \"one\"\r\n", "0123456789")});
  EXPECT_EQ(run({our_program("httpget"), "-C", "-", "-o", file, peer.address(), "/"}).status, 0);
  EXPECT_EQ(peer.received().find("If-Range"), std::string::npos);
  EXPECT_NE(peer.received().find("If-Unmodified-Since"), std::string::npos);
  EXPECT_EQ(read_file(file), "0123456789");
}

TEST(HttpSession, IncludeShowsTheHeadsOfRedirectsAndLoginsAsCurlDoes) {
  const TempFolder folder;
  const Script script{
      head(), redirect("/next"),
      head(), reply("WWW-Authenticate: Basic realm=\"r\"\r\n", "", "401 Unauthorized"),
      head(), reply("", "done")};
  std::vector<std::string> outputs;
  for (const std::string& program : {our_program("httpget"), find_program("curl", "curl")}) {
    ScriptedPeer peer(script);
    const auto result =
        run({program, "-s", "-i", "-L", "--anyauth", "-u", "ann:secret", "-D", folder.file("head"),
             "-w", "%{size_header}", "http://" + peer.address() + "/"});
    outputs.push_back(result.out + read_file(folder.file("head")));
  }
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_NE(outputs[0].find("302 Found"), std::string::npos);
  EXPECT_NE(outputs[0].find("401 Unauthorized"), std::string::npos);
}

TEST(HttpSession, Hostile52_NamesFromTheServerStayInTheFolder) {
  const TempFolder folder;
  for (const auto& [given, expected] :
       {std::pair{"../../x", "x"}, {"/etc/passwd", "passwd"}, {".hidden", "hidden"}}) {
    ScriptedPeer peer({head(), reply("Content-Disposition: attachment; filename=\"" +
                                         std::string(given) + "\"\r\n",
                                     "y")});
    EXPECT_EQ(run({our_program("httpget"), "-O", "-J", "--output-dir", folder.path(),
                   peer.address(), "/page"})
                  .status,
              0);
    EXPECT_EQ(read_file(folder.file(expected)), "y");
  }
  ScriptedPeer peer({head(), reply("Content-Disposition: attachment; filename=x\r\n", "evil")});
  EXPECT_EQ(run({our_program("httpget"), "-O", "-J", "--output-dir", folder.path(), peer.address(),
                 "/page"})
                .status,
            23);
  EXPECT_EQ(read_file(folder.file("x")), "y") << "never overwritten";
}

TEST(HttpSession, AHostThatWantsHttpsOnlyIsAskedSoInRedirectsToo) {
  ScriptedPeer plain({head(), redirect("http://other.test/x")});
  SessionOptions options = direct();
  options.hsts = std::make_shared<HSTSStore>();
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  ASSERT_TRUE(options.hsts->take(URL::parse("https://other.test/"), "max-age=1000", now));
  std::vector<std::string> asked;
  options.connect_to = [&](const Origin& origin) {
    asked.push_back(origin.to_string());
    return std::pair(std::string("127.0.0.1"),
                     origin.scheme == "https" ? std::uint16_t{1} : plain.port());
  };
  HTTPSession session(options);
  EXPECT_THROW(session.get("http://first.test/"), ConnectError);
  EXPECT_THROW(session.get("http://other.test/"), ConnectError);
  EXPECT_EQ(asked, (std::vector<std::string>{"http://first.test", "https://other.test",
                                             "https://other.test"}));
}

TEST(HttpSession, ABodyThatBreaksOffGoesOnWhereItStopped) {
  ScriptedPeer peer{
      {head(), send(kOk + "ETag: \"e\"\r\nContent-Length: 10\r\n\r\n0123"), close_now()},
      {head(),
       send("HTTP/1.1 206 Partial Content\r\nETag: \"e\"\r\nContent-Range: bytes 4-9/10\r\n"
            "Content-Length: 6\r\n\r\n45"),
       close_now()},
      {head(),
       reply("ETag: \"e\"\r\nContent-Range: bytes 6-9/10\r\n", "6789", "206 Partial Content")}};
  SessionOptions options = direct();
  options.retry.max_retries = 3;
  options.retry.delay = 0ms;
  HTTPSession session(options);
  auto response = session.get(base(peer) + "/");
  EXPECT_EQ(response.read(), "0123456789");
  EXPECT_EQ(response.received(), 10U);
  EXPECT_NE(peer.received(1).find("If-Range: \"e\"\r\n"), std::string::npos);
  EXPECT_NE(peer.received(2).find("Range: bytes=6-9\r\n"), std::string::npos);
}

TEST(HttpSession, ABodyThatBecameAnotherIsNeverSpliced) {
  ScriptedPeer peer{
      {head(), send(kOk + "ETag: \"old\"\r\nContent-Length: 10\r\n\r\nOLD"), close_now()},
      {head(), reply("ETag: \"new\"\r\n", "NEWNEWNEWN")}};
  SessionOptions options = direct();
  options.retry.max_retries = 1;
  options.retry.delay = 0ms;
  HTTPSession session(options);
  EXPECT_THROW(session.get(base(peer) + "/").read(), ResourceChangedError);
}

TEST(HttpSession, RetriesWhatMayPass) {
  ScriptedPeer peer({head(), reply("Retry-After: 0\r\n", "busy", "503 Service Unavailable"), head(),
                     reply("", "done")});
  SessionOptions options = direct();
  options.retry.max_retries = 1;
  HTTPSession session(options);
  auto response = session.get(base(peer) + "/");
  EXPECT_EQ(response.read(), "done");
  ASSERT_EQ(response.attempts().size(), 2U);
  EXPECT_EQ(response.attempts().front().outcome, "503 Service Unavailable");
  // A POST is not sent twice.
  ScriptedPeer post(
      {head(), expect("x"), reply("Retry-After: 0\r\n", "", "503 Service Unavailable")});
  EXPECT_EQ(session
                .request({.method = "POST",
                          .url = URL::parse(base(post)),
                          .headers = {},
                          .body = [] { return Body("x"); },
                          .may_retry = {}})
                .status(),
            503);
}

TEST(HttpSession, RetriesAPostThatTheServerSaysItDidNotTouchWhereThatIsAskedFor) {
  for (const bool undone : {true, false}) {
    ScriptedPeer peer({head(), expect("x"),
                       reply("Retry-After: 0\r\n", "", undone ? "429 Busy" : "502 Bad Gateway"),
                       head(), expect("x"), reply("", "done")});
    SessionOptions options = direct();
    options.retry.max_retries = 1;
    options.retry.undone_of_any_method = true;
    HTTPSession session(options);
    const SessionRequest post{.method = "POST",
                              .url = URL::parse(base(peer)),
                              .headers = {},
                              .body = [] { return Body("x"); },
                              .may_retry = {}};
    EXPECT_EQ(session.request(post).status(), undone ? 200 : 502);
    // The script goes on: nothing had been sent again.
    EXPECT_EQ(undone ? 200 : session.request(post).status(), 200);
  }
}

TEST(HttpSession, RedirectsChangeTheMethodAsTheyShould) {
  ScriptedPeer peer({expect("POST /a"), head(), expect("x"), redirect("/b", "303 See Other"),
                     expect("GET /b"), head(), reply("", "b"), expect("PUT /c"), head(),
                     expect("x"), redirect("/d", "307 Temporary Redirect"), expect("PUT /d"),
                     head(), expect("x"), reply("", "d")});
  HTTPSession session(direct());
  const auto ask = [&](const char* method, const char* path) {
    return session
        .request({.method = method,
                  .url = URL::parse(base(peer) + path),
                  .headers = {},
                  .body = [] { return Body("x"); },
                  .may_retry = {}})
        .read();
  };
  EXPECT_EQ(ask("POST", "/a"), "b");
  EXPECT_EQ(ask("PUT", "/c"), "d");
}

TEST(HttpSession, ARequestIsCancelledAlone) {
  Canceller canceller;
  ScriptedPeer peer{{head(), reply("", "kept"), head(), reply("", "again")},
                    {head(), reply("", "own"), expect_end()},
                    {head(), call([&] { canceller.cancel(); }), stall()}};
  HTTPSession session(direct());
  EXPECT_EQ(session.get(base(peer)).read(), "kept");
  SessionRequest own{.url = URL::parse(base(peer)), .headers = {}, .body = {}, .may_retry = {}};
  own.canceller = canceller;
  EXPECT_EQ(session.request(own).read(), "own");
  EXPECT_THROW(session.request(own), CancelledError);
  EXPECT_THROW(session.request(own), CancelledError) << "nothing is sent any more";
  EXPECT_EQ(session.get(base(peer)).read(), "again");
}

TEST(HttpSession, ABodyThatIsNotWantedIsClosed) {
  std::promise<void> closed;
  ScriptedPeer peer({head(), send(kOk + "Content-Length: 9\r\n\r\npart"), drain(),
                     call([&] { closed.set_value(); })});
  HTTPSession session(direct());
  SessionResponse response = session.get(base(peer));
  EXPECT_EQ(response.read_view(), "part");
  response.close();
  closed.get_future().wait();
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.received(), 4U);
  EXPECT_THROW(response.read_view(), std::logic_error);
}

TEST(HttpSession, DigestLogsInAndBasicWaitsToBeAsked) {
  ScriptedPeer peer(
      {head(),
       reply(
           "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"\r\n"
           "WWW-Authenticate: Basic realm=\"r\"\r\n",
           "", "401 Unauthorized"),
       head(), reply("", "in")});
  SessionOptions options = direct();
  options.login_for = [](const Origin&) {
    return HTTPLogin{
        .user = "ann", .password = Secret("secret"), .bearer = {}, .preemptive = false};
  };
  HTTPSession session(options);
  EXPECT_EQ(session.get(base(peer) + "/").read(), "in");
  EXPECT_NE(peer.received().find("Authorization: Digest "), std::string::npos);
  EXPECT_EQ(peer.received().find("Basic"), std::string::npos);
}

TEST(HttpSession, AWrongPasswordIsTriedOnce) {
  ScriptedPeer peer({head(),
                     reply("WWW-Authenticate: Basic realm=\"r\"\r\n", "no", "401 Unauthorized"),
                     expect_end()});
  SessionOptions options = direct();
  options.login_for = [](const Origin&) {
    return HTTPLogin{.user = "ann", .password = Secret("wrong"), .bearer = {}};
  };
  {
    HTTPSession session(options);
    EXPECT_EQ(session.get(base(peer) + "/").status(), 401);
  }
}

TEST(HttpSession, ProxiesPlainTunnelledAndSocks) {
  ScriptedPeer plain({expect("GET http://www.example.org/x HTTP/1.1\r\nHost: www.example.org"),
                      head(), reply("", "by proxy")});
  ScriptedPeer socks({expect(std::string("\5\1\0", 3)), send(std::string("\5\0", 2)),
                      expect(std::string("\5\1\0\3\17www.example.org\0\120", 22)),
                      send(std::string("\5\0\0\1\0\0\0\0\0\0", 10)),
                      expect("GET /x HTTP/1.1\r\nHost: www.example.org"), head(),
                      reply("", "by socks")});
  ScriptedPeer refusing({expect(std::string("\5\1\0", 3)), send(std::string("\5\377", 2))});
  const auto by = [](const std::string& proxy) {
    SessionOptions options;
    options.proxy_for = [proxy](const URL&) { return Proxy::parse(proxy); };
    HTTPSession session(options);
    return session.get("http://www.example.org/x").read();
  };
  EXPECT_EQ(by(plain.address()), "by proxy");
  EXPECT_EQ(by("socks5h://" + socks.address()), "by socks");
  EXPECT_THROW(by("socks5h://" + refusing.address()), SocksError);
}

TEST(NoProxy, KnowsNamesAddressesAndBlocks) {
  const NoProxy list("localhost, .example.org,10.0.0.0/8 [::1] 192.0.2.7:8080 fe80::/10");
  for (const char* host :
       {"localhost", "example.org", "www.EXAMPLE.org", "10.1.2.3", "::1", "fe80::5"}) {
    EXPECT_TRUE(list.matches(host, 80)) << host;
  }
  for (const char* host : {"badexample.org", "11.0.0.1", "::2", "192.0.2.7"})
    EXPECT_FALSE(list.matches(host, 80)) << host;
  EXPECT_TRUE(list.matches("192.0.2.7", 8080));
  EXPECT_TRUE(NoProxy("*").matches("anything", 1));
}

}  // namespace
}  // namespace proto
