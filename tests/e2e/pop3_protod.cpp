// popsubjects with our own protod: what the demo shows.
#include <gtest/gtest.h>

#include "support/process.h"
#include "support/servers.h"

namespace proto {
namespace {

using namespace test;

class Protod {
 public:
  explicit Protod(const std::vector<std::string>& more = {}) {
    folder_.write("users", "# who\nann:secret\n");
    folder_.write("mail/new/2", "Subject: two\n\n..\n");
    folder_.write("mail/cur/1:2,S", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nbody\r\n");
    std::vector<std::string> argv = {our_program("protod"), "--pop3-port", "0",    "--maildir",
                                     folder_.file("mail"),  "--users",     users()};
    argv.insert(argv.end(), more.begin(), more.end());
    child_ = std::make_unique<Child>(argv);
    const std::string line = child_->read_line();
    port_ = line.substr(line.rfind(':') + 1);
  }
  ProcessResult popsubjects(const std::vector<std::string>& more,
                            const std::string& password = "secret") const {
    std::vector<std::string> argv = {our_program("popsubjects"),
                                     "--host",
                                     "localhost",
                                     "--port",
                                     port_,
                                     "--user",
                                     "ann",
                                     "--password-command",
                                     "echo " + password};
    argv.insert(argv.end(), more.begin(), more.end());
    return run(argv);
  }

 private:
  std::string users() const { return folder_.file("users"); }
  TempFolder folder_;
  std::unique_ptr<Child> child_;
  std::string port_;
};

TEST(Protod, GivesMailOutByPop3) {
  const Protod protod;
  for (const char* auth : {"auto", "user", "apop", "plain", "login", "cram-md5", "scram-sha-256"}) {
    const auto result = protod.popsubjects({"--tls", "none", "--auth", auth});
    EXPECT_EQ(result.status, 0) << auth << ": " << result.describe();
    EXPECT_TRUE(result.out.ends_with("\n\nSubject: Grüße\nSubject: two\n")) << result.out;
  }
  EXPECT_EQ(protod.popsubjects({"--tls", "none"}, "wrong").status, 77);
  EXPECT_EQ(protod.popsubjects({"--tls", "starttls"}).status, 69) << "no certificate: no STLS";
  const auto uids = protod.popsubjects({"--tls", "none", "--format", "{number} {uid} {size}"});
  EXPECT_TRUE(uids.out.ends_with("\n\n1 1 46\n2 2 20\n")) << uids.out;
}

TEST(Protod, GivesMailOutUnderTls) {
  const Certificates& files = test_certificates();
  const Protod protod({"--tls-cert", files.certificate_file, "--tls-key", files.key_file});
  const auto result =
      protod.popsubjects({"--tls", "starttls", "--cacert", files.ca_file, "--count"});
  EXPECT_EQ(result.out, "2\n") << result.describe();
  // Bound to the connection; and by itself, as the strongest that there is.
  for (const char* auth : {"scram-sha-256-plus", "auto"}) {
    const std::vector<std::string> more = {"--tls",  "starttls", "--cacert", files.ca_file,
                                           "--auth", auth,       "--count",  "-v"};
    const auto bound = protod.popsubjects(more);
    EXPECT_EQ(bound.out, "2\n") << bound.describe();
    EXPECT_NE(bound.err.find("AUTH SCRAM-SHA-256-PLUS"), std::string::npos) << bound.err;
    EXPECT_EQ(protod.popsubjects(more, "wrong").status, 77);
  }
}

}  // namespace
}  // namespace proto
