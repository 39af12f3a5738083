// Exit statuses of the mail tools, as in sysexits.h.
#pragma once

#include <exception>
#include <stdexcept>

namespace proto::tools {

enum MailExit : int {
  kDone = 0,
  kUsage = 64,
  kBadData = 65,
  kNoUser = 67,
  kNoHost = 68,
  kUnavailable = 69,
  kSoftware = 70,
  kSystem = 71,
  kCannotCreate = 73,
  kInputOutput = 74,
  kTryLater = 75,
  kProtocol = 76,
  kNoPermission = 77,
  kConfiguration = 78,
};

// What the user has set cannot be used.
class ConfigurationError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What the library's errors mean to whoever called the program; those of a protocol's own replies
// are the tool's to tell.
int mail_exit_status(const std::exception& error);

}  // namespace proto::tools
