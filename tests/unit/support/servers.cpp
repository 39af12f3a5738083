#include "support/servers.h"

#include <gtest/gtest.h>

#include <string>

namespace proto::test {
namespace {

std::string talk(const std::vector<std::string>& argv, const std::string& input) {
  ProcessOptions options;
  options.input = input;
  return run(argv, options).out;
}

std::string over_tls(std::uint16_t port) {
  return talk(
      {"openssl", "s_client", "-quiet", "-verify_return_error", "-verify_hostname", "localhost",
       "-CAfile", test_certificates().ca_file, "-connect", "127.0.0.1:" + std::to_string(port)},
      "GET /hello.txt HTTP/1.0\r\n\r\n");
}

TEST(Servers, NginxServesAFolder) {
  const Nginx nginx;
  nginx.add_file("hello.txt", "Hello\n");
  const std::string reply = over_tls(nginx.tls_port());
  EXPECT_NE(reply.find("\r\n\r\nHello\n"), std::string::npos) << reply << nginx.error_log();
  const AccessLine line = nginx.log(1).at(0);
  EXPECT_EQ(line.method + " " + line.target, "GET /hello.txt");
  EXPECT_EQ(line.status, 200);
  EXPECT_EQ(nginx.connections(1), 1U);
}

TEST(Servers, ApacheServesAFolder) {
  const Apache apache;
  apache.add_file("hello.txt", "Hello\n");
  const std::string reply = over_tls(apache.tls_port());
  EXPECT_NE(reply.find("\r\n\r\nHello\n"), std::string::npos) << reply;
  const AccessLine line = apache.log(1).at(0);
  EXPECT_EQ(line.method + " " + line.target, "GET /hello.txt");
  EXPECT_EQ(apache.connections(1), 1U);
}

}  // namespace
}  // namespace proto::test
