#include "common/host_port.h"

#include <stdexcept>

#include "base/characters.h"
#include "base/integers.h"

namespace proto::tools {

namespace {

void require(bool good, const std::string& why) {
  if (!good) throw std::invalid_argument(why);
}

}  // namespace

HostPort split_host_port(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    require(end != std::string_view::npos, "\"[\" is never closed");
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    require(port.empty() || port.front() == ':', "want [ADDRESS]:PORT");
  } else if (const auto colon = text.find(':');
             colon != std::string_view::npos && text.find(':', colon + 1) == text.npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  require(!host.empty(), "no name");
  if (port.empty()) return {std::string(host), 0};
  const auto number = parse_decimal(port.substr(1), 65535);
  require(number && *number != 0, "no such port: " + quoted(port.substr(1)));
  return {std::string(host), static_cast<std::uint16_t>(*number)};
}

}  // namespace proto::tools
