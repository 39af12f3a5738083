// "HOST", "HOST:PORT" and "[ADDRESS]:PORT", as users name a server.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace proto::tools {

struct HostPort {
  std::string host;        // without brackets
  std::uint16_t port = 0;  // 0: none was named
};

// An address with more than one colon and no brackets is an IPv6 one, without a port. Throws
// std::invalid_argument that says what is wrong.
HostPort split_host_port(std::string_view text);

}  // namespace proto::tools
