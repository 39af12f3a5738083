#include "support/process_state.h"

#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <string>
#include <system_error>

#include "support/process.h"

namespace proto::test {

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Calls `see` with the number of each descriptor.
template <typename See>
void for_each_descriptor(pid_t pid, See see) {
  DIR* const folder = ::opendir(("/proc/" + std::to_string(pid) + "/fd").c_str());
  if (folder == nullptr) fail("descriptors");
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] != '.') see(std::atoi(entry->d_name));
  }
  ::closedir(folder);
}

}  // namespace

std::size_t descriptors_of(pid_t pid) {
  std::size_t count = 0;
  for_each_descriptor(pid, [&](int) { ++count; });
  return count;
}

int highest_descriptor_of(pid_t pid) {
  int highest = -1;
  for_each_descriptor(pid, [&](int fd) { highest = std::max(highest, fd); });
  return highest;
}

long resident_kib(pid_t pid) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  return std::stol(status.substr(status.find("VmRSS:") + 6));
}

std::chrono::nanoseconds processor_time(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0)
    fail("processor time");
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::size_t limit_descriptors(pid_t pid, std::size_t count) {
  rlimit before{};
  if (::prlimit(pid, RLIMIT_NOFILE, nullptr, &before) != 0) fail("prlimit");
  rlimit wanted = before;
  wanted.rlim_cur = count;
  if (::prlimit(pid, RLIMIT_NOFILE, &wanted, nullptr) != 0) fail("prlimit");
  return before.rlim_cur;
}

}  // namespace proto::test
