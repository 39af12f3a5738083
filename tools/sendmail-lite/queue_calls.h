// How the queue calls its file system; for queue.cpp and queue_entry.cpp.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>

#include "sendmail-lite/queue.h"

namespace proto::sendmail {

inline constexpr std::string_view kReasonSuffix = ".reason";

// Again on EINTR.
template <typename Call>
auto retried(Call call) {
  for (;;) {
    const auto result = call();
    if (result != -EINTR) return result;
  }
}

template <typename Call>
auto Queue::check(const char* what, const std::string& name, Call call) const {
  const auto result = retried(call);
  if (result < 0) fail(what, name, static_cast<int>(-result));
  return result;
}

}  // namespace proto::sendmail
