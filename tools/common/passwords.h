// Where passwords come from: never from the command line.
#pragma once

#include <string>
#include <string_view>

#include "common/mail_exit.h"
#include "proto/credentials.h"
#include "proto/deadline.h"

namespace CLI {
class App;
}

namespace proto::tools {

// As they stand on the command line; empty: not given.
struct PasswordSources {
  std::string file;
  std::string command;
  std::string netrc;
};

// --password-file, --password-command, --netrc-file, in a group of their own.
void add_password_options(CLI::App& app, PasswordSources& sources);

// A source cannot be read, or there is none. Never holds a secret.
class PasswordError : public ConfigurationError {
  using ConfigurationError::ConfigurationError;
};

// The command was not done by the deadline.
class PasswordTimeout : public PasswordError {
  using PasswordError::PasswordError;
};

// Whose password is wanted.
struct PasswordRequest {
  std::string host;
  std::string user;          // empty: the one in netrc, else `default_user`
  std::string default_user;  // $USER
  bool token = false;        // it is an OAuth token: no netrc, no prompt
  Deadline deadline = {};    // of the command, which is killed then, and what it has started
};
// From the first source that there is: the file's first line, the first line of the command's
// output, netrc (~/.netrc where none is named), a prompt on the terminal without echo. Throws
// PasswordError.
Credentials find_credentials(const PasswordSources& sources, const PasswordRequest& request);

// $HOME, or the password database's.
std::string home_folder();

}  // namespace proto::tools
