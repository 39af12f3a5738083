#include "support/process.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "support/sanitizers.h"
#include "support/spawn.h"

namespace proto::test {

namespace {

using Clock = std::chrono::steady_clock;

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

// write(2), which leaves no SIGPIPE behind for the test: in this thread it is held back meanwhile.
ssize_t write_quietly(int fd, std::string_view data) {
  sigset_t pipe, before;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  const ssize_t n = ::write(fd, data.data(), data.size());
  const int error = errno;
  const timespec at_once{};
  if (n < 0 && error == EPIPE) ::sigtimedwait(&pipe, nullptr, &at_once);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return n;
}

// Appends what is there; false at the end.
bool read_available(int fd, std::string& into) {
  std::array<char, 65536> piece;
  while (true) {
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n > 0) {
      into.append(piece.data(), static_cast<std::size_t>(n));
    } else {
      return n < 0 && (errno == EAGAIN || errno == EINTR);
    }
  }
}

int milliseconds_until(Clock::time_point when) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000));
}

}  // namespace

long memory_bound_kib(const ProcessResult& idle) {
  return kSanitized ? LONG_MAX : idle.max_rss_kib + 16 * 1024;
}

std::string ProcessResult::describe() const {
  std::string how = timed_out     ? "killed after its bound"
                    : signal != 0 ? "signal " + std::to_string(signal)
                                  : "exit status " + std::to_string(status);
  if (!err.empty()) how += "; stderr: " + err;
  return how;
}

Child::Child(const std::vector<std::string>& argv, const ProcessOptions& options)
    : bound_(options.bound), input_(options.input) {
  const Spawned spawned = spawn(argv, options);
  pid_ = spawned.pid;
  in_ = spawned.in;
  out_ = spawned.out;
  err_ = spawned.err;
}

Child::~Child() {
  if (!ended_) stop();
  close_fd(in_);
  close_fd(out_);
  close_fd(err_);
}

bool Child::running() {
  if (ended_) return false;
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == 0;
}

void Child::signal(int number) const {
  if (!ended_) ::kill(pid_, number);
}

void Child::close_stdin() {
  close_fd(in_);
}

std::string Child::read_line() {
  const auto end = Clock::now() + bound_;
  while (true) {
    const std::size_t lf = out_text_.find('\n');
    if (lf != std::string::npos) {
      std::string line = out_text_.substr(0, lf);
      out_text_.erase(0, lf + 1);
      return line;
    }
    pollfd fd{out_, POLLIN, 0};
    if (::poll(&fd, 1, milliseconds_until(end)) == 0)
      throw std::runtime_error("no line came from process " + std::to_string(pid_));
    if (!read_available(out_, out_text_)) {
      if (out_text_.find('\n') != std::string::npos) continue;
      const ProcessResult result = wait();
      throw std::runtime_error("process ended: " + result.describe());
    }
  }
}

ProcessResult Child::wait() {
  if (ended_) return result_;
  const auto end = Clock::now() + bound_;
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (handle < 0) throw std::system_error(errno, std::generic_category(), "pidfd_open");
  std::string_view input = input_;
  bool over = false;
  while (!over) {
    if (input.empty()) close_stdin();
    std::array<pollfd, 4> fds{
        {{handle, POLLIN, 0}, {in_, POLLOUT, 0}, {out_, POLLIN, 0}, {err_, POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), milliseconds_until(end)) == 0) {
      result_.timed_out = true;
      ::kill(-pid_, SIGKILL);
      ::poll(fds.data(), 1, -1);
      over = true;
    }
    over = over || fds[0].revents != 0;
    if (fds[1].revents != 0) {
      // A program that does not read its input is none of our business: EPIPE ends it.
      const ssize_t n = write_quietly(in_, input);
      if (n > 0) {
        input.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno != EAGAIN && errno != EINTR) {
        input = {};
      }
    }
    if (out_ >= 0 && !read_available(out_, out_text_)) close_fd(out_);
    if (err_ >= 0 && !read_available(err_, result_.err)) close_fd(err_);
  }
  ::close(handle);
  close_stdin();
  rusage usage{};
  int status = 0;
  ::kill(-pid_, SIGKILL);  // whatever it left behind, while the number is still its own
  ::wait4(pid_, &status, 0, &usage);
  ended_ = true;
  result_.max_rss_kib = usage.ru_maxrss;
  if (WIFEXITED(status)) {
    result_.status = WEXITSTATUS(status);
  } else {
    result_.signal = WTERMSIG(status);
  }
  result_.out = std::move(out_text_);
  return result_;
}

ProcessResult Child::stop() {
  if (ended_) return result_;
  bound_ = std::min(bound_, std::chrono::seconds(10));
  ::kill(pid_, SIGTERM);
  return wait();
}

ProcessResult run(const std::vector<std::string>& argv, const ProcessOptions& options) {
  return Child(argv, options).wait();
}

}  // namespace proto::test
