// HTTPConnection over HTTP/2: the same calls, the same results.
#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

#include "proto/http.h"
#include "support/http2_frames.h"
#include "support/process.h"
#include "support/scripted_peer.h"
#include "support/tls_authority.h"

#if PROTO_WITH_NGHTTP2
namespace proto {
namespace {

using namespace test;
using h2::options, h2::serve;
using namespace std::chrono_literals;

TEST(HTTP2Connection, GetsPagesAsStreamsOfOneConnection) {
  ScriptedPeer peer(
      serve({h2::expect_request(1),
             send(h2::headers(1, {{":status", "200"}, {"content-length", "5"}, {"x-y", "z"}}) +
                  h2::data(1, "hel") + h2::data(1, "lo", true)),
             h2::expect_request(3), send(h2::headers(3, {{":status", "404"}}, true))}));
  HTTPConnection c(peer.host(), peer.port(), options());
  c.request("GET", "/a");
  {
    HTTPResponse r = c.getresponse();
    EXPECT_EQ(r.status(), 200);
    EXPECT_EQ(r.version(), 20);
    EXPECT_EQ(r.reason(), "");
    EXPECT_EQ(r.getheader("X-Y"), "z");
    EXPECT_EQ(r.head_text(), "HTTP/2 200 \r\ncontent-length: 5\r\nx-y: z\r\n\r\n");
    EXPECT_EQ(r.content_length(), 5U);
    EXPECT_EQ(r.read(), "hello");
    EXPECT_TRUE(r.complete());
    EXPECT_TRUE(r.length_verified());
    EXPECT_EQ(r.received(), 5U);
  }
  c.request("HEAD", "/b");
  const HTTPResponse r = c.getresponse();
  EXPECT_EQ(r.status(), 404);
  EXPECT_TRUE(r.complete());
  EXPECT_EQ(c.requests_sent(), 2U);
  EXPECT_EQ(peer.connections(), 1U);
}

TEST(HTTP2Connection, ReadsBodiesAndTrailersEveryWay) {
  const std::string response = h2::headers(1, {{":status", "200"}}) + h2::data(1, "hello\nw") +
                               h2::padded_data(1, "orld", 7, false) + h2::data(1, "") +
                               h2::headers(1, {{"x-sum", "12"}, {"content-length", "1"}}, true);
  for (int way = 0; way < 12; ++way) {
    ScriptedPeer peer(
        serve({h2::expect_request(1), way < 6 ? send(response) : send_bytewise(response)}));
    HTTPConnection c(peer.host(), peer.port(), options());
    c.request("GET", "/");
    HTTPResponse r = c.getresponse();
    std::string got;
    if (way % 6 == 0) got = r.read();
    if (way % 6 == 1) got = r.read(5) + r.read(100);
    if (way % 6 == 2) r.read_to([&](std::string_view piece) { got += piece; });
    if (way % 6 == 3) {
      got = r.readline();
      EXPECT_EQ(got, "hello\n");
      got += r.readline();
    }
    if (way % 6 == 4) {
      char into[3];
      while (const std::size_t n = r.read_into(into)) got.append(into, n);
    }
    if (way % 6 == 5) {
      const TempFolder folder;
      const int fd = ::open(folder.file("body").c_str(), O_CREAT | O_RDWR, 0600);
      while (r.read_to_fd(fd) != 0) {
      }
      got.resize(100);
      got.resize(static_cast<std::size_t>(::pread(fd, got.data(), got.size(), 0)));
      ::close(fd);
    }
    EXPECT_EQ(got, "hello\nworld") << way;
    EXPECT_EQ(r.read(), "");
    EXPECT_TRUE(r.complete());
    EXPECT_FALSE(r.content_length());
    EXPECT_EQ(r.trailers(), (Fields{{"x-sum", "12"}})) << way;
  }
}

TEST(HTTP2Connection, TellsOfInterimResponses) {
  ScriptedPeer peer(serve(
      {h2::expect_request(1), send(h2::headers(1, {{":status", "103"}, {"link", "</x>"}}) +
                                   h2::headers(1, {{":status", "199"}}) + h2::ok(1, "body"))}));
  std::string told;
  HTTPOptions o = options();
  o.on_interim = [&told](int status, const Fields& fields) {
    told += std::to_string(status) + std::string(fields.get("link").value_or("")) + " ";
  };
  HTTPConnection c(peer.host(), peer.port(), o);
  c.request("GET", "/");
  EXPECT_EQ(c.getresponse().read(), "body");
  EXPECT_EQ(told, "103</x> 199 ");
}

TEST(HTTP2Connection, SendsBodiesOfEveryKind) {
  // 200,000 bytes are beyond the windows that a connection begins with.
  const std::string large(200'000, 'x');
  const Script more{send(h2::window_update(0, 1 << 20) + h2::window_update(1, 1 << 20))};
  const auto put = [&](const Body& body, std::size_t size, const Fields& fields = {}) {
    Script script{h2::expect_head(1)};
    if (size > 65535) script = script + Script{h2::expect_data(1, 65535)} + more;
    ScriptedPeer peer(serve(script + Script{h2::expect_request(1), send(h2::ok(1, "done"))}));
    HTTPConnection c(peer.host(), peer.port(), options());
    c.request("PUT", "/", body, fields);
    EXPECT_EQ(c.getresponse().read(), "done");
    peer.finish();
    return peer.received().size();
  };
  EXPECT_GT(put(large, large.size()), large.size());
  EXPECT_GT(put("small", 5), 5U);
  const auto source = [&large](std::size_t piece) {
    return [&large, piece, at = std::size_t{0}](std::span<char> into) mutable {
      const std::size_t n = large.copy(into.data(), std::min(into.size(), piece), at);
      at += n;
      return n;
    };
  };
  EXPECT_GT(put(Body::from_source(source(1000)), large.size()), large.size());
  EXPECT_GT(put(Body::from_source(source(70000), large.size()), large.size()), large.size());
  const TempFolder folder;
  folder.write("file", large);
  EXPECT_GT(put(Body::from_file(folder.file("file")), large.size()), large.size());
}

TEST(HTTP2Connection, WaitsForContinue) {
  ScriptedPeer peer(serve({h2::expect_head(1), send(h2::headers(1, {{":status", "100"}})),
                           h2::expect_request(1), send(h2::ok(1, "thanks"))}));
  HTTPOptions o = options();
  o.continue_timeout = 1h;  // the test would not end
  HTTPConnection c(peer.host(), peer.port(), o);
  c.request("POST", "/", Body("abc"), {{"Expect", "100-continue"}});
  EXPECT_EQ(c.getresponse().read(), "thanks");
}

TEST(HTTP2Connection, ARefusalInPlaceOfContinueKeepsTheConnection) {
  ScriptedPeer peer(
      serve({h2::expect_head(1), send(h2::ok(1, "too large")), h2::expect_reset(1, h2::kCancel),
             h2::expect_request(3), send(h2::ok(3, "next"))}));
  HTTPOptions o = options();
  o.continue_timeout = 1h;
  HTTPConnection c(peer.host(), peer.port(), o);
  c.request("POST", "/", Body("abc"), {{"Expect", "100-continue"}});
  EXPECT_EQ(c.getresponse().read(), "too large");
  c.request("GET", "/");
  EXPECT_EQ(c.getresponse().read(), "next");
}

TEST(HTTP2Connection, AnEarlyResponseEndsTheUploadAndKeepsTheConnection) {
  ScriptedPeer peer(
      serve({h2::expect_data(1, 65535), send(h2::ok(1, "enough")), h2::expect_reset(1, h2::kCancel),
             h2::expect_request(3), send(h2::ok(3, "next"))}));
  HTTPConnection c(peer.host(), peer.port(), options());
  c.request("POST", "/", Body::from_source([](std::span<char> into) {
              std::fill(into.begin(), into.end(), 'x');
              return into.size();  // without end
            }));
  HTTPResponse r = c.getresponse();
  EXPECT_EQ(r.read(), "enough");
  c.request("GET", "/");
  EXPECT_EQ(c.getresponse().read(), "next");
}

TEST(HTTP2Connection, TakesTheFramingByHandOffAgain) {
  for (const bool chunked : {false, true}) {
    ScriptedPeer peer(serve({h2::expect_head(1), h2::expect_data(1, 11), send(h2::ok(1, "done"))}));
    HTTPConnection c(peer.host(), peer.port(), options());
    c.putrequest("POST", "/");
    if (chunked) {
      c.putheader("Transfer-Encoding", "chunked");
      c.endheaders("5\r\nhel");
      c.send("lo\r\n6");
      c.send("\r\n world\r\n0\r\n");
      c.send("\r\n");
    } else {
      c.putheader("Content-Length", "11");
      c.endheaders("hello");
      c.send(" world");
    }
    EXPECT_EQ(c.getresponse().read(), "done");
  }
}

TEST(HTTP2Connection, PipelinedRequestsAreConcurrentStreams) {
  ScriptedPeer peer(
      serve({h2::expect_request(1), h2::expect_request(3), h2::expect_request(5),
             send(h2::headers(5, {{":status", "205"}}) + h2::data(5, "fi") +
                  h2::headers(3, {{":status", "203"}}) + h2::data(3, "three") +
                  h2::data(5, "ve", true) + h2::headers(1, {{":status", "201"}}) +
                  h2::data(1, "o") + h2::data(3, "!", true) + h2::data(1, "ne", true))}));
  HTTPOptions o = options();
  o.pipeline = true;
  HTTPConnection c(peer.host(), peer.port(), o);
  for (const char* target : {"/1", "/3", "/5"}) c.request("GET", target);
  for (const auto& [status, body] : {std::pair{201, "one"}, {203, "three!"}, {205, "five"}}) {
    HTTPResponse r = c.getresponse();
    EXPECT_EQ(r.status(), status);
    EXPECT_EQ(r.read(), body);
  }
}

TEST(HTTP2Connection, AnEndThatComesByItselfIsNoBody) {
  ScriptedPeer peer(serve({h2::expect_request(1),
                           send(h2::headers(1, {{":status", "200"}, {"content-length", "9"}})),
                           h2::expect_request(3), send(h2::ok(3, "next"))}));
  HTTPConnection c(peer.host(), peer.port(), options());
  c.request("HEAD", "/");
  EXPECT_TRUE(c.getresponse().complete());
  c.request("GET", "/");
  EXPECT_EQ(c.getresponse().read(), "next");
}

TEST(HTTP2Connection, AGoawayMovesTheNextRequestToAnotherConnection) {
  ScriptedPeer peer(
      {serve({h2::expect_request(1), send(h2::goaway(1, h2::kNoError) + h2::ok(1, "one"))}),
       serve({h2::expect_request(1), send(h2::ok(1, "two"))})});
  HTTPConnection c(peer.host(), peer.port(), options());
  c.request("GET", "/");
  EXPECT_EQ(c.getresponse().read(), "one");
  EXPECT_FALSE(c.is_open());
  c.request("POST", "/", Body("never sent twice"));
  EXPECT_EQ(c.getresponse().read(), "two");
}

TEST(HTTP2Connection, WhatWasNotProcessedIsSentAgain) {
  for (const std::string& refusal :
       {h2::goaway(0, h2::kNoError), h2::reset_stream(1, h2::kRefused)}) {
    const Script first = serve({h2::expect_request(1), send(refusal)});
    const Script second = serve({h2::expect_request(1), send(h2::ok(1, "done"))});
    {
      ScriptedPeer peer({first, second});
      HTTPConnection c(peer.host(), peer.port(), options());
      c.request("POST", "/");
      EXPECT_EQ(c.getresponse().read(), "done");
    }
    ScriptedPeer peer(first);
    HTTPConnection c(peer.host(), peer.port(), options());
    c.request("POST", "/", Body("it is not kept"));
    EXPECT_THROW(c.getresponse(), NotProcessedError);
  }
}

TEST(HTTP2Connection, AStaleConnectionSendsAGetOnceMoreAndAPostNever) {
  const Script first = Script{h2::expect_preface(),   send(h2::settings()),  h2::expect_request(1),
                              send(h2::ok(1, "one")), h2::expect_request(3), reset()};
  {
    ScriptedPeer peer({first, serve({h2::expect_request(1), send(h2::ok(1, "two"))})});
    HTTPConnection c(peer.host(), peer.port(), options());
    c.request("GET", "/");
    EXPECT_EQ(c.getresponse().read(), "one");
    c.request("GET", "/");
    EXPECT_EQ(c.getresponse().read(), "two");
  }
  ScriptedPeer peer(first);
  HTTPConnection c(peer.host(), peer.port(), options());
  c.request("GET", "/");
  EXPECT_EQ(c.getresponse().read(), "one");
  c.request("POST", "/");
  EXPECT_THROW(c.getresponse(), NetworkError);
}

TEST(HTTP2Connection, GoesThroughATunnel) {
  ScriptedPeer proxy(Script{expect("CONNECT www.example.org:80 HTTP/1.1\r\n"),
                            expect_until("\r\n\r\n"), send("HTTP/1.1 200 OK\r\n\r\n")} +
                     serve({h2::expect_request(1), send(h2::ok(1, "behind it"))}));
  HTTPConnection c(proxy.host(), proxy.port(), options());
  c.set_tunnel("www.example.org", 80);
  c.request("GET", "/");
  HTTPResponse r = c.getresponse();
  EXPECT_EQ(r.version(), 20);
  EXPECT_EQ(r.read(), "behind it");
}

TEST(HTTP2Connection, SpeaksHTTP11WithoutTLSAndWithoutPriorKnowledge) {
  ScriptedPeer peer(Script{expect("GET / HTTP/1.1\r\n"), expect_until("\r\n\r\n"),
                           send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")});
  HTTPOptions o;
  o.version = 20;
  HTTPConnection c(peer.host(), peer.port(), o);
  c.request("GET", "/");
  HTTPResponse r = c.getresponse();
  EXPECT_EQ(r.version(), 11);
  EXPECT_EQ(r.read(), "ok");
}

TEST(HTTP2Connection, SpeaksWhatTLSAgreesOn) {
  const auto version = [](const std::vector<std::string>& server_knows, const Script& script) {
    TLSOptions tls;
    tls.alpn = server_knows;
    ScriptedPeer peer(Script{start_tls(TLSContext::server(test_server().certificate_file(),
                                                          test_server().key_file(), tls))} +
                      script);
    HTTPOptions o;
    o.version = 20;
    o.tls = true;
    TLSOptions ours;
    ours.ca_file = test_root().certificate_file();
    ours.alpn = {"h2", "http/1.1"};
    o.connect.tls = TLSContext::client(ours);
    HTTPConnection c(peer.host(), peer.port(), o);
    c.request("GET", "/");
    HTTPResponse r = c.getresponse();
    EXPECT_EQ(r.read(), "ok");
    return r.version();
  };
  const Script one{expect_until("\r\n\r\n"),
                   send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")};
  EXPECT_EQ(version({"h2", "http/1.1"}, serve({h2::expect_request(1), send(h2::ok(1, "ok"))})), 20);
  EXPECT_EQ(version({"http/1.1"}, one), 11);
  EXPECT_EQ(version({}, one), 11);
}

TEST(HTTP2Connection, ShowsTheRequestAsItGoesOut) {
  const HTTPConnection c("www.example.org", 0, options());
  EXPECT_EQ(c.request_head("POST", "/a", Body("abc"), {{"X-Y", "z"}, {"Connection", "close"}}),
            "POST /a HTTP/2\r\nhost: www.example.org\r\nx-y: z\r\ncontent-length: 3\r\n\r\n");
}

TEST(HTTP2Connection, TracesHeadsAndNoSecrets) {
  ScriptedPeer peer(serve({h2::expect_request(1), send(h2::ok(1, "body"))}));
  std::string trace;
  HTTPOptions o = options();
  o.connect.trace = [&trace](const TraceEvent& event) {
    if (event.kind == TraceEvent::Kind::info) return;
    trace += event.kind == TraceEvent::Kind::sent ? "> " : "< ";
    trace.append(event.text).append("\n");
  };
  HTTPConnection c(peer.host(), peer.port(), o);
  c.request("GET", "/", {}, {{"Host", "h"}, {"Authorization", "Basic c2VjcmV0"}});
  EXPECT_EQ(c.getresponse().read(), "body");
  EXPECT_EQ(trace, "> GET / HTTP/2\n> host: h\n> authorization: ***\n> \n< HTTP/2 200 \n< \n");
}

TEST(HTTP2Connection, MisuseThrows) {
  HTTPOptions o = options();
  o.version = 30;
  EXPECT_THROW(HTTPConnection("h", 0, o), std::invalid_argument);
  ScriptedPeer peer(
      {{expect_end()},
       serve({h2::expect_request(1), send(h2::headers(1, {{":status", "200"}}) + h2::data(1, "ab")),
              drain()})});
  HTTPConnection c(peer.host(), peer.port(), options());
  EXPECT_THROW(c.request("CONNECT", "a:1"), std::invalid_argument);
  c.request("GET", "/");
  EXPECT_THROW(c.request("GET", "/"), std::logic_error);
  EXPECT_THROW(c.release(), std::logic_error);
  HTTPResponse r = c.getresponse();
  EXPECT_THROW(c.request("GET", "/"), std::logic_error) << "the body is unread";
  c.close();
  EXPECT_THROW(r.read(), std::logic_error);
}

}  // namespace
}  // namespace proto
#endif
