// A program under strace(1): which system calls it makes, and each of them failing or ending it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "support/process.h"

namespace proto::test {

// How often a run makes each call.
using CallCounts = std::map<std::string, int>;

// argv, run by strace with these options of its own.
std::vector<std::string> under_strace(const std::vector<std::string>& argv,
                                      const std::vector<std::string>& how);
// Leaks cannot be looked for under a tracer.
ProcessOptions traced(ProcessOptions options);

// Runs it once, and counts. `calls`: strace's list of names, or "all".
CallCounts count_calls(const std::vector<std::string>& argv, const ProcessOptions& options,
                       const std::string& calls);

// `act` is called once for each call that was counted, with the options of strace that inject
// `fault` ("signal=KILL", "error=EIO") at it, and its name with the fault for messages.
void for_each_call(
    const CallCounts& calls, const std::string& fault,
    const std::function<void(const std::vector<std::string>& how, const std::string& where)>& act);

}  // namespace proto::test
