// Real servers for end-to-end tests: private child processes on free loopback ports, with their own
// configuration in a temporary folder. They work for root and for anybody else, and never touch the
// system's own instance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/process.h"

namespace proto::test {

// A certificate authority of our own, made by openssl(1) when first asked for, and a certificate
// for "localhost", 127.0.0.1 and ::1. PEM files; they live as long as the test program.
struct Certificates {
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::string client_certificate_file;  // CN=client
  std::string client_key_file;
};
const Certificates& test_certificates();

// One line of a server's access log: its words.
struct AccessLine {
  std::string connection;  // a number of the connection's own
  std::string method;
  std::string target;
  int status = 0;
};

class Nginx {
 public:
  // `locations` goes into each server block; `top` into the http block.
  explicit Nginx(const std::string& locations = "", const std::string& top = "");

  std::uint16_t port() const { return port_; }          // 127.0.0.1 and ::1
  std::uint16_t tls_port() const { return tls_port_; }  // with test_certificates(); HTTP/2 by ALPN
  std::string unix_socket() const { return folder_.file("nginx.sock"); }
  std::string h2c_socket() const { return folder_.file("h2c.sock"); }  // HTTP/2 only
  // The document root, to be filled at any time.
  std::string root() const { return folder_.file("www"); }
  void add_file(std::string_view name, std::string_view content) const;
  pid_t pid() const { return child_->pid(); }
  // SIGKILL; then another process in its place, on the same ports, when it is next told to start.
  void kill();
  void start();

  // The access log once it has at least `count` lines: a line is written after its response.
  std::vector<AccessLine> log(std::size_t count) const;
  // Over how many connections the first `count` requests came.
  std::size_t connections(std::size_t count) const;
  std::string error_log() const;

 private:
  std::vector<std::string> command() const;
  void remove_sockets() const;

  TempFolder folder_;
  std::uint16_t port_ = 0, tls_port_ = 0;
  std::unique_ptr<Child> child_;
};

class Apache {
 public:
  // `directives` goes to the end of the configuration.
  explicit Apache(const std::string& directives = "");

  std::uint16_t port() const { return port_; }
  std::uint16_t tls_port() const { return tls_port_; }
  std::string root() const { return folder_.file("www"); }
  void add_file(std::string_view name, std::string_view content) const;
  std::vector<AccessLine> log(std::size_t count) const;
  std::size_t connections(std::size_t count) const;

 private:
  TempFolder folder_;
  std::uint16_t port_ = 0, tls_port_ = 0;
  std::unique_ptr<Child> child_;
};

}  // namespace proto::test
