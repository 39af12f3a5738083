// Servers of HTTP/2 that do not listen, or no more: what they said is still heard, nothing waits
// for them in vain, and no request is lost on their connection.
#include <future>

#include "proto/http.h"
#include "proto/http_session.h"
#include "support/http2_frames.h"
#include "support/scripted_peer.h"

#if PROTO_WITH_NGHTTP2
namespace proto {
namespace {

using namespace test;
using h2::options, h2::serve;
using namespace std::chrono_literals;

// SETTINGS with this SETTINGS_INITIAL_WINDOW_SIZE.
std::string window_of(std::uint32_t size) {
  return h2::settings(std::string("\0\4", 2) + h2::number(size));
}

// Two threads at one point.
class Meeting {
 public:
  void come() { promise_.set_value(); }
  void wait() { promise_.get_future().wait(); }
  Step comes() {
    return call([this] { come(); });
  }
  Step waits() {
    return call([this] { wait(); });
  }

 private:
  std::promise<void> promise_;
};

TEST(HalfDeafHTTP2, SmallPiecesOfAnUploadDoNotWaitForAPeerThatSends) {
  // Its frames are more than any buffer holds, and it takes nothing before they are all gone. The
  // little that waits to be sent must not be waited for.
  std::string noise;
  for (int i = 0; i < 2000; ++i) noise += h2::frame(0xbb, 0, 0, std::string(16'000, 'n'));
  ScriptedPeer peer(
      {h2::expect_preface(), send(window_of(0x7fffffff) + h2::window_update(0, 1 << 30)),
       h2::expect_head(1), send(noise + h2::ok(1, "done")), h2::expect_reset(1, h2::kCancel),
       h2::expect_request(3), send(h2::ok(3, "next")), drain()},
      ScriptedPeer::On::local);
  HTTPOptions o = options();
  o.connect.unix_socket = peer.host();
  HTTPConnection c("localhost", 80, o);
  c.request("POST", "/", Body::from_source([](std::span<char> into) {
              return std::min<std::size_t>(into.size(), 1000);
            }));
  EXPECT_EQ(c.getresponse().read(), "done");
  EXPECT_TRUE(c.is_open()) << "no time ran out";
  c.request("GET", "/");
  EXPECT_EQ(c.getresponse().read(), "next");
}

TEST(HalfDeafHTTP2, ARefusalInPlaceOfContinueIsToldAtOnce) {
  ScriptedPeer peer(serve({h2::expect_head(1), send(h2::reset_stream(1, h2::kRefused))}));
  HTTPOptions o = options();
  o.continue_timeout = 1h;
  HTTPConnection c(peer.host(), peer.port(), o);
  c.request("POST", "/", Body("abc"), {{"Expect", "100-continue"}});
  EXPECT_THROW(c.getresponse(), NotProcessedError);
}

TEST(HalfDeafHTTP2, WhatFollowsOfAnUploadThatWasResetIsNotWaitedFor) {
  ScriptedPeer peer(serve({h2::expect_data(1, 65535), send(h2::reset_stream(1, h2::kCancel))}));
  HTTPConnection c(peer.host(), peer.port(), options());
  c.putrequest("POST", "/");
  c.putheader("Content-Length", "200000");
  c.endheaders();
  c.send(std::string(100'000, 'x'));
  c.send(std::string(100'000, 'x'));
  EXPECT_THROW(c.getresponse(), ClosedError);
}

TEST(HalfDeafHTTP2, AMalformedHeadDuringAnUploadByHandIsTheEnd) {
  ScriptedPeer peer(serve({h2::expect_data(1, 65535), send(h2::headers(1, {{"a", "b"}}))}));
  HTTPConnection c(peer.host(), peer.port(), options());
  c.putrequest("POST", "/");
  c.putheader("Content-Length", "100000");
  c.endheaders();
  EXPECT_THROW(c.send(std::string(100'000, 'x')), ProtocolError);
  EXPECT_FALSE(c.is_open());
}

TEST(HalfDeafHTTP2, AResponseInFrontOfAResetIsRead) {
  Meeting begun, gone;
  ScriptedPeer peer({h2::expect_preface(), send(h2::settings()), h2::expect_request(1),
                     send(h2::headers(1, {{":status", "200"}}) + h2::data(1, "hello, ")),
                     begun.waits(), send(h2::ping() + h2::data(1, "world", true)), reset(),
                     gone.comes()});
  HTTPConnection c(peer.host(), peer.port(), options());
  c.request("GET", "/");
  HTTPResponse r = c.getresponse();
  EXPECT_EQ(r.read_view(), "hello, ");
  begun.come();
  gone.wait();
  EXPECT_EQ(r.read(), "world") << "the answer to its SETTINGS finds nobody";
  EXPECT_TRUE(r.complete());
}

TEST(HalfDeafHTTP2, AConnectionThatTakesNothingIsNotUsedAgain) {
  // The body waits for the peer's window when the connection goes; it does not outlive request().
  Meeting done, gone;
  ScriptedPeer peer(
      {{h2::expect_preface(), send(window_of(10)), h2::expect_request(1), send(h2::ok(1, "one")),
        done.waits(), send(h2::window_update(3, 100'000) + h2::ok(3, "two")), reset(),
        gone.comes()},
       serve({h2::expect_request(1), send(h2::ok(1, "three"))})});
  HTTPConnection c(peer.host(), peer.port(), options());
  c.request("GET", "/");
  EXPECT_EQ(c.getresponse().read(), "one");
  done.come();
  gone.wait();
  c.request("POST", "/", Body(std::string(60'000, 'x')));
  EXPECT_EQ(c.getresponse().read(), "two");
  EXPECT_FALSE(c.is_open());
  c.request("POST", "/", Body("on another connection"));
  EXPECT_EQ(c.getresponse().read(), "three");
}

TEST(HalfDeafHTTP2, WhatCameWhileItWasIdleDoesNotFailTheNextRequest) {
  const std::string broken = h2::frame(h2::kPing, 0, 0, "short");
  ScriptedPeer peer({serve({h2::expect_request(1), send(h2::ok(1, "one") + broken)}),
                     serve({h2::expect_request(1), send(h2::ok(1, "two"))})});
  HTTPConnection c(peer.host(), peer.port(), options());
  c.request("GET", "/");
  EXPECT_EQ(c.getresponse().read(), "one");
  c.request("POST", "/", Body("not begun"));
  EXPECT_EQ(c.getresponse().read(), "two");
}

TEST(HalfDeafHTTP2, ABodyThatIsThereOnceIsNotAskedForTwice) {
  ScriptedPeer peer(
      {h2::expect_preface(), send(h2::settings() + h2::goaway(0, h2::kNoError)), drain()});
  SessionOptions o;
  o.http = options();
  HTTPSession session(o);
  int times = 0;
  EXPECT_THROW(session.request({.method = "PUT",
                                .url = URL::parse("http://" + peer.address() + "/"),
                                .headers = {},
                                .body =
                                    [&times] {
                                      ++times;
                                      return Body("once");
                                    },
                                .may_retry = false}),
               NotProcessedError);
  EXPECT_EQ(times, 1);
}

}  // namespace
}  // namespace proto
#endif
