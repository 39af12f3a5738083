// The command line of the servers: where to listen, and what every program has.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/address.h"

namespace CLI {
class App;
}

namespace proto::tools {

inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

struct ServerFlags {
  std::string host;  // a literal or a name; empty: any interface. Not given: loopback
  bool host_given = false;
  std::uint16_t port = 0;
  bool ipv4 = false;
  bool ipv6 = false;
  int verbosity = 0;
  // Who moves no byte for so long is cut off.
  std::chrono::milliseconds idle{std::chrono::seconds(60)};
  // What is being served at SIGTERM may go on for so long.
  std::chrono::milliseconds drain{std::chrono::seconds(1)};
};

// --host --port -4 -6 -v --version. `flags.port` is the default.
void add_server_options(CLI::App& app, ServerFlags& flags);
// --host alone, where there is more than one port. One that -4 or -6 contradicts is a usage error.
void add_host_option(CLI::App& app, ServerFlags& flags);
// -4 -6 -v --version alone.
void add_family_options(CLI::App& app, ServerFlags& flags);
// --idle --drain, in seconds. What `flags` holds are the defaults.
void add_time_options(CLI::App& app, ServerFlags& flags);

// Parses; the exit status, where the program is over: --help, --version, a usage error.
std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv, std::string_view usage);

Family family_of(const ServerFlags& flags);
// The address to bind to. Throws ResolveError.
Address address_of(const ServerFlags& flags);

// Prints `line` and says whether it could: the first line of a server.
bool announce(const std::string& line);

}  // namespace proto::tools
