// What httpget leaves in files: whole and right, or as it was.
#include <fstream>

#include "base/base64.h"
#include "base/crypto.h"
#include "support/process.h"
#include "support/scripted_peer.h"

namespace proto {
namespace {

using namespace test;

Step head() {
  return expect_until("\r\n\r\n");
}
Step reply(const std::string& fields, const std::string& body,
           const std::string& status = "200 OK") {
  return send("HTTP/1.1 " + status + "\r\n" + fields +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}
// The first half of what `body` would be, and no more.
Step half(const std::string& fields, const std::string& body) {
  return send("HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body.substr(0, body.size() / 2));
}
std::string sha256(const std::string& text) {
  Digest digest(DigestAlgorithm::sha256);
  digest.update(text);
  return digest.finish();
}

class HttpgetFiles : public testing::Test {
 protected:
  ProcessResult get(std::vector<std::string> words, const ScriptedPeer& peer) const {
    words.insert(words.begin(), our_program("httpget"));
    words.insert(words.end(), {"-o", file(), peer.address(), "/x"});
    return run(words);
  }
  std::string file() const { return folder_.file("out"); }
  void fill(const std::string& text) const { std::ofstream(file()) << text; }
  std::string content() const { return read_file(file()); }

  const TempFolder folder_;
};

TEST_F(HttpgetFiles, ADigestIsOfTheWholeFileThoughItsRestOnlyCame) {
  const std::string field = "Repr-Digest: sha-256=:" + base64_encode(sha256("0123456")) + ":\r\n";
  const std::string range = "Content-Range: bytes 4-6/7\r\n";
  const std::string hex = hex_encode(sha256("0123456"));
  for (const bool right : {true, false}) {
    const std::string begun = right ? "0123" : "XXXX";
    for (const bool by_field : {true, false}) {
      fill(begun);
      ScriptedPeer peer({head(), reply(range + (by_field ? field : ""), "456", "206 Rest")});
      std::vector<std::string> words = {"-C", "-"};
      if (!by_field) words.insert(words.end(), {"--sha256", hex});
      const auto result = get(words, peer);
      EXPECT_EQ(result.status, right ? 0 : 56) << result.describe();
      EXPECT_EQ(content(), right ? "0123456" : "XXXX");
    }
    // All of it is there.
    fill(right ? "0123456" : "XXXXXXX");
    ScriptedPeer peer({head(), reply("Content-Range: bytes */7\r\n", "", "416 No")});
    EXPECT_EQ(get({"-C", "-", "--sha256", hex}, peer).status, right ? 0 : 56);
  }
}

TEST_F(HttpgetFiles, ADigestIsReadFromAllLinesOfItsField) {
  ScriptedPeer peer({head(), reply("Content-Digest: md5=:AAAA:\r\nContent-Digest: sha-256=:" +
                                       base64_encode(sha256("other")) + ":\r\n",
                                   "hello")});
  fill("old");
  const auto result = get({}, peer);
  EXPECT_EQ(result.status, 56) << result.describe();
  EXPECT_NE(result.err.find("wrong digest: http://" + peer.address() + "/x: got "),
            std::string::npos)
      << result.err;
  EXPECT_EQ(content(), "old");
}

TEST_F(HttpgetFiles, AnOffsetBeforeTheEndLeavesNothingOfTheOldTail) {
  fill("0123456789 and more");
  ScriptedPeer peer({head(), reply("Content-Range: bytes 4-9/10\r\n", "abcdef", "206 Rest")});
  EXPECT_EQ(get({"-C", "4"}, peer).status, 0);
  EXPECT_EQ(content(), "0123abcdef");
}

TEST_F(HttpgetFiles, HeadsInAFileAreNoPartOfABody) {
  const std::string body = "0123456789";
  ScriptedPeer first({head(), reply("", body)});
  EXPECT_EQ(get({"-i"}, first).status, 0);
  EXPECT_TRUE(content().starts_with("HTTP/1.1 200 OK")) << content();
  // The resource has grown beyond the file's size.
  const std::string grown = body + std::string(500, 'x');
  ScriptedPeer second({expect_until("\r\n\r\n"), reply("", grown)});
  EXPECT_EQ(get({"-C", "-"}, second).status, 0);
  EXPECT_EQ(content(), grown);
  EXPECT_EQ(second.received().find("Range:"), std::string::npos) << second.received();
}

TEST_F(HttpgetFiles, ABodyThatCannotBeGoneOnWithIsFetchedAnew) {
  const std::vector<std::string> retry = {"--retry", "2", "--retry-delay", "0"};
  ScriptedPeer peer{{head(), half("", "0123456789"), close()},
                    {head(), half("ETag: W/\"w\"\r\n", "0123456789"), close()},
                    {head(), reply("", "0123456789")}};
  const auto result = get(retry, peer);
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_EQ(content(), "0123456789");
  // Not more often than was said, and never on stdout, where the first half is already.
  ScriptedPeer short_ones = ScriptedPeer::forever({head(), half("", "0123456789"), close()});
  EXPECT_EQ(get(retry, short_ones).status, 18);
  EXPECT_EQ(short_ones.connections(), 3U);
  EXPECT_EQ(content(), "0123456789");
  const auto shown = run(
      {our_program("httpget"), "--retry", "2", "--retry-delay", "0", short_ones.address(), "/x"});
  EXPECT_EQ(shown.status, 18);
  EXPECT_EQ(shown.out, "01234");
}

TEST_F(HttpgetFiles, AnUploadCountsWhatWasSent) {
  const std::string body(std::size_t{32} << 20, 'x');
  std::ofstream(folder_.file("body")) << body;
  // Refused when the head is there: most of the body never goes.
  ScriptedPeer peer({head(), reply("Connection: close\r\n", "no", "413 Large"), drain()});
  const auto result = run({our_program("httpget"), "-w", "%{size_upload}", "-o", file(),
                           "--data-binary", "@" + folder_.file("body"), peer.address(), "/x"});
  EXPECT_EQ(result.status, 22) << result.describe();
  EXPECT_LT(std::stoull(result.out.substr(2)), body.size()) << result.out;
}

TEST_F(HttpgetFiles, ACookieJarGoesToStdoutToo) {
  ScriptedPeer peer({head(), reply("Set-Cookie: a=b\r\n", "")});
  const auto result = get({"-c", "-"}, peer);
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_NE(result.out.find("\tFALSE\t0\ta\tb\n"), std::string::npos) << result.out;
}

TEST_F(HttpgetFiles, ADryRunHasItsChunks) {
  const auto result =
      run({"sh", "-c", "echo abc | '" + our_program("httpget") + "' --dry-run -T - http://h/x"});
  EXPECT_TRUE(result.out.ends_with("\r\n\r\n4\r\nabc\n\r\n0\r\n\r\n")) << result.out;
}

}  // namespace
}  // namespace proto
