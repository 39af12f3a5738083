// Dovecot as a private child process: POP3 on two free ports, Maildirs in a temporary folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "support/process.h"

namespace proto::test {

// Every mechanism that it has is on. Users are "ann", "empty", "many" and "client", each with the
// password "secret"; "client" is also who logs in by test_certificates()'s client certificate.
class Dovecot {
 public:
  Dovecot();

  std::uint16_t port() const { return port_; }          // STLS is offered
  std::uint16_t tls_port() const { return tls_port_; }  // with test_certificates()
  // Puts a message in the user's Maildir, behind those that are there.
  void deliver(std::string_view user, std::string_view message);
  // A file with the password, one with a wrong one, and one with an OAuth token for ann.
  std::string password_file() const { return folder_.file("password"); }
  std::string wrong_password_file() const { return folder_.file("wrong"); }
  std::string token_file() const { return folder_.file("token"); }
  // Where other servers ask who may log in.
  std::string auth_socket() const { return folder_.file("auth"); }
  std::string log() const { return read_file(folder_.file("log")); }

 private:
  TempFolder folder_;
  std::uint16_t port_ = 0, tls_port_ = 0;
  int delivered_ = 0;
  std::unique_ptr<Child> child_;
};

}  // namespace proto::test
