#include "reference/chatserver/transcript.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "proto/error.h"

namespace proto {

namespace {

// A pipe that is ready for writing takes this much without blocking (PIPE_BUF). It must not be made
// non-blocking: others may share it.
constexpr std::size_t kPieceBytes = 4096;

}  // namespace

Transcript::~Transcript() {
  await(false);
}

void Transcript::add(std::string_view line) {
  if (fd_ < 0 || !good_) return;
  if (waiting_.size() + line.size() >= kMaxWaiting) {
    ++left_out_;
    return;
  }
  waiting_ += line;
  waiting_ += '\n';
}

void Transcript::flush() {
  while (!waiting_.empty()) {
    if (select({}, {fd_}, {}, std::chrono::milliseconds(0)).write.empty()) {
      await(true);
      return;
    }
    const ssize_t n = ::write(fd_, waiting_.data(), std::min(waiting_.size(), kPieceBytes));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      good_ = false;
      waiting_.clear();
      break;
    }
    waiting_.erase(0, static_cast<std::size_t>(n));
    if (waiting_.empty() && left_out_ > 0) {
      waiting_ = "(" + std::to_string(left_out_) + " lines are left out here)\n";
      left_out_ = 0;
    }
  }
  await(false);
}

void Transcript::await(bool room) {
  if (room == awaiting_) return;
  awaiting_ = room;
  if (room) {
    selector_.add(fd_, {.write = true}, [this](Readiness) { flush(); });
  } else {
    selector_.remove(fd_);
  }
}

}  // namespace proto
