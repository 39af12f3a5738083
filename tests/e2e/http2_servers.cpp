// HTTP/2 with real servers: nginx and Apache, by ALPN and by prior knowledge.
#include <sys/stat.h>

#include <algorithm>

#include "support/process.h"
#include "support/proxies.h"
#include "support/servers.h"

#if PROTO_WITH_NGHTTP2
namespace proto {
namespace {

using namespace test;

constexpr const char* kNginx =
    "location /up/ { dav_methods PUT; create_full_put_path on; } "
    "location /small/ { client_max_body_size 1k; proxy_pass http://127.0.0.1:9; } "
    "location /once/ { keepalive_requests 1; } location /made/ { ssi on; ssi_types *; }";
constexpr const char* kApache =
    "LoadModule dav_module /usr/lib/apache2/modules/mod_dav.so\n"
    "LoadModule dav_fs_module /usr/lib/apache2/modules/mod_dav_fs.so\n"
    "DavLockDB {folder}/www/.locks\n<Location /up>\nDav On\n</Location>\n"
    "Protocols h2c http/1.1";

// A way to a server: what httpget is told, and the URL that paths are put to.
struct Way {
  std::string name;
  std::vector<std::string> options;
  std::string base;
};

class Http2Servers : public testing::Test {
 protected:
  Http2Servers() {
    apache.add_file("up/.keep", "");
    ::chmod((apache.root() + "/up").c_str(), 0777);
    ::chmod(apache.root().c_str(), 0777);
    nginx.add_file("up/.keep", "");
    ::chmod((nginx.root() + "/up").c_str(), 0777);
    add_file("page", "Hello by HTTP/2\n");
  }
  void add_file(const std::string& name, const std::string& content) const {
    nginx.add_file(name, content);
    apache.add_file(name, content);
  }
  std::vector<Way> ways() const {
    const std::string ca = test_certificates().ca_file;
    const auto at = [](const std::string& host, std::uint16_t port) {
      return host + ":" + std::to_string(port);
    };
    return {
        {"nginx, ALPN", {"--http2", "--cacert", ca}, at("https://localhost", nginx.tls_port())},
        {"nginx, prior knowledge",
         {"--http2-prior-knowledge", "--unix-socket", nginx.h2c_socket()},
         "http://localhost"},
        {"Apache, ALPN", {"--http2", "--cacert", ca}, at("https://localhost", apache.tls_port())},
        {"Apache, prior knowledge",
         {"--http2-prior-knowledge"},
         at("http://127.0.0.1", apache.port())}};
  }
  // A path is put to the way's base.
  static ProcessResult get(const Way& way, std::vector<std::string> line) {
    line.insert(line.begin(), way.options.begin(), way.options.end());
    line.insert(line.begin(), our_program("httpget"));
    for (std::string& word : line) {
      if (word.starts_with("PATH")) word = way.base + word.substr(4);
    }
    ProcessOptions options;
    options.bound = std::chrono::seconds(240);
    return run(line, options);
  }

  const Nginx nginx{kNginx};
  const Apache apache{kApache};
  const TempFolder folder;
};

TEST_F(Http2Servers, APageItsHeadAndItsVersion) {
  for (const Way& way : ways()) {
    const auto page = get(way, {"-i", "-w", "%{http_version} %{http_code}", "PATH/page"});
    EXPECT_EQ(page.status, 0) << way.name << page.describe();
    EXPECT_TRUE(page.out.starts_with("HTTP/2 200 \r\n")) << page.out;
    EXPECT_TRUE(page.out.ends_with("\r\n\r\nHello by HTTP/2\n2 200")) << page.out;
    const auto head = get(way, {"-I", "PATH/page"});
    EXPECT_EQ(head.status, 0) << way.name << head.describe();
    EXPECT_NE(head.out.find("\r\ncontent-length: 16\r\n"), std::string::npos) << head.out;
    const auto missing = get(way, {"-f", "PATH/none"});
    EXPECT_EQ(missing.status, 22) << way.name << missing.describe();
    const auto range = get(way, {"-r", "6-7", "PATH/page"});
    EXPECT_EQ(range.out, "by") << way.name << range.describe();
  }
}

TEST_F(Http2Servers, ManyFilesOverOneConnection) {
  for (const Way& way : ways()) {
    std::vector<std::string> line{"-w", "%{num_connects} "};
    for (int i = 0; i < 20; ++i) line.push_back("PATH/page");
    const auto result = get(way, line);
    EXPECT_EQ(result.status, 0) << way.name << result.describe();
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '1'), 1) << result.out;
    line.insert(line.begin(), {"-Z", "--parallel-max", "4"});
    EXPECT_EQ(get(way, line).status, 0) << way.name;
  }
}

