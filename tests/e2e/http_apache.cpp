// httpget and what Apache's modules do: Digest, uploads by DAV, gzip and brotli; nginx's gzip.
#include <sys/stat.h>

#include "support/process.h"
#include "support/servers.h"

namespace proto {
namespace {

using namespace test;

std::string modules(std::initializer_list<const char*> names) {
  std::string lines;
  for (const std::string name : names) {
    lines += "LoadModule " + name + "_module /usr/lib/apache2/modules/mod_" + name + ".so\n";
  }
  return lines;
}

ProcessResult with_input(const std::vector<std::string>& line, const std::string& input) {
  ProcessOptions options;
  options.input = input;
  return run(line, options);
}

ProcessResult httpget(std::vector<std::string> line, const std::string& input = "") {
  line.insert(line.begin(), our_program("httpget"));
  return with_input(line, input);
}

std::string url(std::uint16_t port, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(port) + path;
}

// mod_auth_digest knows MD5 alone; SHA-256 and the others have RFC 7616's own vectors, in the unit
// tests.
TEST(HttpApache, DigestLogin) {
  const TempFolder folder;
  const std::string hash =
      with_input({"openssl", "dgst", "-md5", "-r"}, "ann:a realm:secret").out.substr(0, 32);
  folder.write("users", "ann:a realm:" + hash + "\n");
  ::chmod(folder.path().c_str(), 0755);
  const Apache apache(
      "<Location /private>\nAuthType Digest\nAuthName \"a realm\"\n"
      "AuthDigestProvider file\nAuthUserFile " +
      folder.file("users") + "\nRequire valid-user\n</Location>");
  apache.add_file("private/page", "welcome");
  const std::string page = url(apache.port(), "/private/page?q=a%20b");
  for (const char* how : {"--digest", "--anyauth"}) {
    const auto known = httpget({how, "-u", "ann:secret", page, page, "-v"});
    EXPECT_EQ(known.status, 0) << known.describe();
    EXPECT_EQ(known.out, "welcomewelcome");
    EXPECT_EQ(known.err.find("secret"), std::string::npos);
    const auto wrong = httpget({how, "-u", "ann:wrong", page});
    EXPECT_EQ(wrong.status, 22) << wrong.describe();
    EXPECT_NE(wrong.err.find("401"), std::string::npos);
  }
  EXPECT_EQ(httpget({"--basic", "-u", "ann:secret", page}).status, 22);
  // Each is asked once: the second page of a run goes with the nonce of the first.
  std::size_t asked = 0;
  for (const AccessLine& line : apache.log(11)) asked += line.status == 401;
  EXPECT_EQ(asked, 2U + 4U + 1U);
}

TEST(HttpApache, DavUploads) {
  const Apache apache(modules({"dav", "dav_fs"}) +
                      "DavLockDB {folder}/www/.locks\n<Location />\nDav On\n</Location>");
  ::chmod(apache.root().c_str(), 0777);
  const TempFolder folder;
  const std::string content = std::string(3'000'000, 'u') + "end";
  const std::string file = folder.write("a file.bin", content);
  const std::string base = url(apache.port(), "/");
  EXPECT_EQ(httpget({"-T", file, base + "named"}).status, 0);
  EXPECT_TRUE(read_file(apache.root() + "/named") == content);
  EXPECT_EQ(httpget({"-T", file, base}).status, 0);
  EXPECT_TRUE(read_file(apache.root() + "/a file.bin") == content);
  const auto chunked = httpget(
      {"-T", "-", "-w", "%{http_code} %{size_upload}", "-f", base + "chunked", "-o", "/dev/null"},
      content);
  EXPECT_EQ(chunked.status, 0) << chunked.describe();
  EXPECT_EQ(chunked.out, "201 3000003");
  EXPECT_TRUE(read_file(apache.root() + "/chunked") == content);
  EXPECT_EQ(httpget({"-X", "MKCOL", base + "new"}).status, 0);
  EXPECT_EQ(httpget({"-X", "DELETE", base + "named"}).status, 0);
  EXPECT_EQ(httpget({base + "named"}).status, 22);
  EXPECT_EQ(httpget({"-T", file, base + "no/such/folder"}).status, 22);
  EXPECT_EQ(httpget({"-T", folder.file("none"), base + "x"}).status, 26);
}

std::string page() {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "<p>line " + std::to_string(i) + "</p>\n";
  return text;
}

void expect_coding(std::uint16_t port, const std::string& coding) {
  const std::string where = url(port, "/page.html");
  const auto head = httpget({"--compressed", "-I", where});
  EXPECT_NE(head.out.find("Content-Encoding: " + coding), std::string::npos) << head.out;
  const TempFolder folder;
  const auto decoded =
      httpget({"--compressed", "-o", folder.file("out"), "-w", "%{size_download}", where});
  EXPECT_EQ(decoded.status, 0) << decoded.describe();
  EXPECT_TRUE(read_file(folder.file("out")) == page());
  EXPECT_TRUE(httpget({where}).out == page()) << "not asked for";
  EXPECT_EQ(httpget({"--compressed", "--max-filesize", "10k", where}).status, 63);
}

TEST(HttpApache, Deflate) {
  const Apache apache("SetOutputFilter DEFLATE");
  apache.add_file("page.html", page());
  expect_coding(apache.port(), "gzip");
}

TEST(HttpApache, Brotli) {
  const Apache apache(modules({"brotli"}) + "SetOutputFilter BROTLI_COMPRESS");
  apache.add_file("page.html", page());
  expect_coding(apache.port(), "br");
}

TEST(HttpNginx, Gzip) {
  const Nginx nginx("gzip on; gzip_min_length 1; gzip_types *;");
  nginx.add_file("page.html", page());
  expect_coding(nginx.port(), "gzip");
}

}  // namespace
}  // namespace proto
