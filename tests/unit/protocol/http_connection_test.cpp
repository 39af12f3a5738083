#include "proto/http.h"

#include <cstdio>
#include <future>
#include <stdexcept>
#include <thread>

#include "support/scripted_peer.h"

namespace proto {
namespace {

using namespace test;
using namespace std::chrono_literals;

Step head() {
  return expect_until("\r\n\r\n");
}

TEST(HTTPConnection, GetsAPageAndKeepsTheConnection) {
  ScriptedPeer peer(Script{expect("GET /a HTTP/1.1\r\nHost: 127.0.0.1:"), head(),
                           send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Y: z\r\n\r\nhello"),
                           expect("HEAD /b HTTP/1.1\r\n"), head(),
                           send("HTTP/1.1 404 Not Found\r\nContent-Length: 99\r\n\r\n")});
  HTTPConnection c(peer.host(), peer.port());
  c.request("GET", "/a");
  {
    HTTPResponse r = c.getresponse();
    EXPECT_EQ(r.status(), 200);
    EXPECT_EQ(r.reason(), "OK");
    EXPECT_EQ(r.getheader("x-y"), "z");
    EXPECT_EQ(r.read(), "hello");
    EXPECT_TRUE(r.complete());
    EXPECT_TRUE(r.length_verified());
  }
  c.request("HEAD", "/b");
  const HTTPResponse r = c.getresponse();
  EXPECT_EQ(r.status(), 404);
  EXPECT_TRUE(r.complete());
  EXPECT_EQ(peer.connections(), 1U);
  EXPECT_EQ(peer.counts().flights, 2U);
}

TEST(HTTPResponse, GetheadersGivesEveryFieldAndEveryValue) {
  ScriptedPeer peer({head(), send("HTTP/1.1 204 No Content\r\nSet-Cookie: a=1\r\nX-Y: z\r\n"
                                  "set-cookie: b=2, c\r\n\r\n")});
  HTTPConnection c(peer.host(), peer.port());
  c.request("GET", "/");
  const HTTPResponse r = c.getresponse();
  EXPECT_EQ(r.getheaders(),
            Fields({{"Set-Cookie", "a=1"}, {"X-Y", "z"}, {"set-cookie", "b=2, c"}}));
  EXPECT_EQ(r.getheaders("Set-Cookie"), (std::vector<std::string_view>{"a=1", "b=2, c"}));
  EXPECT_TRUE(r.getheaders("X-None").empty());
}

TEST(HTTPConnection, ReadsChunksAndTrailersEveryWay) {
  const std::string response =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;x=y\r\nhello\r\n7\r\n, world\r\n0\r\nX-Sum: 12\r\nContent-Length: 1\r\n\r\n";
  for (int way = 0; way < 5; ++way) {
    ScriptedPeer peer({head(), way % 2 == 0 ? send(response) : send_bytewise(response)});
    HTTPConnection c(peer.host(), peer.port());
    c.request("GET", "/");
    HTTPResponse r = c.getresponse();
    std::string got;
    if (way == 0) got = r.read();
    if (way == 1) got = r.read(5) + r.read(100);
    if (way == 2) r.read_to([&](std::string_view piece) { got += piece; });
    if (way == 3) got = r.readline() + r.readline();
    if (way == 4) {
      char into[3];
      while (const std::size_t n = r.read_into(into)) got.append(into, n);
    }
    EXPECT_EQ(got, "hello, world") << way;
    EXPECT_EQ(r.trailers().get("x-sum"), "12");
    EXPECT_FALSE(r.trailers().contains("content-length"));
    EXPECT_FALSE(r.content_length());
  }
}

TEST(HTTPConnection, MisuseThrowsBeforeAByteIsSent) {
  ScriptedPeer peer({head(), send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"), expect_end()});
  HTTPConnection c(peer.host(), peer.port());
  EXPECT_THROW(c.getresponse(), std::logic_error);
  EXPECT_THROW(c.request("GET", "/\r\nX: y"), std::invalid_argument);
  EXPECT_THROW(c.request("GET /", "/"), std::invalid_argument);
  EXPECT_THROW(c.request("GET", "/", {}, {{"A", "b\r\nc"}}), std::invalid_argument);
  EXPECT_THROW(c.request("POST", "/", Body("abc"), {{"Content-Length", "4"}}),
               std::invalid_argument);
  EXPECT_THROW(c.putheader("a", "b"), std::logic_error);
  EXPECT_EQ(peer.connections(), 0U);
  c.request("GET", "/");
  EXPECT_THROW(c.request("GET", "/"), std::logic_error);
  HTTPResponse r = c.getresponse();
  EXPECT_THROW(c.request("GET", "/"), std::logic_error) << "the body is unread";
  EXPECT_EQ(r.read(), "ab");
  c.close();
}

TEST(HTTPConnection, AResponseThatIsDroppedUnreadTakesItsConnectionAlong) {
  ScriptedPeer peer(
      {{head(), send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab"), expect_end()},
       {head(), send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew")}});
  HTTPConnection c(peer.host(), peer.port());
  c.request("GET", "/");
  EXPECT_EQ(c.getresponse().status(), 200);
  c.request("GET", "/");
  EXPECT_EQ(c.getresponse().read(), "new");
}

TEST(HTTPConnection, Hostile55_AStaleConnectionSendsAGetOnceMoreAndAPostNever) {
  const Script first{head(), send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), head(),
                     close_now()};
  {
    ScriptedPeer peer(
        {first,
         {expect("GET /2 "), head(), send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2")}});
    HTTPConnection c(peer.host(), peer.port());
    c.request("GET", "/1");
    c.getresponse().read();
    c.request("GET", "/2");
    EXPECT_EQ(c.getresponse().read(), "2");
    EXPECT_EQ(peer.connections(), 2U);
  }
  ScriptedPeer peer(first);
  HTTPConnection c(peer.host(), peer.port());
  c.request("GET", "/1");
  c.getresponse().read();
  c.request("POST", "/2", Body("x"));
  EXPECT_THROW(c.getresponse(), NetworkError);
  EXPECT_EQ(peer.connections(), 1U);
}

TEST(HTTPConnection, Hostile54_AnEarlyRefusalOfAnUploadIsReported) {
  ScriptedPeer peer({head(), send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig"),
                     close_now()});
  HTTPConnection c(peer.host(), peer.port());
  const std::string body(64 * 1024 * 1024, 'x');
  c.request("PUT", "/", Body(body));
  HTTPResponse r = c.getresponse();
  EXPECT_EQ(r.status(), 413);
  EXPECT_EQ(r.read(), "big");
  EXPECT_FALSE(c.is_open());
}

TEST(HTTPConnection, ExpectContinueWaitsForAWord) {
  ScriptedPeer peer({head(), send("HTTP/1.1 100 Continue\r\n\r\n"), expect("body"),
                     send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")});
  int told = 0;
  HTTPOptions options;
  options.on_interim = [&](int status, const Fields&) { told = status; };
  HTTPConnection c(peer.host(), peer.port(), options);
  c.request("PUT", "/", Body("body"), {{"Expect", "100-continue"}});
  EXPECT_EQ(c.getresponse().status(), 201);
  EXPECT_EQ(told, 100);
}

TEST(HTTPConnection, ExpectContinueDoesNotSendARefusedBody) {
  ScriptedPeer peer(
      {head(), send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"), expect_end()});
  HTTPConnection c(peer.host(), peer.port());
  c.request("PUT", "/", Body("body"), {{"Expect", "100-continue"}});
  EXPECT_EQ(c.getresponse().status(), 417);
  EXPECT_FALSE(c.is_open());
}

TEST(HTTPConnection, ExpectContinueSendsWhenNobodyAnswers) {
  ScriptedPeer peer({head(), expect("body"), send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")});
  HTTPOptions options;
  options.continue_timeout = 5ms;
  HTTPConnection c(peer.host(), peer.port(), options);
  c.request("PUT", "/", Body("body"), {{"Expect", "100-continue"}});
  EXPECT_EQ(c.getresponse().status(), 200);
}

TEST(HTTPConnection, ASourceOfUnknownLengthGoesInChunks) {
  ScriptedPeer peer({head(), expect("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
                     send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")});
  HTTPConnection c(peer.host(), peer.port());
  int calls = 0;
  c.request("POST", "/", Body::from_source([&](std::span<char> into) -> std::size_t {
              const std::string_view piece = calls == 0 ? "abc" : calls == 1 ? "de" : "";
              ++calls;
              std::copy(piece.begin(), piece.end(), into.begin());
              return piece.size();
            }));
  EXPECT_EQ(c.getresponse().status(), 200);
  EXPECT_NE(peer.received().find("Transfer-Encoding: chunked\r\n"), std::string::npos);
}

TEST(HTTPConnection, ByHand) {
  ScriptedPeer peer({expect("POST /x HTTP/1.1\r\nA: b\r\nContent-Length: 4\r\n\r\nbody"),
                     send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")});
  HTTPConnection c(peer.host(), peer.port());
  c.putrequest("POST", "/x", true);
  c.putheader("A", "b");
  c.putheader("Content-Length", "4");
  EXPECT_THROW(c.send("x"), std::logic_error);
  c.endheaders();
  c.send("bo");
  c.send("dy");
  EXPECT_EQ(c.getresponse().status(), 200);
}

TEST(HTTPConnection, PipelinesSeveralRequestsInOneFlight) {
  Script script;
  for (int i = 0; i < 16; ++i) script.push_back(head());
  for (int i = 0; i < 16; ++i)
    script.push_back(send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" +
                          std::string(1, static_cast<char>('a' + i))));
  ScriptedPeer peer(script);
  HTTPOptions options;
  options.pipeline = true;
  HTTPConnection c(peer.host(), peer.port(), options);
  for (int i = 0; i < 16; ++i) c.request("GET", "/");
  std::string got;
  for (int i = 0; i < 16; ++i) got += c.getresponse().read();
  EXPECT_EQ(got, "abcdefghijklmnop");
  EXPECT_EQ(peer.counts().flights, 1U);
}

TEST(HTTPConnection, TunnelsThroughAProxy) {
  ScriptedPeer peer(
      {expect("CONNECT [::1]:8080 HTTP/1.1\r\nHost: [::1]:8080\r\nProxy-Authorization: x\r\n\r\n"),
       send("HTTP/1.1 200 Fine\r\nContent-Length: 7\r\n\r\n"),
       expect("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"),
       send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")});
  HTTPConnection c(peer.host(), peer.port());
  c.set_tunnel("::1", 8080, {{"Proxy-Authorization", "x"}});
  c.request("GET", "/");
  EXPECT_EQ(c.getresponse().read(), "hi");
}

TEST(HTTPConnection, ARefusedTunnelShowsWhatTheProxySaid) {
  ScriptedPeer peer(
      {head(), send("HTTP/1.1 407 Who\x1b are you\r\nContent-Length: 5\r\n\r\nlogin")});
  HTTPConnection c(peer.host(), peer.port());
  c.set_tunnel("www.example.org", 443);
  try {
    c.request("GET", "/");
    FAIL();
  } catch (const TunnelError& e) {
    EXPECT_EQ(e.code(), 407);
    EXPECT_EQ(e.text(), "login");
    EXPECT_NE(std::string(e.what()).find("407 Who\\x1b are you"), std::string::npos);
  }
}

TEST(HTTPConnection, TraceNeverSeesASecret) {
  ScriptedPeer peer(
      {head(), send("HTTP/1.1 200 OK\r\nSet-Cookie: sid=SECRET\r\nContent-Length: 0\r\n\r\n")});
  std::string seen;
  HTTPOptions options;
  options.connect.trace = [&](const TraceEvent& e) { seen.append(e.text) += '\n'; };
  HTTPConnection c(peer.host(), peer.port(), options);
  c.request("GET", "/", {},
            {{"Authorization", "Basic SECRET"}, {"cookie", "SECRET"}, {"X", "shown"}});
  c.getresponse();
  EXPECT_EQ(seen.find("SECRET"), std::string::npos) << seen;
  EXPECT_NE(seen.find("X: shown"), std::string::npos);
}

TEST(HTTPConnection, IsCancelledFromAnotherThread) {
  ScriptedPeer peer({head(), stall()});
  HTTPConnection c(peer.host(), peer.port());
  c.request("GET", "/");
  std::jthread other([&] { c.cancel(); });
  EXPECT_THROW(c.getresponse(), CancelledError);
}

TEST(HTTPConnection, MovesABodyToADescriptor) {
  const std::string body(3 * 1024 * 1024 + 7, 'q');
  std::string chunked;
  for (std::size_t at = 0; at < body.size(); at += 4096) {
    const std::string piece = body.substr(at, 4096);
    char size[16];
    snprintf(size, sizeof size, "%zx\r\n", piece.size());
    chunked += size + piece + "\r\n";
  }
  ScriptedPeer peer(
      {head(),
       send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
            body),
       head(),
       send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked + "0\r\n\r\n")});
  HTTPConnection c(peer.host(), peer.port());
  for (int i = 0; i < 2; ++i) {
    std::FILE* file = std::tmpfile();
    c.request("GET", "/");
    HTTPResponse r = c.getresponse();
    std::uint64_t total = 0;
    while (const std::uint64_t n = r.read_to_fd(fileno(file))) total += n;
    EXPECT_EQ(total, body.size());
    std::fseek(file, 0, SEEK_END);
    EXPECT_EQ(static_cast<std::size_t>(std::ftell(file)), body.size());
    std::fclose(file);
  }
}

// Events and logs come as chunks with long pauses between them.
TEST(HTTPConnection, GivesAChunkBeforeTheNextOneComes) {
  std::promise<void> taken;
  ScriptedPeer peer({head(),
                     send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "5\r\nhello\r\n5\r\nworld\r\n"),
                     call([&] { taken.get_future().wait_for(std::chrono::seconds(30)); }),
                     send("1\r\n!\r\n0\r\n"), close()});
  HTTPConnection c(peer.host(), peer.port());
  c.set_deadline(Deadline::after(std::chrono::seconds(10)));
  std::FILE* const file = std::tmpfile();
  c.request("GET", "/");
  HTTPResponse r = c.getresponse();
  EXPECT_EQ(r.read_to_fd(fileno(file)), 10U);
  taken.set_value();
  // What came is given, though the end never does.
  EXPECT_EQ(r.read_to_fd(fileno(file)), 1U);
  EXPECT_THROW(r.read_to_fd(fileno(file)), IncompleteBodyError);
  std::fclose(file);
}

}  // namespace
}  // namespace proto