TEST_F(Http2Servers, HundredMebibytesBothWays) {
  constexpr std::size_t kSize = std::size_t{100} * 1024 * 1024;
  std::string content;
  content.reserve(kSize + 64);
  for (std::size_t i = 0; content.size() < kSize; ++i) content += std::to_string(i * i) + "\n";
  add_file("large", content);
  const std::string source = nginx.root() + "/large";
  const std::string digest = run({"sha256sum", source}).out.substr(0, 64);
  for (const Way& way : ways()) {
    const auto down = get(way, {"--sha256", digest, "-o", folder.file("out"), "PATH/large"});
    EXPECT_EQ(down.status, 0) << way.name << down.describe();
    const auto up = get(way, {"-f", "-T", source, "-w", "%{size_upload}", "PATH/up/large"});
    EXPECT_EQ(up.status, 0) << way.name << up.describe();
    const bool by_nginx = way.name.starts_with("nginx");
    const std::string arrived = (by_nginx ? nginx.root() : apache.root()) + "/up/large";
    EXPECT_EQ(run({"sha256sum", arrived}).out.substr(0, 64), digest) << way.name;
    EXPECT_EQ(run({"rm", arrived}).status, 0);
  }
}

TEST_F(Http2Servers, ABodyWithoutALength) {
  for (const Way& way : ways()) {
    ProcessOptions options;
    options.input = std::string(300'000, 'u') + "end";
    std::vector<std::string> line{our_program("httpget")};
    line.insert(line.end(), way.options.begin(), way.options.end());
    for (const std::string word : {"-f", "-T", "-"}) line.push_back(word);
    line.push_back(way.base + "/up/piped");
    const auto up = run(line, options);
    EXPECT_EQ(up.status, 0) << way.name << up.describe();
    const bool by_nginx = way.name.starts_with("nginx");
    EXPECT_EQ(read_file((by_nginx ? nginx.root() : apache.root()) + "/up/piped"), options.input);
  }
}

TEST_F(Http2Servers, AnEarlyRefusalOfAnUploadIsShown) {
  const std::string file = folder.write("file", std::string(5'000'000, 'x'));
  for (const Way& way : ways()) {
    if (!way.name.starts_with("nginx")) continue;
    const auto refused = get(
        way, {"-T", file, "-w", "%{http_code}", "PATH/small/file", "-o", folder.file("answer")});
    EXPECT_EQ(refused.status, 22) << way.name << refused.describe();
    EXPECT_TRUE(refused.out.ends_with("413")) << refused.out;
  }
}

TEST_F(Http2Servers, AServerThatSaysGoawayAfterEachResponse) {
  add_file("once/page", "one at a time\n");
  for (const Way& way : ways()) {
    if (!way.name.starts_with("nginx")) continue;
    const auto result = get(way, {"PATH/once/page", "PATH/once/page", "PATH/once/page"});
    EXPECT_EQ(result.status, 0) << way.name << result.describe();
    EXPECT_EQ(result.out, "one at a time\none at a time\none at a time\n");
  }
}

TEST_F(Http2Servers, ThroughATunnelOfSquid) {
  const Squid squid;
  const auto result =
      run({our_program("httpget"), "--http2", "--cacert", test_certificates().ca_file, "--noproxy",
           "", "-x", squid.address(), "-w", "%{http_version}",
           "https://localhost:" + std::to_string(nginx.tls_port()) + "/page"});
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_EQ(result.out, "Hello by HTTP/2\n2");
  // A proxy itself is spoken to in HTTP/1.1.
  const auto plain = run({our_program("httpget"), "--http2-prior-knowledge", "--noproxy", "", "-x",
                          squid.address(), "-w", "%{http_version}",
                          "http://127.0.0.1:" + std::to_string(nginx.port()) + "/page"});
  EXPECT_EQ(plain.status, 0) << plain.describe();
  EXPECT_EQ(plain.out, "Hello by HTTP/2\n1.1");
}

TEST_F(Http2Servers, PriorKnowledgeThatIsWrongIsNoHTTP) {
  const auto result = run({our_program("httpget"), "--http2-prior-knowledge",
                           "http://127.0.0.1:" + std::to_string(nginx.port()) + "/page"});
  EXPECT_EQ(result.status, 8) << result.describe();
  EXPECT_TRUE(result.err.ends_with(": want SETTINGS first, got \"HTTP/1.1 \"\n")) << result.err;
}

}  // namespace
}  // namespace proto
#endif
