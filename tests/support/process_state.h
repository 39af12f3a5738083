// What a program that runs has open and has used, for tests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>

namespace proto::test {

// How many descriptors it has.
std::size_t descriptors_of(pid_t pid);
// The number of the highest of them, which is the lowest that it could not have under a limit.
int highest_descriptor_of(pid_t pid);
// Memory in use, in KiB.
long resident_kib(pid_t pid);
// All that its threads have had of the processors.
std::chrono::nanoseconds processor_time(pid_t pid);
// Its limit of descriptors becomes `count`, where what it has open by then stays open; the limit
// that it had before.
std::size_t limit_descriptors(pid_t pid, std::size_t count);

}  // namespace proto::test
