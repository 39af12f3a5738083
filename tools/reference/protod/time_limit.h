// A bound for a part of a conversation.
#pragma once

#include <chrono>

#include "proto/stream.h"

namespace proto::protod {

// For as long as it lives, the stream's deadline is no later than after `time`: a command must come
// whole by then, and dripping bytes do not extend it.
class TimeLimit {
 public:
  TimeLimit(Stream& stream, std::chrono::milliseconds time)
      : stream_(stream), before_(stream.deadline()) {
    stream_.set_deadline(earlier(before_, Deadline::after(time)));
  }
  ~TimeLimit() { stream_.set_deadline(before_); }
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

 private:
  Stream& stream_;
  Deadline before_;
};

}  // namespace proto::protod
