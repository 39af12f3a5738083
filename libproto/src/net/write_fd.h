// Writing to a caller's descriptor: all of it, without SIGPIPE.
#pragma once

#include <csignal>
#include <string_view>

namespace proto {

// Keeps SIGPIPE from a library's user: blocked while it lives, and taken off where it came up
// meanwhile.
class SigpipeGuard {
 public:
  SigpipeGuard() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;
  ~SigpipeGuard() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    if (broken_) {
      const timespec now{};
      sigtimedwait(&sigpipe_, nullptr, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  void broken() noexcept { broken_ = true; }

 private:
  sigset_t sigpipe_;
  sigset_t before_;
  bool broken_ = false;
};

// Throws WriteError; `code` is an errno value.
[[noreturn]] void refuse_write(int code);

// All of `data`, however often it takes; a descriptor that would block is waited for. Throws
// WriteError.
void write_to_fd(int fd, std::string_view data);

}  // namespace proto
