// Servers of HTTP/2 that break off, lie, flood or stall: an error of the right kind, within bounds.
#include <thread>

#include "proto/http.h"
#include "proto/http_session.h"
#include "support/http2_frames.h"
#include "support/scripted_peer.h"

#if PROTO_WITH_NGHTTP2
namespace proto {
namespace {

using namespace test;
using h2::options;
using namespace std::chrono_literals;

const std::string kHead = h2::headers(1, {{":status", "200"}});

Script answer(Step step) {
  return {h2::expect_preface(), send(h2::settings()), h2::expect_request(1), std::move(step)};
}

// Reads what a GET gives.
void get(const ScriptedPeer& peer, const HTTPOptions& o = options()) {
  HTTPConnection c(peer.host(), peer.port(), o);
  try {
    c.request("GET", "/");
    c.getresponse().read();
  } catch (...) {
    EXPECT_FALSE(c.is_open()) << "it is over after any error";
    throw;
  }
}

TEST(HostileHTTP2, AnAnswerInHTTP11) {
  ScriptedPeer peer({h2::expect_preface(),
                     send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), drain()});
  EXPECT_THROW(get(peer), ProtocolError);
}

TEST(HostileHTTP2, AnEndOrAResetBeforeTheHead) {
  for (int way = 0; way < 3; ++way) {
    ScriptedPeer peer(way == 0   ? answer(half_close()) + Script{drain()}
                      : way == 1 ? answer(send(h2::goaway(1, h2::kNoError))) +
                                       Script{half_close(), drain()}
                                 : Script{h2::expect_preface(), half_close(), drain()});
    EXPECT_THROW(get(peer), EmptyReplyError) << way;
  }
  ScriptedPeer angry(answer(send(h2::goaway(1, h2::kProtocolError))) +
                     Script{half_close(), drain()});
  try {
    get(angry);
    FAIL();
  } catch (const EmptyReplyError& e) {
    EXPECT_EQ(e.what(), "empty reply from " + angry.address() +
                            ": the connection was closed (PROTOCOL_ERROR)");
  }
  ScriptedPeer peer(answer(send(h2::reset_stream(1, h2::kInternalError))) + Script{drain()});
  try {
    get(peer);
    FAIL();
  } catch (const ClosedError& e) {
    EXPECT_EQ(dynamic_cast<const EmptyReplyError*>(&e), nullptr);
    EXPECT_EQ(e.what(), "no reply: " + peer.address() + ": RST_STREAM INTERNAL_ERROR");
  }
}

TEST(HostileHTTP2, ABodyThatIsCutIsNeverWhole) {
  const std::string counted = h2::headers(1, {{":status", "200"}, {"content-length", "9"}});
  const Script cuts[] = {
      answer(send(kHead + h2::data(1, "abc") + h2::reset_stream(1, h2::kCancel))),
      answer(send(kHead + h2::data(1, "abc") + h2::reset_stream(1, h2::kNoError))),
      answer(send(kHead + h2::data(1, "abc"))) + Script{half_close()},
      answer(send(kHead + h2::data(1, "abc") + h2::goaway(1, h2::kInternalError))) +
          Script{half_close()},
      answer(send(kHead + h2::data(1, "abcdef").substr(0, 12))) + Script{half_close()},
      answer(send(counted + h2::data(1, "abc", true))),
      answer(send(counted + h2::data(1, "abc") + h2::headers(1, {{"x", "y"}}, true)))};
  for (const Script& script : cuts) {
    ScriptedPeer peer(script + Script{drain()});
    HTTPConnection c(peer.host(), peer.port(), options());
    c.request("GET", "/");
    HTTPResponse r = c.getresponse();
    try {
      r.read();
      ADD_FAILURE() << "it was taken for whole: cut " << (&script - cuts);
    } catch (const IncompleteBodyError& e) {
      EXPECT_EQ(e.received(), 3U) << e.what();
    }
    EXPECT_FALSE(r.complete());
  }
}

TEST(HostileHTTP2, AHeadThatPromisesABodyAndEnds) {
  ScriptedPeer peer(
      answer(send(h2::headers(1, {{":status", "200"}, {"content-length", "9"}}, true))) +
      Script{drain()});
  EXPECT_THROW(get(peer), IncompleteBodyError);
}

TEST(HostileHTTP2, ABodyThatIsLongerThanItsLength) {
  const std::string head = h2::headers(1, {{":status", "200"}, {"content-length", "4"}});
  for (const std::string& body :
       {h2::data(1, "abcde", true), h2::data(1, "abcd") + h2::data(1, "e", true)}) {
    ScriptedPeer peer(answer(send(head + body)) + Script{drain()});
    EXPECT_THROW(get(peer), HTTPFramingError);
  }
  ScriptedPeer peer(answer(send(h2::headers(1, {{":status", "200"}, {"content-length", "1, 2"}}) +
                                h2::data(1, "a", true))) +
                    Script{drain()});
  EXPECT_THROW(get(peer), HTTPFramingError);
}

TEST(HostileHTTP2, MalformedHeads) {
  for (const std::string& head :
       {h2::headers(1, {{"a", "b"}}, true), h2::headers(1, {{":status", "101"}}, true),
        h2::headers(1, {{":status", "200"}, {"connection", "close"}}, true),
        h2::headers(1, {{":status", "200"}, {"X", "y"}}, true),
        h2::headers(1, {{":status", "200"}, {"x", "y\nz: 1"}}, true), h2::data(1, "no head", true),
        h2::frame(h2::kHeaders, h2::kEndHeaders, 1, "\xff\xff\xff\xff\xff\xff")}) {
    ScriptedPeer peer(answer(send(head)) + Script{drain()});
    EXPECT_THROW(get(peer), ProtocolError);
  }
}

TEST(HostileHTTP2, Floods) {
  const std::string floods[] = {h2::headers(1, {{":status", "103"}, {"link", "</x>"}}),
                                h2::ping(),
                                h2::settings(),
                                h2::frame(0xbb, 0, 0, "unknown"),
                                h2::window_update(0, 1),
                                kHead + h2::data(1, ""),
                                h2::frame(h2::kSettings, 0, 0, std::string("\0\4\0\0\xff\xff", 6))};
  for (const std::string& block : floods) {
    ScriptedPeer peer(answer(send_endlessly(block)));
    EXPECT_THROW(get(peer), Error) << (&block - floods);
  }
  for (const std::string& begin : {h2::frame(h2::kHeaders, 0, 1, h2::section({{":status", "200"}})),
                                   h2::frame(h2::kHeaders, 0, 1, "")}) {
    for (const std::string& section :
         {h2::section({{"a", std::string(1000, 'x')}}), std::string()}) {
      ScriptedPeer peer(answer(send(begin)) +
                        Script{send_endlessly(h2::frame(h2::kContinuation, 0, 1, section))});
      EXPECT_THROW(get(peer), Error);
    }
  }
}

TEST(HostileHTTP2, AHeadThatIsTooLarge) {
  const std::string value(1000, 'x');
  const auto limited = [&](HTTPLimits limits) {
    ScriptedPeer peer(
        answer(send(h2::headers(1, {{":status", "200"}, {"a", value}, {"b", value}}, true))) +
        Script{drain()});
    HTTPOptions o = options();
    o.limits = limits;
    get(peer, o);
  };
  limited({});
  HTTPLimits limits;
  limits.max_head_bytes = 1500;
  EXPECT_THROW(limited(limits), LimitError);
  limits = {};
  limits.max_line_bytes = 900;
  EXPECT_THROW(limited(limits), LimitError);
  limits = {};
  limits.max_fields = 1;
  EXPECT_THROW(limited(limits), LimitError);
  limits = {};
  limits.max_trailer_bytes = 100;
  ScriptedPeer peer(answer(send(kHead + h2::headers(1, {{"a", value}}, true))) + Script{drain()});
  HTTPOptions o = options();
  o.limits = limits;
  EXPECT_THROW(get(peer, o), LimitError);
}

TEST(HostileHTTP2, AWindowThatNeverOpensIsATimeOut) {
  const std::string no_window = h2::settings(std::string("\0\4\0\0\0\0", 6));
  ScriptedPeer peer({h2::expect_preface(), send(no_window), h2::expect_head(1), stall()});
  HTTPOptions o = options();
  o.connect.timeouts.idle = 100ms;
  HTTPConnection c(peer.host(), peer.port(), o);
  EXPECT_THROW(
      {
        c.request("PUT", "/", Body(std::string(100'000, 'x')));
        c.getresponse();
      },
      TimeoutError);
}

TEST(HostileHTTP2, PingsDoNotExtendTheDeadline) {
  ScriptedPeer peer(answer(send_endlessly(h2::ping())));
  HTTPOptions o = options();
  o.limits.max_idle_frames = SIZE_MAX / 2;
  o.connect.timeouts.total = 200ms;
  EXPECT_THROW(get(peer, o), TimeoutError);
}

TEST(HostileHTTP2, CancelEndsAReadFromAnotherThread) {
  ScriptedPeer peer(answer(send(kHead + h2::data(1, "abc"))) + Script{stall()});
  HTTPConnection c(peer.host(), peer.port(), options());
  c.request("GET", "/");
  HTTPResponse r = c.getresponse();
  EXPECT_EQ(r.read_view(), "abc");
  std::thread other([&c] { c.cancel(); });
  EXPECT_THROW(r.read_view(), CancelledError);
  other.join();
}

TEST(HostileHTTP2, APeerThatTakesNothingWhileItSendsStopsNobody) {
  // It reads the upload only after its whole answer, larger than any socket's buffer, was taken.
  // Its acknowledgement opens the windows that the client asked for (RFC 9113 §6.5.3).
  const std::string piece = h2::data(1, std::string(16'000, 'y'));
  std::string body;
  for (int i = 0; i < 500; ++i) body += piece;
  ScriptedPeer peer(
      {h2::expect_preface(),
       send(h2::settings(std::string("\0\4\x7f\xff\xff\xff", 6)) +
            h2::frame(h2::kSettings, h2::kAck, 0, "") + h2::window_update(0, 1 << 30)),
       h2::expect_head(1), send(kHead + body + h2::data(1, "", true)), drain()});
  HTTPConnection c(peer.host(), peer.port(), options());
  c.request("POST", "/", Body::from_source([](std::span<char> into) { return into.size(); }));
  EXPECT_EQ(c.getresponse().read().size(), 500U * 16'000);
}

TEST(HostileHTTP2, ASessionSendsABodyAgainThatWasNotProcessed) {
  ScriptedPeer peer(
      {{h2::expect_preface(), send(h2::settings() + h2::goaway(0, h2::kNoError)), drain()},
       {h2::expect_preface(), send(h2::settings()), h2::expect_request(1), send(h2::ok(1, "done")),
        drain()}});
  SessionOptions o;
  o.http = options();
  HTTPSession session(o);
  SessionResponse r = session.request({.method = "POST",
                                       .url = URL::parse("http://" + peer.address() + "/"),
                                       .headers = {},
                                       .body = [] { return Body("once"); },
                                       .may_retry = {}});
  EXPECT_EQ(r.read(), "done");
  EXPECT_EQ(r.attempts().size(), 2U);
}

}  // namespace
}  // namespace proto
#endif
