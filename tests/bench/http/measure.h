// Runs programs and says what they cost.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace bench {

using Command = std::vector<std::string>;

struct Cost {
  double wall = 0, cpu = 0;  // seconds
};

// Of a whole program, from its start to its end. Throws where it fails.
Cost cost_of(const Command& command, const std::string& stdout_file = {});
// As the program itself measured it: "WALL CPU" is what it prints.
Cost told_by(const Command& command);
// User-space instructions, counted by callgrind; nothing where valgrind is not installed.
std::optional<double> instructions(const Command& command);

bool is_program(const std::string& name);  // in $PATH, or a path
double median(std::vector<double> values);

}  // namespace bench
