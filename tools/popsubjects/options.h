// The command line of popsubjects.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "common/connection_options.h"
#include "common/passwords.h"
#include "popsubjects/format.h"
#include "proto/pop3.h"

namespace proto::tools {

struct PopOptions {
  std::string host;
  std::uint16_t port = 0;
  TLSMode tls = TLSMode::implicit;
  std::string user;          // empty: netrc's, else default_user
  std::string default_user;  // $USER
  std::string auth = "auto";
  ConnectionFlags connection;
  PasswordSources passwords;
  double timeout = 60;     // seconds
  double deadline = 3600;  // seconds

  bool only_new = false;
  bool baseline = false;
  std::string state;  // empty: below ~/.local/state
  std::optional<std::uint32_t> limit;
  bool reverse = false;
  Format format;
  bool json = false;
  bool count = false;
  bool quiet = false;
  bool retr = false;
  int verbosity = 0;

  // OAuth takes a token where the others take a password.
  bool wants_token() const { return auth == "xoauth2" || auth == "oauthbearer"; }
};

// The exit status where the program is done already (--help, --version, an error that was told);
// nothing where it is to go on.
std::optional<int> parse_command_line(int argc, char** argv, PopOptions& options);

}  // namespace proto::tools
