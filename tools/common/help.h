// --help, with the usage lines that a program's contract has.
#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace proto::tools {

// CLI11's help, with `usage` in the place of its own usage line.
std::string help_text(const CLI::App& app, std::string_view usage);

}  // namespace proto::tools
