// What HTTP may cost, in counts that do not move: a GET over a warm connection no allocation, one
// send and one recv; a body no allocation; httpget few system calls. It is a program of its own
// because it counts what operator new gives out.
#include <gtest/gtest.h>

#include <cstdint>
#include <new>
#include <string>
#include <vector>

#include "proto/http.h"
#include "support/http2_frames.h"
#include "support/sanitizers.h"
#include "support/scripted_peer.h"
#include "support/system_calls.h"
#include "unit/costs/allocations.h"

namespace proto::test {
namespace {

const std::string kHead =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Mon, 23 Nov 2026 03:11:44 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"6561d3a0-c8\"\r\n";
const std::string kCounted = kHead + "Content-Length: 200\r\n\r\n" + std::string(200, 'x');
const std::string kChunked = kHead + "Transfer-Encoding: chunked\r\n\r\n64\r\n" +
                             std::string(100, 'x') + "\r\n64\r\n" + std::string(100, 'x') +
                             "\r\n0\r\n\r\n";

Script answer(std::size_t requests, const std::string& reply) {
  return {repeat(requests, {expect_until("\r\n\r\n"), send(reply)})};
}

void get(HTTPConnection& connection, std::size_t times) {
  std::vector<char> buffer(64 * 1024);
  for (std::size_t i = 0; i < times; ++i) {
    connection.request("GET", "/");
    HTTPResponse response = connection.getresponse();
    while (response.read_into(buffer) != 0) {
    }
    EXPECT_EQ(response.received(), 200U);
  }
}

// Of `times` GETs over a connection that is warm by then, and of one buffer to read into.
std::size_t allocations_of(std::size_t times, const std::string& reply) {
  ScriptedPeer peer(answer(times + 3, reply));
  HTTPConnection connection(peer.host(), peer.port());
  get(connection, 3);
  const std::size_t before = allocations;
  get(connection, times);
  return allocations - before;
}

TEST(HTTPCosts, WarmGetAllocatesNothing) {
  EXPECT_EQ(allocations_of(50, kCounted), 1U);
}

TEST(HTTPCosts, WarmChunkedGetAllocatesNothing) {
  EXPECT_EQ(allocations_of(50, kChunked), 1U);
}

// Looked at where it stands, a body is received and not copied: what is allocated is not in
// proportion to it.
TEST(HTTPCosts, ReadingAChunkedBodyAllocatesNothing) {
  std::string body = kHead + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 1024; ++i) body += "1000\r\n" + std::string(4096, 'x') + "\r\n";
  body += "0\r\n\r\n";
  ScriptedPeer peer(answer(4, body));
  HTTPConnection connection(peer.host(), peer.port());
  for (int round = 0; round < 4; ++round) {
    const std::size_t before = allocations;
    connection.request("GET", "/");
    HTTPResponse response = connection.getresponse();
    while (!response.read_view().empty()) {
    }
    EXPECT_EQ(response.received(), 1024U * 4096);
    const bool warm = round == 3;
    EXPECT_TRUE(!warm || allocations == before) << allocations - before;
  }
}

// Hostile network row 15: whichever allocation fails, it is a bad_alloc, and then it works again.
void expect_that_any_allocation_may_fail(const std::string& answer, const HTTPOptions& options) {
  // It answers before it is asked: some of the requests never come.
  ScriptedPeer peer = ScriptedPeer::forever({send(answer), drain()});
  std::size_t failed = 0;
  for (bool done = false; !done;) {
    ASSERT_LT(failed, 1000U);
    std::string got;
    got.reserve(1000);
    const std::size_t before = allocations;
    failing = before + failed;
    try {
      HTTPConnection connection(peer.host(), peer.port(), options);
      connection.request("GET", "/", {}, {{"Accept", "text/html, and whatever else there may be"}});
      HTTPResponse response = connection.getresponse();
      response.read_to([&](std::string_view piece) { got += piece; });
      done = allocations <= failing;
      EXPECT_EQ(got.size(), 200U);
    } catch (const std::bad_alloc&) {
    }
    failing = SIZE_MAX;
    ++failed;
  }
  EXPECT_GT(failed, 5U);
}

TEST(HTTPCosts, Hostile_Network15_AnyAllocationMayFail) {
  expect_that_any_allocation_may_fail(kChunked, {});
}

#if PROTO_WITH_NGHTTP2
// Over HTTP/2 some of them fail within nghttp2's calls back to us.
TEST(HTTPCosts, Hostile_Network15_AnyAllocationMayFailOverHTTP2) {
  HTTPOptions options;
  options.version = 20;
  options.http2_prior_knowledge = true;
  options.retry_stale = false;
  expect_that_any_allocation_may_fail(
      h2::settings() +
          h2::headers(1, {{":status", "200"}, {"content-type", "text/html; charset=utf-8"}}) +
          h2::data(1, std::string(100, 'x')) + h2::data(1, std::string(100, 'x'), true),
      options);
}
#endif

// In a process of its own, from its start to its end.
std::size_t calls_of(const ScriptedPeer& peer, std::size_t times) {
  const Traced traced = trace_calls([&] {
    HTTPConnection connection(peer.host(), peer.port());
    get(connection, times);
    return 0;
  });
  EXPECT_EQ(traced.status, 0);
  return traced.calls;
}

TEST(HTTPCosts, WarmGetIsOneSendAndOneRecv) {
  ScriptedPeer peer{answer(10, kCounted), answer(110, kCounted)};
  const std::size_t less = calls_of(peer, 10);
  const std::size_t more = calls_of(peer, 110);
  EXPECT_EQ(more - less, 200U);
}

// What the loader and the libraries ask for at the start differs from machine to machine: it is
// in the calls of --version, too.
TEST(HTTPCosts, HttpgetFetchesAPageIn20SystemCallsBeyondItsStart) {
  if (kSanitized) return;  // its own calls would be counted, and its leak check fails when traced
  ScriptedPeer peer(answer(1, kCounted));
  const std::string url = "http://" + peer.host() + ":" + std::to_string(peer.port()) + "/";
  const std::string program = std::string(PROTO_BIN_DIR) + "/httpget";
  const Traced start = trace_calls({program, "--version"});
  const Traced fetch = trace_calls({program, url});
  EXPECT_EQ(start.status, 0);
  EXPECT_EQ(fetch.status, 0);
  EXPECT_GT(fetch.calls, start.calls);
  EXPECT_LE(fetch.calls - start.calls, 20U);
}

}  // namespace
}  // namespace proto::test
