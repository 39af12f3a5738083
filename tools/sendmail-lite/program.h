// The whole program but main().
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace proto::sendmail {

// Runs as `program` (argv[0]) with these arguments; the exit status.
int run_program(std::string_view program, const std::vector<std::string>& arguments);

}  // namespace proto::sendmail
