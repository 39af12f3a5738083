#include "support/system_calls.h"

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <stdexcept>

namespace proto::test {

namespace {

constexpr std::uintptr_t kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
                                    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXIT |
                                    PTRACE_O_EXITKILL;

long peak_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    long kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib;
  }
  return 0;
}

bool enters_call(pid_t pid) {
  __ptrace_syscall_info info{};
  ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
  return info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

// What to do at one stop; the signal to deliver.
int look_at(pid_t pid, pid_t child, int state, Traced& traced) {
  const int signal = WSTOPSIG(state);
  if (signal == (SIGTRAP | 0x80)) {
    if (enters_call(pid)) ++traced.calls;
    return 0;
  }
  if (state >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8)) && pid == child)
    traced.peak_kib = peak_of(pid);
  // Events of ours, the stop of the exec, and the first stop of each new thread.
  return signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
}

}  // namespace

Traced trace_calls(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    ::_exit(work());
  }
  Traced traced;
  int state = 0;
  while (::waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  if (!WIFSTOPPED(state) || ::ptrace(PTRACE_SETOPTIONS, child, nullptr, kOptions) != 0)
    throw std::runtime_error("cannot trace a child process");
  ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
  for (;;) {
    // Its threads, and what it forked, are waited for too.
    const pid_t pid = ::waitpid(-1, &state, __WALL | __WNOTHREAD);
    if (pid < 0 && errno != EINTR) throw std::runtime_error("lost a traced process");
    if (pid == child && !WIFSTOPPED(state)) break;
    if (pid < 0 || !WIFSTOPPED(state)) continue;
    const int signal = look_at(pid, child, state, traced);
    ::ptrace(PTRACE_SYSCALL, pid, nullptr, static_cast<std::uintptr_t>(signal));
  }
  if (WIFEXITED(state)) traced.status = WEXITSTATUS(state);
  return traced;
}

Traced trace_calls(const std::vector<std::string>& argv) {
  std::vector<char*> pointers;
  for (const std::string& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  Traced traced = trace_calls([&]() -> int {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    ::execvp(pointers[0], pointers.data());
    return 127;
  });
  constexpr std::size_t kBeforeExec = 3;  // open, dup2, dup2
  if (traced.calls > kBeforeExec) traced.calls -= kBeforeExec;
  return traced;
}

}  // namespace proto::test
