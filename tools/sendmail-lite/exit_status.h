// Exit statuses, as <sysexits.h> names them.
#pragma once

namespace proto::sendmail {

enum ExitStatus : int {
  kDone = 0,
  kUsage = 64,
  kBadMessage = 65,
  kNoUser = 67,
  kNoHost = 68,
  kUnavailable = 69,
  kSoftware = 70,
  kSystem = 71,
  kCannotCreate = 73,
  kInputOutput = 74,
  kTryLater = 75,
  kBadProtocol = 76,
  kNoPermission = 77,
  kBadConfig = 78,
};

}  // namespace proto::sendmail
