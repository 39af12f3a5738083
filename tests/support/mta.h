// Mail servers as private child processes: free ports on loopback, mail into a Maildir in a
// temporary folder. example.net is the domain that they take mail for; whoever is in it has the one
// Maildir.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/process.h"

namespace proto::test {

class MailServer {
 public:
  virtual ~MailServer() = default;
  virtual const char* name() const = 0;
  std::uint16_t port() const { return port_; }          // STARTTLS is offered
  std::uint16_t tls_port() const { return tls_port_; }  // with test_certificates()
  // The messages in the Maildir once there are `count`, as files, and forgets them. Throws where
  // they do not come.
  std::vector<std::string> take_mail(std::size_t count) const;
  virtual std::string log() const = 0;

 protected:
  void make_folders();
  void start(const std::vector<std::string>& argv, const ProcessOptions& options = {});
  std::string maildir() const { return folder_.file("mail/box"); }

  TempFolder folder_;
  std::uint16_t port_ = 0, tls_port_ = 0;
  std::unique_ptr<Child> child_;
};

// Logins go to `auth_socket`, a Dovecot's. Its master wants to be started by root.
class Postfix final : public MailServer {
 public:
  explicit Postfix(const std::string& auth_socket);
  const char* name() const override { return "Postfix"; }
  std::string log() const override { return read_file(folder_.file("log")); }
};

// From the packages exim4-daemon-light and libnss-wrapper, unpacked beside the build: Debian lets
// only one mail server be installed. "ann" logs in with "secret", by PLAIN, LOGIN and CRAM-MD5.
class Exim final : public MailServer {
 public:
  Exim();
  const char* name() const override { return "Exim"; }
  std::string log() const override { return read_file(folder_.file("spool/mainlog")); }
};

}  // namespace proto::test
