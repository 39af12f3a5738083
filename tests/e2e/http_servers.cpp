// HTTPConnection and httpget against real servers: nginx and Apache, plain, TLS, IPv4, IPv6, Unix
// socket.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/http.h"
#include "support/process.h"
#include "support/servers.h"

namespace proto {
namespace {

using namespace test;

std::string url(const std::string& scheme, const std::string& host, std::uint16_t port,
                const std::string& path) {
  return scheme + "://" + host + ":" + std::to_string(port) + path;
}

ProcessResult httpget(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), our_program("httpget"));
  ProcessOptions options;
  options.bound = std::chrono::seconds(240);
  return run(arguments, options);
}

// What each is told: /made/ has a length that is not known before it is sent, /small/ takes no more
// than 1 KiB, and /private/ is for those with a certificate of ours.
template <typename Server>
std::string settings();
template <>
std::string settings<Nginx>() {
  return "location /made/ { ssi on; ssi_types *; } location /small/ { client_max_body_size 1k; "
         "proxy_pass http://127.0.0.1:9; } ssl_client_certificate " +
         test_certificates().ca_file +
         "; ssl_verify_client optional; location /private/ { if ($ssl_client_verify != SUCCESS) { "
         "return 403; } }";
}
template <>
std::string settings<Apache>() {
  return "LoadModule include_module /usr/lib/apache2/modules/mod_include.so\n"
         "<Location /made>\nOptions +Includes\nSetOutputFilter INCLUDES\n</Location>\n"
         "<Location /small>\nLimitRequestBody 1024\n</Location>\n"
         "SSLCACertificateFile " +
         test_certificates().ca_file +
         "\nSSLVerifyClient optional\n<Location /private>\n"
         "Require expr %{SSL_CLIENT_VERIFY} == 'SUCCESS'\n</Location>";
}

// Both servers with the same content.
template <typename Server>
class HttpServers : public testing::Test {
 protected:
  HttpServers() {
    server.add_file("index.html", "<h1>Hello</h1>\n");
    server.add_file("data.bin", body);
  }
  std::vector<std::string> addresses() const { return {"127.0.0.1", "[::1]", "localhost"}; }

  const std::string body = std::string(300000, 'd') + "end";
  Server server{settings<Server>()};
};
using Kinds = testing::Types<Nginx, Apache>;
TYPED_TEST_SUITE(HttpServers, Kinds);

TYPED_TEST(HttpServers, PlainOnEveryFamily) {
  for (const std::string& host : this->addresses()) {
    const auto result = httpget({host + ":" + std::to_string(this->server.port()), "/index.html"});
    EXPECT_EQ(result.status, 0) << result.describe();
    EXPECT_EQ(result.out, "<h1>Hello</h1>\n");
    EXPECT_EQ(result.err, "");
  }
}

TYPED_TEST(HttpServers, TlsOnEveryFamilyIsVerified) {
  for (const std::string& host : this->addresses()) {
    const std::string where = url("https", host, this->server.tls_port(), "/data.bin");
    const auto result = httpget({"--cacert", test_certificates().ca_file, where});
    EXPECT_EQ(result.status, 0) << result.describe();
    EXPECT_TRUE(result.out == this->body);
    EXPECT_EQ(httpget({where}).status, 60) << "an authority that nobody trusts";
    EXPECT_EQ(httpget({"-k", where}).status, 0);
  }
}

