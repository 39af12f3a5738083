// Real proxies for end-to-end tests, as private child processes on free loopback ports.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "support/process.h"

namespace proto::test {

// Squid, without a cache. It refuses what goes to blocked.test.
class Squid {
 public:
  enum class Login { none, basic, digest };  // ann, secret
  explicit Squid(Login login = Login::none);

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // The access log once it has a line with `text`; throws where it never comes.
  std::string log_with(const std::string& text) const;

 private:
  TempFolder folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Child> child_;
};

// A SOCKS5 server; with a login it takes ann, secret only.
class Microsocks {
 public:
  explicit Microsocks(bool login = false);
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  std::uint16_t port_ = 0;
  std::unique_ptr<Child> child_;
};

}  // namespace proto::test
