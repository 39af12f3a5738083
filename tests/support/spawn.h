// How a program is started: fork, descriptors, exec.
#pragma once

#include "support/process.h"

namespace proto::test {

struct Spawned {
  pid_t pid;
  int in, out, err;  // our ends, not blocking; err is -1 with a terminal
};
// In a process group of its own (a session, with a terminal). Throws where it cannot be started.
Spawned spawn(const std::vector<std::string>& argv, const ProcessOptions& options);

}  // namespace proto::test
