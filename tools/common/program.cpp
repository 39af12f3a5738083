#include "common/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include "common/text.h"

namespace proto::tools {

namespace {

const char* program_name = "libproto";
bool silent = false;
// Transfers at a time, and a few more. What is not used costs no memory.
constexpr std::size_t kMaxTemporaries = 320;

// Read by a signal handler: plain memory, each slot published by its flag.
struct Temporary {
  std::atomic<bool> used = false;
  std::array<char, 4096> path{};
};
std::array<Temporary, kMaxTemporaries> temporaries;

std::atomic<int> child_group = 0;

extern "C" void end_by_signal(int number) {
  if (const int group = child_group.load(); group > 0) ::kill(-group, SIGKILL);
  for (Temporary& t : temporaries) {
    if (t.used.load(std::memory_order_acquire)) ::unlink(t.path.data());
  }
  std::signal(number, SIG_DFL);
  std::raise(number);
}

}  // namespace

void start_program(const char* name) {
  program_name = name;
  // Opened for the other direction: using one that was closed stays an error.
  if (::fcntl(STDIN_FILENO, F_GETFD) < 0) ::open("/dev/null", O_WRONLY);
  if (::fcntl(STDOUT_FILENO, F_GETFD) < 0) ::open("/dev/null", O_RDONLY);
  if (::fcntl(STDERR_FILENO, F_GETFD) < 0) ::open("/dev/null", O_RDONLY);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that grows too large is an error of write()
  struct sigaction action {};
  action.sa_handler = end_by_signal;
  action.sa_flags = SA_NODEFER;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old {};
    ::sigaction(number, &action, &old);
    if (old.sa_handler == SIG_IGN) ::sigaction(number, &old, nullptr);  // nohup stays nohup
  }
}

void silence_errors() {
  silent = true;
}

void error_line(std::string_view text) {
  if (silent) return;
  const std::string line = std::string(program_name) + ": " + one_line(text) + "\n";
  // One write: lines of several processes do not mix.
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

void print_to_stderr(std::string_view text) {
  if (!text.empty() && ::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

int remember_temporary(const std::string& path) {
  for (std::size_t i = 0; i < temporaries.size(); ++i) {
    Temporary& t = temporaries[i];
    if (t.used.load() || path.size() >= t.path.size()) continue;
    std::memcpy(t.path.data(), path.c_str(), path.size() + 1);
    t.used.store(true, std::memory_order_release);
    return static_cast<int>(i);
  }
  return -1;
}

void forget_temporary(int slot) {
  if (slot >= 0) temporaries[static_cast<std::size_t>(slot)].used.store(false);
}

void remember_child_group(int pid) {
  child_group.store(pid);
}

bool flush_stdout() {
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

}  // namespace proto::tools
