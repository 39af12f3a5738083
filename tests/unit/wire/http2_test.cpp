#include "wire/http2.h"

#include <stdexcept>

#include "proto/error.h"
#include "support/feed.h"
#include "support/http2_frames.h"
#include "wire/http_request.h"

#if PROTO_WITH_NGHTTP2
namespace proto {
namespace {

using namespace test;

HTTP2Request get() {
  return {.method = "GET", .scheme = "http", .path = "/", .authority = "host", .fields = {}};
}

// What the session makes of a server's bytes, for a GET on stream 1.
std::string converse(const Pieces& pieces, const HTTP2Limits& limits = {}) {
  HTTP2Session session(limits);
  const auto id = session.request(get(), false);
  session.responses().read_body_of(id);
  std::string out;
  session.take_output(out, SIZE_MAX);
  std::string text;
  std::string body;
  bool told = false;
  for (std::string_view rest : pieces) {
    while (!rest.empty() || session.has_input()) {
      rest.remove_prefix(session.feed(rest));
      session.take_output(out, SIZE_MAX);
      while (session.responses().head(id) != nullptr)
        text += to_text(session.responses().take_head(id));
      body += session.responses().piece();
      session.consume(session.responses().piece().size());
      if (told || !(session.responses().ended(id) || session.responses().loss(id))) continue;
      told = true;
      text += body;
      if (session.responses().ended(id)) {
        text += "|end|";
        append_fields(text, session.responses().take_trailers(id));
      } else {
        text += "|lost: " + session.responses().loss(id)->reason +
                (session.responses().loss(id)->processed ? "" : ", not processed") + "|";
      }
    }
  }
  return told ? text : text + body;
}

std::string whatever(const std::string& bytes) {
  return however_cut(bytes, [](const Pieces& pieces) { return converse(pieces); });
}

// Behind the server's SETTINGS.
std::string after_settings(const std::string& bytes) {
  return whatever(h2::settings() + bytes);
}

TEST(HTTP2Session, TakesAResponseHoweverItIsCut) {
  EXPECT_EQ(after_settings(h2::headers(1, {{":status", "103"}, {"link", "</a>"}}) + h2::ping() +
                           h2::headers(1, {{":status", "200"}, {"content-type", "text/plain"}}) +
                           h2::data(1, "hello, ") + h2::padded_data(1, "world", 200, false) +
                           h2::frame(0xbb, 0xff, 1, "a frame that nobody knows") +
                           h2::headers(1, {{"x-sum", "12"}, {"content-length", "7"}}, true)),
            "HTTP/2 103 \r\nlink: </a>\r\n\r\n"
            "HTTP/2 200 \r\ncontent-type: text/plain\r\n\r\nhello, world|end|x-sum: 12\r\n");
}

TEST(HTTP2Session, AnEndComesWithTheHeadWithDataOrAlone) {
  const std::string head = "HTTP/2 204 \r\n\r\n";
  EXPECT_EQ(after_settings(h2::headers(1, {{":status", "204"}}, true)), head + "|end|");
  EXPECT_EQ(after_settings(h2::headers(1, {{":status", "204"}}) + h2::data(1, "", true)),
            head + "|end|");
  EXPECT_EQ(after_settings(h2::headers(1, {{":status", "204"}}) + h2::padded_data(1, "a", 9, true)),
            head + "a|end|");
}

TEST(HTTP2Session, SaysHowAStreamIsLost) {
  const std::string head = h2::headers(1, {{":status", "200"}});
  const std::string text = "HTTP/2 200 \r\n\r\n";
  EXPECT_EQ(after_settings(h2::reset_stream(1, h2::kCancel)), "|lost: CANCEL|");
  EXPECT_EQ(after_settings(h2::reset_stream(1, h2::kRefused)),
            "|lost: REFUSED_STREAM, not processed|");
  EXPECT_EQ(after_settings(h2::goaway(0, h2::kNoError)), "|lost: REFUSED_STREAM, not processed|");
  EXPECT_EQ(after_settings(head + h2::data(1, "abc") + h2::reset_stream(1, h2::kInternalError)),
            text + "abc|lost: INTERNAL_ERROR|");
  EXPECT_EQ(after_settings(head + h2::reset_stream(1, h2::kRefused)),
            text + "|lost: REFUSED_STREAM|")
      << "it was processed";
  EXPECT_EQ(after_settings(head + h2::goaway(1, h2::kNoError) + h2::data(1, "abc", true)),
            text + "abc|end|")
      << "what was begun goes on";
  EXPECT_EQ(after_settings(head + h2::data(1, "abc", true) + h2::reset_stream(1, h2::kNoError)),
            text + "abc|end|");
}

TEST(HTTP2Session, RefusesMalformedHeads) {
  const std::string bad = "ProtocolError: HTTP/2 response: ";
  const auto head = [](h2::Section fields, bool end = true) {
    return after_settings(h2::headers(1, fields, end));
  };
  EXPECT_EQ(head({}), bad + "a head without :status");
  EXPECT_EQ(head({{"a", "b"}}), bad + "want :status first, got \"a\"");
  EXPECT_EQ(head({{":status", "200"}, {":status", "200"}}),
            bad + "want :status, once and first, got \":status\"");
  EXPECT_EQ(head({{":status", "200"}, {":path", "/"}}),
            bad + "want :status, once and first, got \":path\"");
  for (const char* status : {"", "20", "2000", "20x", "099", "101", " 200"})
    EXPECT_EQ(head({{":status", status}}),
              bad + "want :status of three digits, and not 101, got \"" + status + "\"");
  EXPECT_EQ(head({{":status", "200"}, {"Upper", "b"}}),
            bad + "want a field name, a token in lower case, got \"Upper\"");
  EXPECT_EQ(head({{":status", "200"}, {"", "b"}}),
            bad + "want a field name, a token in lower case, got \"\"");
  EXPECT_EQ(head({{":status", "200"}, {"a", "b\r\nc: d"}}),
            bad + "a control character in the field \"a\": \"b\\r\\nc: d\"");
  EXPECT_EQ(head({{":status", "200"}, {"a", " b"}}),
            bad + "blanks around the value of the field \"a\": \" b\"");
  for (const char* name :
       {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te"})
    EXPECT_EQ(head({{":status", "200"}, {name, "b"}}),
              bad + "a field that belongs to a connection of HTTP/1.1: \"" + name + "\"");
  EXPECT_EQ(head({{":status", "100"}}), bad + "it ends with a 1xx");
}

TEST(HTTP2Session, RefusesWhatIsOutOfPlace) {
  const std::string head = h2::headers(1, {{":status", "200"}});
  const std::string bad = "ProtocolError: HTTP/2 response: ";
  const std::string interim = h2::headers(1, {{":status", "103"}});
  for (const std::string& data : {h2::data(1, "abc"), h2::data(1, "", true)}) {
    EXPECT_EQ(after_settings(interim + data), bad + "a body before its head");
    EXPECT_EQ(after_settings(data),
              "ProtocolError: HTTP/2: PROTOCOL_ERROR: DATA: stream not opened");
  }
  EXPECT_EQ(after_settings(head + h2::headers(1, {{"a", "b"}})),
            bad + "trailers that do not end it");
  EXPECT_EQ(after_settings(head + h2::headers(1, {{":status", "200"}}, true)),
            bad + "want :status, once and first, got \":status\"");
  EXPECT_EQ(after_settings(h2::frame(h2::kPushPromise, h2::kEndHeaders, 1, h2::number(2))),
            "ProtocolError: HTTP/2: a PUSH_PROMISE, which SETTINGS forbade");
}

TEST(HTTP2Session, RefusesAServerThatSpeaksSomethingElse) {
  EXPECT_EQ(whatever("HTTP/1.1 400 Bad Request\r\n\r\n"),
            "ProtocolError: HTTP/2: want SETTINGS first, got \"HTTP/1.1 \"");
  EXPECT_EQ(whatever(h2::ping() + h2::settings()),
            "ProtocolError: HTTP/2: want SETTINGS first, got "
            "\"\\x00\\x00\\x08\\x06\\x00\\x00\\x00\\x00\\x00\"");
  EXPECT_EQ(whatever(h2::frame(h2::kSettings, h2::kAck, 0, "")).substr(0, 30),
            "ProtocolError: HTTP/2: PROTOCO");
}

TEST(HTTP2Session, RefusesBrokenFrames) {
  const std::string broken[] = {
      h2::frame(h2::kPing, 0, 0, "short"),
      h2::frame(h2::kPing, 0, 1, "12345678"),
      h2::frame(h2::kWindowUpdate, 0, 0, h2::number(0)),
      h2::window_update(0, 0x7fffffff),
      h2::frame(h2::kHeaders, h2::kEndHeaders, 1, "\xff\xff\xff\xff\xff\xff\xff\xff"),
      h2::frame(h2::kHeaders, h2::kEndHeaders, 2, h2::section({{":status", "200"}})),
      h2::frame(h2::kHeaders, 0, 1, h2::section({{":status", "200"}})) + h2::ping(),
      h2::frame(h2::kContinuation, h2::kEndHeaders, 1, ""),
      h2::frame(h2::kData, h2::kPadded, 1,
                "\x09"
                "abc"),
      h2::frame(h2::kData, 0, 1, std::string(16385, 'x')),
      h2::frame(h2::kSettings, 0, 0, "12345"),
      h2::frame(h2::kReset, 0, 3, h2::number(0)),
      h2::data(3, "of a stream that nobody opened")};
  for (const std::string& frames : broken) {
    const std::string got = after_settings(frames);
    EXPECT_TRUE(got.starts_with("ProtocolError: HTTP/2")) << testing::PrintToString(frames) << got;
  }
}

TEST(HTTP2Session, HoldsItsLimits) {
  const auto limited = [](const std::string& bytes, const HTTP2Limits& limits) {
    return however_cut(h2::settings() + bytes,
                       [&](const Pieces& pieces) { return converse(pieces, limits); });
  };
  const std::string head = h2::headers(1, {{":status", "200"}});
  EXPECT_EQ(limited(h2::headers(1, {{":status", "200"}, {"a", std::string(200, 'x')}}),
                    {.responses = {.head = {.max_head_bytes = 200}}}),
            "LimitError: HTTP/2 response: a head of more than 200 bytes, or a field of more than "
            "65536");
  EXPECT_EQ(limited(h2::headers(1, {{":status", "200"}, {"a", "1"}, {"b", "2"}}),
                    {.responses = {.head = {.max_fields = 1}}}),
            "LimitError: HTTP/2 response: more than 1 fields");
  const std::string interim = h2::headers(1, {{":status", "100"}});
  EXPECT_TRUE(
      limited(interim + interim + interim, {.responses = {.head = {}, .max_interim_responses = 2}})
          .ends_with("LimitError: HTTP/2: more than 2 1xx responses"));
  for (const std::string& idle : {h2::ping(), h2::settings(), h2::data(1, ""),
                                  h2::window_update(0, 1), h2::frame(0xbb, 0, 0, "")}) {
    std::string flood = head;
    for (int i = 0; i < 12; ++i) flood += idle;
    EXPECT_EQ(limited(flood, {.responses = {}, .max_idle_frames = 10}),
              "LimitError: HTTP/2: more than 10 frames that bring nothing on");
  }
  std::string sections = h2::frame(h2::kHeaders, 0, 1, "");
  for (int i = 0; i < 12; ++i) sections += h2::frame(h2::kContinuation, 0, 1, "");
  EXPECT_NE(limited(sections, {.responses = {}, .max_idle_frames = 10}).find("Error: HTTP/2"),
            std::string::npos);
}

// The frames' types, and the bytes of DATA.
std::string sent(HTTP2Session& session, std::size_t& data) {
  std::string out;
  session.take_output(out, SIZE_MAX);
  std::string types;
  std::size_t at = out.starts_with("PRI ") ? 24 : 0;
  while (at < out.size()) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(out[at + i]); };
    const std::size_t size = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
    types += static_cast<char>('0' + byte(3));
    if (byte(3) == h2::kData) data += size;
    if (byte(3) == h2::kData && byte(4) == h2::kEndStream) types += '!';
    at += 9 + size;
  }
  return types;
}

// All of it, or up to a piece.
void feed_to(HTTP2Session& session, std::string_view bytes) {
  while (!bytes.empty() && session.responses().piece().empty())
    bytes.remove_prefix(session.feed(bytes));
}

TEST(HTTP2Session, SendsABodyAsTheWindowsAllow) {
  HTTP2Session session;
  const auto id = session.request(get(), true);
  std::size_t data = 0;
  EXPECT_EQ(sent(session, data), "481") << "SETTINGS, WINDOW_UPDATE, HEADERS; no body yet";
  const std::string body(100'000, 'x');
  session.send_body(id, body, true);
  EXPECT_EQ(sent(session, data), "0000");
  EXPECT_EQ(data, 65'535U);
  EXPECT_EQ(session.unsent(), body.size() - data);
  EXPECT_FALSE(session.body_sent());
  for (const std::string& bytes :
       {h2::settings(), h2::window_update(0, 1000), h2::window_update(1, 500)})
    feed_to(session, bytes);
  EXPECT_EQ(sent(session, data), "40");
  EXPECT_EQ(data, 66'035U);
  feed_to(session, h2::window_update(1, 100'000) + h2::window_update(0, 100'000));
  EXPECT_EQ(sent(session, data), "000!");
  EXPECT_EQ(data, body.size());
  EXPECT_TRUE(session.body_sent());
}

TEST(HTTP2Session, SendsAHeadOfAnySize) {
  HTTP2Session session;
  HTTP2Request large = get();
  large.fields.add("x", std::string(100'000, '~'));
  session.request(large, false);
  std::size_t data = 0;
  EXPECT_TRUE(sent(session, data).starts_with("48199999")) << "HEADERS and its CONTINUATIONs";
}

TEST(HTTP2Session, RefusesMoreThanItsWindow) {
  HTTP2Session session({.responses = {}, .window = 100});
  session.responses().read_body_of(session.request(get(), false));
  std::size_t sent_data = 0;
  sent(session, sent_data);
  feed_to(session, h2::settings() + h2::frame(h2::kSettings, h2::kAck, 0, "") +
                       h2::headers(1, {{":status", "200"}}) + h2::data(1, std::string(101, 'x')));
  EXPECT_THROW(sent(session, sent_data), ProtocolError);
}

TEST(HTTP2Session, KeepsTheBodiesOfStreamsThatWait) {
  HTTP2Session session({.responses = {}, .window = 100});
  const auto first = session.request(get(), false);
  const auto second = session.request(get(), false);
  std::size_t sent_data = 0;
  EXPECT_EQ(sent(session, sent_data), "411");
  session.responses().read_body_of(first);
  const auto feed = [&](const std::string& bytes) {
    feed_to(session, bytes);
    return sent(session, sent_data);
  };
  feed(h2::settings());
  feed(h2::frame(h2::kSettings, h2::kAck, 0, ""));
  feed(h2::headers(3, {{":status", "200"}}));
  EXPECT_EQ(feed(h2::data(3, std::string(100, 'b'))), "") << "its window stays shut";
  feed(h2::headers(1, {{":status", "200"}}));
  const std::string mine = h2::data(1, std::string(100, 'a'), true);
  feed_to(session, mine);
  EXPECT_EQ(session.responses().piece(), std::string(100, 'a'));
  session.consume(100);
  EXPECT_TRUE(session.has_input());
  session.feed({});
  EXPECT_TRUE(session.responses().ended(first));
  session.forget(first);
  session.responses().read_body_of(second);
  EXPECT_EQ(session.responses().piece(), std::string(100, 'b'));
  session.consume(60);
  EXPECT_EQ(sent(session, sent_data), "8") << "WINDOW_UPDATE, now that it is read";
  EXPECT_EQ(session.responses().piece(), std::string(40, 'b'));
  session.forget(second);
  EXPECT_EQ(sent(session, sent_data), "3") << "RST_STREAM: the rest is not wanted";
  EXPECT_TRUE(session.accepts_requests());
  feed(h2::goaway(0, h2::kNoError));
  EXPECT_FALSE(session.accepts_requests());
}

HTTP2Request take(std::string_view head, bool tls = false) {
  return take_http2_request(head, tls);
}

TEST(HTTP2Request, LeavesOutWhatBelongsToAConnection) {
  std::string_view heads =
      "GET /a?b HTTP/1.1\r\nHost: example.org:81\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
      "Keep-Alive: 5\r\nProxy-Connection: x\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: x\r\nTE: gzip\r\nUser-Agent: Me\r\nCookie: a=b\r\n\r\n"
      "GET /next HTTP/1.1\r\n\r\n";
  EXPECT_EQ(to_text(take_http2_request(heads, true)),
            "GET /a?b HTTP/2\r\nhost: example.org:81\r\nuser-agent: Me\r\ncookie: a=b\r\n\r\n");
  EXPECT_EQ(take_http2_request(heads, true).path, "/next");
  EXPECT_TRUE(heads.empty());
}

TEST(HTTP2Request, TakesAnAbsoluteTargetApart) {
  const auto request = [](std::string_view target) {
    const HTTP2Request r = take("GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    return r.scheme + " " + r.authority + " " + r.path;
  };
  EXPECT_EQ(request("*"), "http h *");
  EXPECT_EQ(request("/x://y"), "http h /x://y");
  EXPECT_EQ(request("https://other:1/p?q"), "https other:1 /p?q");
  EXPECT_EQ(request("http://other?q"), "http other /?q");
  EXPECT_EQ(request("http://other"), "http other /");
  EXPECT_EQ(take("GET / HTTP/1.1\r\n\r\n", true).scheme, "https");
}

TEST(HTTP2Request, WhatIsWrongIsTheCallersFault) {
  EXPECT_THROW(take("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"), std::invalid_argument);
  EXPECT_THROW(take("GET / HTTP/1.1\r\nX: \x01\r\n\r\n"), std::invalid_argument);
}

}  // namespace
}  // namespace proto
#endif
