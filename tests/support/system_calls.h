// What a process asks of the kernel, seen by ptrace(2): every system call, whatever library makes
// it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace proto::test {

struct Traced {
  std::size_t calls = 0;  // of all its threads
  long peak_kib = 0;      // of resident memory
  int status = -1;        // exit status; -1 where a signal ended it
};

// Runs `work` in a child process, which then ends with its result.
Traced trace_calls(const std::function<int()>& work);
// Runs a program; argv[0] is searched in $PATH. What it prints is thrown away.
Traced trace_calls(const std::vector<std::string>& argv);

}  // namespace proto::test
