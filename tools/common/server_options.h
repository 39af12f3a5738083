// What the command line of a server says: where to listen, and for how long it waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "proto/address.h"

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

Family family_of(const ServerFlags& flags);
// The address to bind to. Throws ResolveError.
Address address_of(const ServerFlags& flags);

// Prints `line` and says whether it could: the first line of a server.
bool announce(const std::string& line);

}  // namespace proto::tools
