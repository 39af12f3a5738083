// HTTP rows of the hostile cases: each against HTTPConnection, HTTPSession, and httpget.
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <future>

#include "proto/http.h"
#include "proto/http_session.h"
#include "support/feed.h"
#include "support/process.h"
#include "support/scripted_peer.h"

namespace proto {
namespace {

using namespace test;

// What must come of a response, in the library and from the tool.
struct Row {
  const char* name;
  std::string response;
  std::string outcome;       // the type of the exception, or "status body"
  int exit_status;           // httpget's
  std::string endless = {};  // sent over and over behind the response
};

const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::string kChunked = kOk + "Transfer-Encoding: chunked\r\n\r\n";

std::vector<Row> rows() {
  return {
      {"Row01_EofAtOnce", "", "EmptyReplyError", 52},
      {"Row02_EofInTheHead", "HTTP/1.1 200 OK\r\nContent-Le", "ClosedError", 56},
      {"Row03_BodyTooShort", kOk + "Content-Length: 50\r\n\r\nhello", "IncompleteBodyError", 18},
      {"Row04_TwoLengths", kOk + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
       "HTTPFramingError", 56},
      {"Row05_EqualLengths", kOk + "Content-Length: 5, 5\r\nContent-Length: 5\r\n\r\nhello",
       "200 hello", 0},
      {"Row06_MinusOne", kOk + "Content-Length: -1\r\n\r\nhello", "HTTPFramingError", 56},
      {"Row07_Plus", kOk + "Content-Length: +5\r\n\r\nhello", "HTTPFramingError", 56},
      {"Row08_Hexadecimal", kOk + "Content-Length: 0x5\r\n\r\nhello", "HTTPFramingError", 56},
      {"Row09_Letters", kOk + "Content-Length: 5x\r\n\r\nhello", "HTTPFramingError", 56},
      {"Row10_EmptyLength", kOk + "Content-Length: \r\n\r\nhello", "HTTPFramingError", 56},
      {"Row11_TooManyDigits", kOk + "Content-Length: 99999999999999999999\r\n\r\nhello",
       "HTTPFramingError", 56},
      {"Row12_HugeLength", kOk + "Content-Length: 9223372036854775807\r\n\r\nhello",
       "IncompleteBodyError", 18},
      {"Row13_ChunkedAndLength",
       kOk + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
       "200 hello", 0},
      {"Row14_ChunkedNotLast",
       kOk + "Transfer-Encoding: chunked, gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "HTTPFramingError",
       56},
      {"Row15_ChunkedThenIdentity",
       kOk + "Transfer-Encoding: chunked\r\nTransfer-Encoding: "
             "identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
       "HTTPFramingError", 56},
      {"Row16_Http10Chunked",
       "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "200 hello",
       0},
      {"Row17_Xchunked", kOk + "Transfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
       "HTTPFramingError", 56},
      {"Row17b_GzipChunked",
       kOk + "Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "HTTPFramingError",
       56},
      {"Row18_ChunkMinus", kChunked + "-5\r\nhello\r\n0\r\n\r\n", "ProtocolError", 56},
      {"Row19_Chunk0x", kChunked + "0x5\r\nhello\r\n0\r\n\r\n", "ProtocolError", 56},
      {"Row20_ChunkUnderscore", kChunked + "0_5\r\nhello\r\n0\r\n\r\n", "ProtocolError", 56},
      {"Row21_ChunkOverflow", kChunked + "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
       "ProtocolError", 56},
      {"Row22_ChunkEmpty", kChunked + "\r\nhello\r\n0\r\n\r\n", "ProtocolError", 56},
      {"Row23_ChunkLfOnly", kChunked + "5\nhello\r\n0\r\n\r\n", "ProtocolError", 56},
      {"Row24_ChunkBlank", kChunked + "5 \r\nhello\r\n0\r\n\r\n", "200 hello", 0},
      {"Row24b_ChunkLetter", kChunked + "5g\r\nhello\r\n0\r\n\r\n", "ProtocolError", 56},
      {"Row25_ChunkZeros", kChunked + std::string(5000, '0') + "5\r\nhello\r\n0\r\n\r\n",
       "LimitError", 56},
      {"Row26_NoCrlfBehindAChunk", kChunked + "5\r\nhelloXX0\r\n\r\n", "ProtocolError", 56},
      {"Row27_EofAfterAChunk", kChunked + "5\r\nhello\r\n", "IncompleteBodyError", 18},
      {"Row27_EofAfterTheLastChunkLine", kChunked + "5\r\nhello\r\n0\r\n", "IncompleteBodyError",
       18},
      {"Row28_EndlessExtension", kChunked + "5;", "LimitError", 56, "aaaaaaaa"},
      {"Row29_EndlessTrailers", kChunked + "0\r\n", "LimitError", 56, "X-Trailer: y\r\n"},
      {"Row30_EndlessInterim", "", "LimitError", 56, "HTTP/1.1 103 Early Hints\r\n\r\n"},
      {"Row31_EndlessFields", kOk, "LimitError", 56, "X-Field: y\r\n"},
      {"Row32_EndlessLine", kOk + "X-Field: ", "LimitError", 56, "yyyyyyyyyyyyyyyy"},
      {"Row33_Nul", kOk + std::string("A: b\0c\r\n\r\n", 10), "ProtocolError", 8},
      {"Row34_BareCr", kOk + "A: b\rc\r\n\r\n", "ProtocolError", 8},
      {"Row35_SpaceBeforeColon", kOk + "Content-Length : 5\r\n\r\nhello", "ProtocolError", 8},
      {"Row36_FirstLineFolded", kOk + " A: b\r\n\r\n", "ProtocolError", 8},
      {"Row36_LaterLineFolded", kOk + "A: b\r\n c\r\nContent-Length: 2\r\n\r\nhi", "200 hi", 0},
      {"Row37_NoColon", kOk + "Content-Length\r\n\r\n", "ProtocolError", 8},
      {"Row37_EmptyName", kOk + ": 5\r\n\r\n", "ProtocolError", 8},
      {"Row38_Status99", "HTTP/1.1 99 OK\r\n\r\n", "ProtocolError", 8},
      {"Row38_Status1000", "HTTP/1.1 1000 OK\r\n\r\n", "ProtocolError", 8},
      {"Row38_StatusMinus20", "HTTP/1.1 -20 OK\r\n\r\n", "ProtocolError", 8},
      {"Row38_Status999", "HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nhi", "999 hi", 22},
      {"Row39_Version37", "HTTP/3.7 200 OK\r\n\r\n", "ProtocolError", 8},
      {"Row39_Version110", "HTTP/1.10 200 OK\r\n\r\n", "ProtocolError", 8},
      {"Row39_NoVersion", "200 OK\r\n\r\n", "ProtocolError", 8},
      {"Row39_Mail", "220 mail\r\n", "ProtocolError", 8},
      {"Row39_Http09", "<html>hello</html>\n", "ProtocolError", 8},
      {"Row39_Tls", std::string("\x15\x03\x01\x00\x02\x02\x46", 7), "ProtocolError", 8},
      {"Row39b_NoReason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", "200 hi", 0},
      {"Row40_Unasked101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
       "ProtocolError", 8},
      {"Row41_BodyOn204", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "204 ", 0},
      {"Row42_BytesBehindTheBody", kOk + "Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n",
       "200 hello", 0},
      {"Row53_EscInTheReason", "HTTP/1.1 404 \x1b[31mRed\x1b[0m\r\nContent-Length: 0\r\n\r\n",
       "404 ", 22},
      {"RowLast_LfOnlyHead", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "200 hi", 0},
  };
}

Script script_of(const Row& row) {
  Script script{expect_until("\r\n\r\n")};
  if (!row.response.empty()) script.push_back(send(row.response));
  script.push_back(row.endless.empty() ? half_close() : send_endlessly(row.endless));
  return script;
}

// What `exchange` returns, or the type of what it throws.
template <typename F>
std::string outcome_of(F exchange) {
  try {
    return exchange();
  } catch (const EmptyReplyError&) {
    return "EmptyReplyError";
  } catch (const IncompleteBodyError&) {
    return "IncompleteBodyError";
  } catch (const ClosedError&) {
    return "ClosedError";
  } catch (const HTTPFramingError&) {
    return "HTTPFramingError";
  } catch (const ProtocolError&) {
    return "ProtocolError";
  } catch (const LimitError&) {
    return "LimitError";
  } catch (const std::exception& e) {
    return e.what();
  }
}

std::string fetch(const ScriptedPeer& peer) {
  return outcome_of([&] {
    HTTPConnection connection(peer.host(), peer.port());
    connection.request("GET", "/");
    HTTPResponse response = connection.getresponse();
    std::string body = response.read();
    EXPECT_TRUE(response.complete());
    return std::to_string(response.status()) + " " + body;
  });
}

std::string fetch_by_session(const ScriptedPeer& peer) {
  return outcome_of([&] {
    SessionOptions options;
    options.proxy_for = [](const URL&) { return std::nullopt; };
    HTTPSession session(options);
    SessionResponse response = session.get("http://" + peer.address() + "/");
    std::string body = response.read();
    return std::to_string(response.status()) + " " + body;
  });
}

class HostileHttp : public testing::TestWithParam<Row> {};

TEST_P(HostileHttp, Library) {
  ScriptedPeer peer(script_of(GetParam()));
  EXPECT_EQ(fetch(peer), GetParam().outcome);
}

TEST_P(HostileHttp, Session) {
  ScriptedPeer peer(script_of(GetParam()));
  EXPECT_EQ(fetch_by_session(peer), GetParam().outcome);
}

// One line on stderr and nothing under the final name where it fails; memory stays where it was.
TEST_P(HostileHttp, Tool) {
  const Row& row = GetParam();
  ScriptedPeer peer(script_of(row));
  const TempFolder folder;
  const ProcessResult result =
      run({our_program("httpget"), "-m", "30", "-o", folder.file("out"), peer.address(), "/"});
  EXPECT_EQ(result.status, row.exit_status) << result.describe();
  struct stat status {};
  EXPECT_EQ(::stat(folder.file("out").c_str(), &status) == 0, row.exit_status == 0);
  if (row.exit_status == 0) {
    EXPECT_EQ(read_file(folder.file("out")), row.outcome.substr(4));
    EXPECT_EQ(result.err, "");
  } else {
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_TRUE(result.err.starts_with("httpget: ")) << result.err;
    EXPECT_EQ(result.err.find('\x1b'), std::string::npos);
  }
}

// Network row 9: cut at every byte, the result is the same.
TEST_P(HostileHttp, ByteByByte) {
  const Row& row = GetParam();
  if (!row.endless.empty() || row.response.size() > 1000)
    return;  // the parsers' own tests cut these
  ScriptedPeer peer({expect_until("\r\n\r\n"), send_bytewise(row.response), half_close()});
  EXPECT_EQ(fetch(peer), row.outcome);
}

INSTANTIATE_TEST_SUITE_P(Rows, HostileHttp, testing::ValuesIn(rows()),
                         [](const testing::TestParamInfo<Row>& row) {
                           return std::string(row.param.name);
                         });

TEST(HostileHttpConnection, Row03_27_WhatCameIsKeptAndCounted) {
  struct Case {
    std::string rest, told;
    std::optional<std::uint64_t> expected;
  };
  for (const Case& cut : {Case{"Content-Length: 50\r\n\r\nhello", "5 of 50 bytes", 50},
                          Case{"Transfer-Encoding: chunked\r\n\r\n9\r\nhello",
                               "in a chunk, 4 octets before its end; 5 octets", std::nullopt}}) {
    ScriptedPeer peer({expect_until("\r\n\r\n"), send(kOk + cut.rest)});
    HTTPConnection connection(peer.host(), peer.port());
    connection.request("GET", "/");
    HTTPResponse response = connection.getresponse();
    std::string got;
    try {
      response.read_to([&](std::string_view piece) { got += piece; });
      FAIL();
    } catch (const IncompleteBodyError& e) {
      EXPECT_NE(std::string(e.what()).find(cut.told), std::string::npos) << e.what();
      EXPECT_EQ(e.received(), 5U);
      EXPECT_EQ(e.expected(), cut.expected);
      EXPECT_EQ(e.address(), peer.address());
    }
    EXPECT_EQ(got, "hello");
  }
}

TEST(HostileHttpConnection, Row13_41_42_SuchConnectionsAreNeverUsedAgain) {
  for (const std::string& response :
       {kOk + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        std::string("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"),
        kOk + "Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"}) {
    const Script good{expect_until("\r\n\r\n"), send(kOk + "Content-Length: 4\r\n\r\ngood")};
    ScriptedPeer peer{Script{expect_until("\r\n\r\n"), send(response), expect_end()}, good};
    HTTPConnection connection(peer.host(), peer.port());
    connection.request("GET", "/");
    connection.getresponse().read();
    connection.request("GET", "/");
    EXPECT_EQ(connection.getresponse().read(), "good");
  }
}

TEST(HostileHttpConnection, Row41_HeadHasNoBody) {
  ScriptedPeer peer(
      {expect("HEAD "), expect_until("\r\n\r\n"), send(kOk + "Content-Length: 5\r\n\r\n")});
  HTTPConnection connection(peer.host(), peer.port());
  connection.request("HEAD", "/");
  HTTPResponse response = connection.getresponse();
  EXPECT_EQ(response.read(), "");
  EXPECT_TRUE(connection.is_open());
}

TEST(HostileHttpConnection, ConnectIgnoresALengthAndKeepsTheTunnelsBytes) {
  ScriptedPeer peer(
      {expect_until("\r\n\r\n"), send("HTTP/1.1 200 Go\r\nContent-Length: 5\r\n\r\n220 mail\r\n")});
  HTTPConnection connection(peer.host(), peer.port());
  connection.request("CONNECT", "mail:25", {}, {{"Host", "mail:25"}});
  EXPECT_EQ(connection.getresponse().status(), 200);
  Stream tunnel = connection.release();
  EXPECT_EQ(tunnel.read_line(100), "220 mail");
}

TEST(HostileHttpConnection, UntilCloseIsDoneButNotVerified) {
  ScriptedPeer peer(
      {expect_until("\r\n\r\n"), send("HTTP/1.0 200 OK\r\n\r\nall there is"), half_close()});
  HTTPConnection connection(peer.host(), peer.port());
  connection.request("GET", "/");
  HTTPResponse response = connection.getresponse();
  EXPECT_EQ(response.read(), "all there is");
  EXPECT_FALSE(response.length_verified());
}

TEST(HostileHttpConnection, Network5and6_ResetsAreErrors) {
  for (const std::string& response :
       {std::string("HTTP/1.1 20"), kOk + "Content-Length: 50\r\n\r\nhello",
        std::string("HTTP/1.0 200 OK\r\n\r\nhello")}) {
    ScriptedPeer peer({expect_until("\r\n\r\n"), send(response), reset()});
    HTTPConnection connection(peer.host(), peer.port());
    connection.request("GET", "/");
    EXPECT_THROW(connection.getresponse().read(), NetworkError) << response;
    EXPECT_FALSE(connection.is_open());
  }
}

TEST(HostileHttpConnection, Network6_AResetIsNoEndForADescriptor) {
  // A length, chunks, and what only the end of the connection ends.
  for (const std::string& head :
       {kOk + "Content-Length: 500000\r\n\r\nhello",
        kOk + "Transfer-Encoding: chunked\r\n\r\nfffff\r\nhello", kOk + "\r\nhello"}) {
    std::promise<void> taken;
    ScriptedPeer peer({expect_until("\r\n\r\n"), send(head),
                       call([&] { taken.get_future().wait_for(std::chrono::seconds(30)); }),
                       reset()});
    HTTPConnection connection(peer.host(), peer.port());
    connection.request("GET", "/");
    HTTPResponse response = connection.getresponse();
    std::FILE* const file = std::tmpfile();
    for (std::uint64_t got = 0; got < 5;) got += response.read_to_fd(fileno(file));
    taken.set_value();
    EXPECT_THROW(response.read_to_fd(fileno(file)), NetworkError) << head;
    EXPECT_FALSE(connection.is_open());
    std::fclose(file);
  }
}

TEST(HostileHttpConnection, Network7and8_StallsAndDripsEndByTheDeadline) {
  for (const Script& script :
       {Script{stall()}, Script{send("HTTP/1.1 200"), stall()},
        Script{send(kOk + "Content-Length: 5\r\n\r\nhe"), stall()},
        Script{send(kOk + "Content-Length: 999999999\r\n\r\n"), send_endlessly("x")}}) {
    Script whole{expect_until("\r\n\r\n")};
    whole.insert(whole.end(), script.begin(), script.end());
    ScriptedPeer peer(whole);
    HTTPConnection connection(peer.host(), peer.port());
    connection.set_deadline(Deadline::after(std::chrono::milliseconds(50)));
    connection.request("GET", "/");
    EXPECT_THROW(
        {
          HTTPResponse response = connection.getresponse();
          while (!response.read_view().empty()) {
          }
        },
        TimeoutError);
  }
}

TEST(HostileHttpTool, Network16_AFullDiskIsAnError) {
  ScriptedPeer peer({expect_until("\r\n\r\n"), send(kOk + "Content-Length: 5\r\n\r\nhello")});
  ProcessOptions options;
  options.stdout_file = "/dev/full";
  const auto result = run({our_program("httpget"), peer.address(), "/"}, options);
  EXPECT_EQ(result.status, 23) << result.describe();
}

TEST(HostileHttpTool, Network17_AClosedStdoutIsAnError) {
  ScriptedPeer peer({expect_until("\r\n\r\n"), send(kOk + "Content-Length: 5\r\n\r\nhello")});
  ProcessOptions options;
  options.closed = {0, 1, 2};  // 18: and the socket does not become descriptor 1
  const auto result = run({our_program("httpget"), peer.address(), "/"}, options);
  EXPECT_EQ(result.status, 23) << result.describe();
  EXPECT_EQ(peer.received().find("hello"), std::string::npos);
}

TEST(HostileHttpTool, Row12_NothingIsAllocatedForALengthThatIsOnlyClaimed) {
  ScriptedPeer small({expect_until("\r\n\r\n"), send(kOk + "Content-Length: 5\r\n\r\nhello")});
  const auto idle = run({our_program("httpget"), small.address(), "/"});
  ScriptedPeer peer(
      {expect_until("\r\n\r\n"), send(kOk + "Content-Length: 9223372036854775807\r\n\r\nhello")});
  const auto result = run({our_program("httpget"), peer.address(), "/"});
  EXPECT_EQ(result.status, 18);
  EXPECT_LE(result.max_rss_kib, memory_bound_kib(idle));
}

}  // namespace
}  // namespace proto
