// httpget's exit statuses: curl's, where curl has one.
#pragma once

#include <exception>
#include <string>

#include "proto/url.h"

namespace proto::httpget {

enum ExitStatus : int {
  kDone = 0,
  kUsage = 2,
  kBadUrl = 3,
  kNotResolved = 6,
  kNotConnected = 7,
  kNoHttp = 8,
  kEndedEarly = 18,
  kHttpError = 22,
  kCannotWrite = 23,
  kCannotRead = 26,
  kNoMemory = 27,
  kTimedOut = 28,
  kTlsFailed = 35,
  kTooManyRedirects = 47,
  kEmptyReply = 52,
  kSendFailed = 55,
  kReceiveFailed = 56,
  kNotTrusted = 60,
  kBadCoding = 61,
  kTooLarge = 63,
  kProxyRefused = 97,
};

// The status for what a transfer threw. `in_body`: its head had come.
int exit_status_of(const std::exception& error, bool in_body);
// What is said of it: "what failed: where: why". A parser does not know where; `url` says it then.
std::string message_of(const std::exception& error, const URL& url);

}  // namespace proto::httpget
