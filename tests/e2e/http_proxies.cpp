// httpget through real proxies: squid, plain and by CONNECT, with logins; a SOCKS5 server.
#include <algorithm>

#include "support/process.h"
#include "support/proxies.h"
#include "support/servers.h"

namespace proto {
namespace {

using namespace test;

class HttpProxies : public testing::Test {
 protected:
  HttpProxies() { nginx.add_file("page", "behind the proxy"); }

  ProcessResult get(const std::string& proxy, const std::string& url,
                    std::vector<std::string> more = {}) const {
    std::vector<std::string> line{our_program("httpget"),
                                  "--cacert",
                                  test_certificates().ca_file,
                                  "--noproxy",
                                  "",
                                  "-x",
                                  proxy};
    line.insert(line.end(), more.begin(), more.end());
    line.push_back(url);
    return run(line);
  }
  std::string plain(const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(nginx.port()) + "/page";
  }
  std::string tls() const {
    return "https://localhost:" + std::to_string(nginx.tls_port()) + "/page";
  }
  void expect_page(const ProcessResult& result) const {
    EXPECT_EQ(result.status, 0) << result.describe();
    EXPECT_EQ(result.out, "behind the proxy");
    EXPECT_EQ(result.err, "");
  }

  Nginx nginx;
};

TEST_F(HttpProxies, SquidPlainAndByConnect) {
  const Squid squid;
  expect_page(get(squid.address(), plain()));
  squid.log_with(" GET " + plain());
  expect_page(get("http://" + squid.address(), tls()));
  squid.log_with(" CONNECT localhost:" + std::to_string(nginx.tls_port()));
}

TEST_F(HttpProxies, SquidsRefusalIsShown) {
  const Squid squid;
  const auto refused = get(squid.address(), "http://blocked.test/x");
  EXPECT_EQ(refused.status, 22) << refused.describe();
  EXPECT_NE(refused.out.find("Access Denied"), std::string::npos) << refused.out;
  const auto tunnel = get(squid.address(), "https://blocked.test/x");
  EXPECT_EQ(tunnel.status, 97) << tunnel.describe();
  EXPECT_NE(tunnel.err.find("403"), std::string::npos) << tunnel.err;
  EXPECT_NE(tunnel.out.find("Access Denied"), std::string::npos) << tunnel.out;
  EXPECT_EQ(get(squid.address(), "https://blocked.test/x", {"-f"}).out, "");
  EXPECT_EQ(std::count(tunnel.err.begin(), tunnel.err.end(), '\n'), 1) << tunnel.err;
}

TEST_F(HttpProxies, SquidWithALogin) {
  for (const auto login : {Squid::Login::basic, Squid::Login::digest}) {
    const Squid squid(login);
    const std::string known = "ann:secret@" + squid.address();
    expect_page(get(known, plain()));
    expect_page(get(known, tls()));
    squid.log_with("/200 ");
    for (const std::string& proxy : {squid.address(), "ann:wrong@" + squid.address()}) {
      const auto refused = get(proxy, plain());
      EXPECT_EQ(refused.status, 22) << refused.describe();
      EXPECT_NE(refused.err.find("407"), std::string::npos) << refused.err;
      EXPECT_EQ(get(proxy, tls()).status, 97);
    }
    const auto logged = get(known, tls(), {"-v", "-v"});
    EXPECT_EQ(logged.err.find("secret"), std::string::npos);
    EXPECT_EQ(logged.err.find("YW5uOnNlY3JldA"), std::string::npos) << "nor in Base64";
  }
}

TEST_F(HttpProxies, SocksWithAndWithoutALogin) {
  const Microsocks open;
  for (const char* scheme : {"socks5://", "socks5h://"}) {
    expect_page(get(scheme + open.address(), plain()));
    expect_page(get(scheme + open.address(), plain("localhost"), {"-4"}));
    expect_page(get(scheme + open.address(), tls(), {"-4"}));
  }
  EXPECT_EQ(get("socks5h://" + open.address(), "http://no-such-host.invalid/").status, 97);
  const Microsocks closed(true);
  expect_page(get("socks5h://ann:secret@" + closed.address(), plain()));
  expect_page(get("socks5h://ann:secret@" + closed.address(), tls()));
  EXPECT_EQ(get("socks5h://" + closed.address(), plain()).status, 97);
  const auto wrong = get("socks5h://ann:wrongpw@" + closed.address(), plain());
  EXPECT_EQ(wrong.status, 97);
  EXPECT_EQ(wrong.err.find("wrongpw"), std::string::npos);
}

}  // namespace
}  // namespace proto
