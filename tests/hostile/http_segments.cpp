// --segments with servers that do not keep to what they began with: the file is the whole of one
// resource, or stays as it was.
#include <future>

#include "support/process.h"
#include "support/scripted_peer.h"

namespace proto {
namespace {

using namespace test;

constexpr std::size_t kMiB = 1024 * 1024;
const std::string kFirst(kMiB, 'a');
const std::string kSecond(kMiB, 'b');

Step whole(const std::string& etag, const std::string& body) {
  return send("HTTP/1.1 200 OK\r\nETag: " + etag + "\r\nAccept-Ranges: bytes\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
}
Step part(const std::string& etag, const std::string& range, const std::string& body,
          std::size_t length = kMiB) {
  return send("HTTP/1.1 206 Partial Content\r\nETag: " + etag + "\r\nContent-Range: " + range +
              "\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n" + body);
}
Step head() {
  return expect_until("\r\n\r\n");
}

// Two segments of 1 MiB: the first connection brings the whole, the second is asked for the rest.
class HttpSegments : public testing::Test {
 protected:
  ProcessResult get(const ScriptedPeer& peer, std::vector<std::string> more = {}) const {
    std::vector<std::string> line{our_program("httpget"), "--segments", "2", "-o", file};
    line.insert(line.end(), more.begin(), more.end());
    line.push_back("http://" + peer.address() + "/large");
    ProcessOptions options;
    options.bound = std::chrono::seconds(30);  // below the idle time: nobody waits for that
    return run(line, options);
  }

  const TempFolder folder;
  const std::string file = folder.write("out", "old");
  const Script first{head(), whole("\"e\"", kFirst + kSecond), drain()};
  const std::string range = "bytes 1048576-2097151/2097152";
};

TEST_F(HttpSegments, TwoRangesAreOneFile) {
  ScriptedPeer peer{first, {head(), part("\"e\"", range, kSecond)}};
  const auto result = get(peer, {"-w", "%{size_download} %{num_connects}"});
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_EQ(result.out, "2097152 2");
  EXPECT_TRUE(read_file(file) == kFirst + kSecond);
  EXPECT_NE(peer.received(1).find("Range: bytes=1048576-2097151\r\n"), std::string::npos);
  EXPECT_NE(peer.received(1).find("If-Range: \"e\"\r\n"), std::string::npos);
}

TEST_F(HttpSegments, ALieInContentRangeLeavesTheFileAsItWas) {
  for (const char* lie : {"bytes 1048575-2097150/2097152", "bytes 1048576-2097151/2097153",
                          "bytes 1048576-2097151/*", "bytes 0-1048575/2097152", "rubbish"}) {
    ScriptedPeer peer{first, {head(), part("\"e\"", lie, kSecond)}};
    EXPECT_EQ(get(peer).status, 56) << lie;
    EXPECT_EQ(read_file(file), "old");
  }
}

TEST_F(HttpSegments, ARangeThatIsShorterOrLongerThanItsContentRangeIsNoRange) {
  ScriptedPeer shorter{first, {head(), part("\"e\"", range, kSecond.substr(1), kMiB - 1)}};
  EXPECT_EQ(get(shorter).status, 56);
  EXPECT_EQ(read_file(file), "old");
  ScriptedPeer longer{first, {head(), part("\"e\"", range, kSecond + "more", kMiB + 4)}};
  EXPECT_EQ(get(longer).status, 56);
  EXPECT_EQ(read_file(file), "old");
}

TEST_F(HttpSegments, AnotherEntityTagIsFetchedAnew) {
  const std::string now(2 * kMiB, 'n');
  const Script again{head(), whole("\"n\"", now)};
  {  // a range of another
    ScriptedPeer peer{first, {head(), part("\"n\"", range, now.substr(kMiB))}, again};
    EXPECT_EQ(get(peer).status, 0);
    EXPECT_TRUE(read_file(file) == now);
    EXPECT_EQ(peer.received(2).find("Range:"), std::string::npos);
  }
  {  // the whole of another, as If-Range asks for
    ScriptedPeer peer{first, {head(), whole("\"n\"", now)}, again};
    EXPECT_EQ(get(peer).status, 0);
    EXPECT_TRUE(read_file(file) == now);
  }
}

TEST_F(HttpSegments, AServerThatGivesNoRangesAfterAllIsReadAsOneStream) {
  const std::string both = kFirst + kSecond;
  for (const Step& answer :
       {whole("\"e\"", both), part("W/\"e\"", range, kSecond),
        send("HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
        send("HTTP/1.1 416 Range Not Satisfiable\r\nConnection: close\r\nContent-Length: "
             "0\r\n\r\n")}) {
    ScriptedPeer peer{first, {head(), answer, close()}, {head(), whole("\"e\"", both)}};
    const auto result = get(peer);
    EXPECT_EQ(result.status, 0) << result.describe();
    EXPECT_TRUE(read_file(file) == both);
  }
}

TEST_F(HttpSegments, NoConnectionForARangeIsReadAsOneStream) {
  const std::string both = kFirst + kSecond;
  for (const Script& refusal : {Script{reset()}, Script{close_now()}, Script{head(), close_now()},
                                Script{head(), send("HTTP/1.1 206 Par"), close_now()}}) {
    ScriptedPeer peer{first, refusal, {head(), whole("\"e\"", both)}};
    const auto result = get(peer);
    EXPECT_EQ(result.status, 0) << result.describe();
    EXPECT_TRUE(read_file(file) == both);
    EXPECT_EQ(peer.received(2).find("Range:"), std::string::npos);
  }
}

TEST_F(HttpSegments, AServerMayTakeOneConnectionAtATime) {
  std::promise<void> closed;
  ScriptedPeer peer{
      first + Script{call([&] { closed.set_value(); })},
      {call([&] { closed.get_future().wait(); }), head(), part("\"e\"", range, kSecond)}};
  const auto result = get(peer);
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_TRUE(read_file(file) == kFirst + kSecond);
  EXPECT_NE(peer.received(1).find("Connection: close\r\n"), std::string::npos);
}

TEST_F(HttpSegments, AnErrorWaitsForNobodyThatStalls) {
  for (const Script& before :
       {Script{}, Script{head(), send("HTTP/1.1 206 Partial Content\r\n")}}) {
    std::promise<void> stalled;
    ScriptedPeer peer{
        {head(), whole("\"e\"", kFirst + kSecond + kFirst), drain()},
        {call([&] { stalled.get_future().wait(); }), head(), part("\"e\"", "rubbish", kSecond)},
        before + Script{call([&] { stalled.set_value(); }), stall()}};
    const auto result = get(peer, {"--segments", "3"});
    EXPECT_EQ(result.status, 56) << result.describe();
    EXPECT_EQ(read_file(file), "old");
  }
}

TEST_F(HttpSegments, AnErrorWaitsForNoFirstResponseThatStalls) {
  ScriptedPeer peer{{head(),
                     send("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nAccept-Ranges: bytes\r\n"
                          "Content-Length: 2097152\r\n\r\nx"),
                     stall()},
                    {head(), part("\"e\"", "rubbish", kSecond)}};
  const auto result = get(peer);
  EXPECT_EQ(result.status, 56) << result.describe();
  EXPECT_EQ(read_file(file), "old");
}

TEST_F(HttpSegments, AnEarlyEndIsAnErrorOrGoesOnWhereItStopped) {
  ScriptedPeer ends{first, {head(), part("\"e\"", range, kSecond.substr(0, 1000)), close_now()}};
  EXPECT_EQ(get(ends).status, 18);
  EXPECT_EQ(read_file(file), "old");
  ScriptedPeer peer{
      first,
      {head(), part("\"e\"", range, kSecond.substr(0, 1000)), close_now()},
      {head(), part("\"e\"", "bytes 1049576-2097151/2097152", kSecond.substr(1000), kMiB - 1000)}};
  const auto result = get(peer, {"--retry", "1", "--retry-delay", "0"});
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_TRUE(read_file(file) == kFirst + kSecond);
}

TEST_F(HttpSegments, NotWithoutAStrongValidatorALengthAndRanges) {
  const std::string size = "Content-Length: 2097152\r\n";
  for (const std::string& fields :
       {size + "Accept-Ranges: bytes\r\n", size + "ETag: \"e\"\r\n",
        size + "ETag: W/\"e\"\r\nAccept-Ranges: bytes\r\n",
        size + "ETag: \"e\"\r\nAccept-Ranges: none\r\n",
        std::string("Connection: close\r\nETag: \"e\"\r\nAccept-Ranges: bytes\r\n")}) {
    ScriptedPeer peer(
        {head(), send("HTTP/1.1 200 OK\r\n" + fields + "\r\n" + kFirst + kSecond), close()});
    EXPECT_EQ(get(peer).status, 0) << fields;
    EXPECT_EQ(peer.connections(), 1U) << fields;
    EXPECT_TRUE(read_file(file) == kFirst + kSecond);
  }
}

TEST_F(HttpSegments, LimitsAndDigestsAreOfTheWhole) {
  ScriptedPeer large{first};
  EXPECT_EQ(get(large, {"--max-filesize", "2097151"}).status, 63);
  EXPECT_EQ(large.connections(), 1U) << "told by its length";
  ScriptedPeer other{first, {head(), part("\"e\"", range, kSecond)}};
  EXPECT_EQ(get(other, {"--sha256", std::string(64, '0')}).status, 56);
  EXPECT_EQ(read_file(file), "old");
  ScriptedPeer stalls{first, {head(), part("\"e\"", range, "b"), stall()}};
  EXPECT_EQ(get(stalls, {"-m", "0.5"}).status, 28);
  EXPECT_EQ(read_file(file), "old");
  EXPECT_EQ(run({our_program("httpget"), "--segments", "0", "http://127.0.0.1/"}).status, 2);
  EXPECT_EQ(run({our_program("httpget"), "--segments", "17", "http://127.0.0.1/"}).status, 2);
}

}  // namespace
}  // namespace proto
