// Which messages earlier runs have shown.
#pragma once

#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

#include "common/mail_exit.h"

namespace proto::tools {

// The state cannot be used: another mailbox's, damaged, unreadable.
class StateError : public ConfigurationError {
  using ConfigurationError::ConfigurationError;
};
// Another run has it.
class StateBusyError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// ~/.local/state/popsubjects/HOST_PORT_USER ($XDG_STATE_HOME), with what no file name takes as
// %HH.
std::string default_state_path(const std::string& mailbox);

// A file: a line that names the mailbox, then a line for each message. Locked as long as this
// lives, by a file beside it, for the state itself is replaced.
class Seen {
 public:
  // `mailbox` is "user@host:port". A file that is not there yet is an empty state; its folder is
  // made. Throws StateError, StateBusyError.
  Seen(std::string path, std::string mailbox);
  Seen(const Seen&) = delete;
  Seen& operator=(const Seen&) = delete;
  ~Seen();

  bool contains(const std::string& id) const { return ids_.contains(id); }
  // Makes `ids` the whole state, durable, in one step.
  void replace(const std::vector<std::string>& ids) const;

 private:
  void read();

  std::string path_;
  std::string mailbox_;
  int lock_ = -1;
  std::unordered_set<std::string> ids_;
};

}  // namespace proto::tools
