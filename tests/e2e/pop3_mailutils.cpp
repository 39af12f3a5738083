// The client and popsubjects with GNU Mailutils' pop3d: USER and PASS only, an mbox, no TLS.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <system_error>

#include "proto/pop3.h"
#include "support/process.h"

namespace proto {
namespace {

using namespace test;

class Mailutils {
 public:
  Mailutils() {
    const unsigned id = ::geteuid() == 0 ? 65534 : ::geteuid();
    const auto openssl = run({find_program("openssl", "openssl"), "passwd", "-6", "secret"});
    const std::string hash = openssl.out.substr(0, openssl.out.find('\n'));
    const std::string home = folder_.file("home");
    folder_.write("domains/example.org", "ann:" + hash + ":" + std::to_string(id) + ":" +
                                             std::to_string(id) + "::" + home + ":/bin/sh\n");
    const std::string inbox =
        folder_.write("home/INBOX",
                      "From joe@example.org Tue Jan  2 15:04:05 2024\nFrom: joe@example.org\n"
                      "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nbody\n\n"
                      "From joe@example.org Tue Jan  2 15:04:06 2024\nFrom: joe@example.org\n"
                      "Subject: two\n\n.one dot\n\n");
    ::chmod(folder_.path().c_str(), 0755);
    for (const std::string& path : {home, inbox}) {
      if (::chown(path.c_str(), id, id) != 0)
        throw std::system_error(errno, std::generic_category(), "chown");
    }
    port = free_port();
    const std::string conf = folder_.write(
        "conf",
        "mode daemon;\nforeground yes;\nauth {\n authentication generic;\n authorization "
        "virtdomain;\n};\nvirtdomain {\n passwd-dir \"" +
            folder_.file("domains") + "\";\n};\nlogging {\n syslog no;\n};\nserver 127.0.0.1:" +
            std::to_string(port) + " {\n transcript no;\n};\n");
    child_ = std::make_unique<Child>(std::vector<std::string>{
        find_program("pop3d", "mailutils-pop3d"), "--foreground", "--config-file=" + conf});
    wait_for_port(port, child_.get());
  }
  std::uint16_t port = 0;
  std::string password_file() const { return folder_.write("password", "secret\n"); }

 private:
  TempFolder folder_;
  std::unique_ptr<Child> child_;
};

TEST(Mailutils, LoginListRetrieveDelete) {
  const Mailutils server;
  {
    POP3 pop("127.0.0.1", server.port);
    Credentials credentials;
    credentials.user = "ann@example.org";
    credentials.password = Secret("wrong");
    EXPECT_THROW(pop.login(credentials), POP3AuthenticationError);
  }
  {
    POP3 pop("127.0.0.1", server.port);
    pop.user("ann@example.org");
    pop.pass("secret");
    EXPECT_EQ(pop.stat().count, 2U);
    EXPECT_EQ(pop.list().size(), 2U);
    const auto uids = pop.uidl();
    ASSERT_EQ(uids.size(), 2U);
    EXPECT_NE(uids[0].uid, uids[1].uid);
    EXPECT_EQ(pop.retr(2).lines.back(), ".one dot");
    EXPECT_THROW(pop.retr(3), POP3MessageError);
    pop.dele(2);
    pop.quit();
  }
  POP3 pop("127.0.0.1", server.port);
  pop.user("ann@example.org");
  pop.pass("secret");
  EXPECT_EQ(pop.stat().count, 1U);
  pop.quit();
}

TEST(Mailutils, Popsubjects) {
  const Mailutils server;
  const auto result = run({our_program("popsubjects"), "--host", "127.0.0.1", "--port",
                           std::to_string(server.port), "--tls", "none", "--user",
                           "ann@example.org", "--password-file", server.password_file()});
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_TRUE(result.out.starts_with("Number of messages 2\n")) << result.out;
  EXPECT_TRUE(result.out.ends_with("\n\nSubject: Grüße\nSubject: two\n")) << result.out;
}

}  // namespace
}  // namespace proto