TYPED_TEST(HttpServers, HeadNotFoundAndFail) {
  const std::string base = url("http", "127.0.0.1", this->server.port(), "");
  const auto head = httpget({"-I", base + "/data.bin"});
  EXPECT_EQ(head.status, 0);
  EXPECT_TRUE(head.out.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(head.out.find("Content-Length: 300003\r\n"), std::string::npos);
  const auto missing = httpget({base + "/none"});
  EXPECT_EQ(missing.status, 22);
  EXPECT_NE(missing.out.find("404"), std::string::npos) << "the body goes to stdout";
  EXPECT_EQ(httpget({"-f", base + "/none"}).out, "");
}

TYPED_TEST(HttpServers, AHundredUrlsShareAConnection) {
  std::vector<std::string> arguments;
  for (int i = 0; i < 100; ++i)
    arguments.push_back(url("http", "127.0.0.1", this->server.port(), "/index.html"));
  const auto result = httpget(arguments);
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_EQ(result.out.size(), 100 * std::string_view("<h1>Hello</h1>\n").size());
  EXPECT_EQ(this->server.connections(100), 1U);
}

TYPED_TEST(HttpServers, TheFileAppearsWholeOrNotAtAll) {
  const TempFolder folder;
  const std::string file = folder.write("out", "old");
  const std::string base = url("http", "127.0.0.1", this->server.port(), "");
  EXPECT_EQ(httpget({"-o", file, base + "/none"}).status, 22);
  EXPECT_EQ(read_file(file), "old");
  EXPECT_EQ(httpget({"--max-filesize", "1k", "-o", file, base + "/data.bin"}).status, 63);
  EXPECT_EQ(read_file(file), "old");
  EXPECT_EQ(httpget({"-o", file, base + "/data.bin"}).status, 0);
  EXPECT_TRUE(read_file(file) == this->body);
  EXPECT_EQ(httpget({"-O", "--output-dir", folder.path(), base + "/index.html"}).status, 0);
  EXPECT_EQ(read_file(folder.file("index.html")), "<h1>Hello</h1>\n");
}

TYPED_TEST(HttpServers, PostReachesTheServer) {
  const auto result = httpget({"-d", "a=b", "-d", "c=d", "-i",
                               url("http", "127.0.0.1", this->server.port(), "/index.html")});
  // A static file takes no POST; what matters is that request and reply match, and the connection
  // is in order.
  EXPECT_TRUE(result.status == 22 || result.status == 0) << result.describe();
  EXPECT_EQ(this->server.log(1).front().method, "POST");
}

TYPED_TEST(HttpServers, TheLibraryKeepsItsConnectionAndPipelines) {
  HTTPOptions options;
  options.pipeline = true;
  HTTPConnection connection("127.0.0.1", this->server.port(), options);
  for (int i = 0; i < 10; ++i) connection.request("GET", "/index.html");
  for (int i = 0; i < 10; ++i) {
    HTTPResponse response = connection.getresponse();
    EXPECT_EQ(response.status(), 200);
    EXPECT_EQ(response.read(), "<h1>Hello</h1>\n");
  }
  EXPECT_EQ(this->server.connections(10), 1U);
}

TYPED_TEST(HttpServers, ChunkedBodies) {
  std::string part;
  for (int i = 0; i < 2000; ++i)
    part += "line " + std::to_string(i) + " of a page that the server does not know the size of\n";
  this->server.add_file("made/part.html", part);
  this->server.add_file("made/page.html",
                        part + "<!--#include virtual=\"/made/part.html\" -->" + part);
  const auto chunked =
      httpget({"-i", url("http", "127.0.0.1", this->server.port(), "/made/page.html")});
  EXPECT_NE(chunked.out.find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_TRUE(chunked.out.ends_with("\r\n\r\n" + part + part + part));
}

// 413, and not a broken pipe, for an upload that the server does not want (hostile row 54), with
// and without TLS.
TYPED_TEST(HttpServers, AnEarlyRefusalOfAnUpload) {
  const TempFolder folder;
  const std::string large = folder.write("large", std::string(20 * 1024 * 1024, 'u'));
  for (const std::string& base : {url("http", "127.0.0.1", this->server.port(), ""),
                                  url("https", "127.0.0.1", this->server.tls_port(), "")}) {
    const auto refused = httpget({"-k", "-T", large, base + "/small/x"});
    EXPECT_EQ(refused.status, 22) << refused.describe();
    EXPECT_NE(refused.out.find("413"), std::string::npos);
  }
}

TYPED_TEST(HttpServers, ClientCertificates) {
  const Certificates& certificates = test_certificates();
  this->server.add_file("private/x", "welcome");
  const std::string where = url("https", "localhost", this->server.tls_port(), "/private/x");
  const auto unknown = httpget({"--cacert", certificates.ca_file, "-w", "%{http_code}", where});
  EXPECT_EQ(unknown.status, 22) << unknown.describe();
  EXPECT_TRUE(unknown.out.ends_with("403")) << unknown.out;
  const auto known =
      httpget({"--cacert", certificates.ca_file, "-E", certificates.client_certificate_file,
               "--key", certificates.client_key_file, where});
  EXPECT_EQ(known.out, "welcome") << known.describe();
}

// 1 GiB and 5 GiB that take no space on disk: lengths beyond 32 bits, to a file and to a pipe.
TYPED_TEST(HttpServers, LargeBodies) {
  ProcessOptions options;
  options.bound = std::chrono::seconds(240);
  for (const std::uint64_t gib : {std::uint64_t{1}, std::uint64_t{5}}) {
    const std::string name = "large" + std::to_string(gib);
    this->server.add_file(name, "begin");
    ASSERT_EQ(::truncate((this->server.root() + "/" + name).c_str(), static_cast<off_t>(gib << 30)),
              0);
    const std::string where = url("http", "127.0.0.1", this->server.port(), "/" + name);
    if (gib == 1) {
      const auto counted =
          run({"sh", "-c", "'" + our_program("httpget") + "' " + where + " | wc -c"}, options);
      EXPECT_EQ(counted.out, std::to_string(gib << 30) + "\n") << counted.describe();
    }
    ProcessOptions thrown_away = options;
    thrown_away.stdout_file = "/dev/null";
    const auto result = run({our_program("httpget"), where}, thrown_away);
    EXPECT_EQ(result.status, 0) << result.describe() << " (0 is: every byte of its length came)";
    EXPECT_LT(result.max_rss_kib, 32 * 1024);
  }
  const TempFolder folder;
  const auto saved =
      httpget({"-o", folder.file("out"), url("http", "127.0.0.1", this->server.port(), "/large1")});
  EXPECT_EQ(saved.status, 0) << saved.describe();
  struct stat status {};
  ASSERT_EQ(::stat(folder.file("out").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 1 << 30);
}

// Apache cannot listen on one.
TEST(HttpNginx, UnixSocket) {
  Nginx nginx;
  nginx.add_file("index.html", "by socket");
  const auto result =
      httpget({"--unix-socket", nginx.unix_socket(), "http://localhost/index.html"});
  EXPECT_EQ(result.out, "by socket") << result.describe();
}

TEST(HttpProtod, ServesWhatTheDemoShows) {
  const TempFolder folder;
  folder.write("www/index.html", "<h1>protod</h1>");
  folder.write("www/a b/ü.txt", "0123456789");
  Child protod({our_program("protod"), "--http-port", "0", "--root", folder.file("www")});
  const std::string line = protod.read_line();
  ASSERT_TRUE(line.starts_with("protod: http on 127.0.0.1:")) << line;
  const std::string where = line.substr(line.rfind(' ') + 1);
  EXPECT_EQ(httpget({where, "/"}).out, "<h1>protod</h1>");
  EXPECT_NE(httpget({"http://" + where + "/a%20b/"}).out.find("%C3%BC.txt"), std::string::npos);
  EXPECT_EQ(httpget({"-H", "Range: bytes=2-4", where + "/a%20b/%C3%BC.txt"}).out, "234");
  EXPECT_EQ(httpget({"-H", "Range: bytes=20-", where + "/a%20b/%C3%BC.txt"}).status, 22);
  EXPECT_EQ(httpget({where + "/%2e%2e/etc/passwd"}).status, 22);
  EXPECT_EQ(httpget({"-X", "DELETE", where + "/"}).status, 22);
  const auto stopped = protod.stop();
  EXPECT_EQ(stopped.status, 0) << stopped.describe();
}

}  // namespace
}  // namespace proto
