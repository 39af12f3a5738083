#include "measure.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

extern char** environ;

namespace bench {

namespace {

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

// A file that goes when this does.
struct Scratch {
  Scratch() {
    const int fd = ::mkstemp(path.data());
    if (fd < 0) throw std::runtime_error("bench: no temporary file");
    ::close(fd);
  }
  ~Scratch() { ::unlink(path.c_str()); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string text() const {
    std::stringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  std::string path = "/tmp/proto-bench-XXXXXX";
};

}  // namespace

Cost cost_of(const Command& command, const std::string& stdout_file) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string out = stdout_file.empty() ? "/dev/null" : stdout_file;
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const auto start = std::chrono::steady_clock::now();
  pid_t child = -1;
  const int failed = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  rusage usage{};
  if (failed != 0 || wait4(child, &status, 0, &usage) != child || status != 0)
    throw std::runtime_error(command[0] + " failed");
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  return {wall.count(), seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

Cost told_by(const Command& command) {
  const Scratch out;
  cost_of(command, out.path);
  Cost cost;
  std::istringstream(out.text()) >> cost.wall >> cost.cpu;
  return cost;
}

std::optional<double> instructions(const Command& command) {
  if (!is_program("valgrind")) return std::nullopt;
  const Scratch log;
  Command traced = {"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                    "--log-file=" + log.path};
  traced.insert(traced.end(), command.begin(), command.end());
  cost_of(traced);
  const std::string text = log.text();
  const std::string label = "Collected : ";
  const auto at = text.find(label);
  if (at == std::string::npos) return std::nullopt;
  return std::strtod(text.c_str() + at + label.size(), nullptr);
}

bool is_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0;
  std::istringstream path(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "/usr/bin:/bin");
  for (std::string folder; std::getline(path, folder, ':');) {
    if (::access((folder + "/" + name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace bench
