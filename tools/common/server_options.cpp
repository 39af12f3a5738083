#include "common/server_options.h"

#include <cstdio>

#include "common/program.h"
#include "proto/resolver.h"

namespace proto::tools {

Family family_of(const ServerFlags& flags) {
  return flags.ipv4 ? Family::ipv4 : flags.ipv6 ? Family::ipv6 : Family::unspecified;
}

Address address_of(const ServerFlags& flags) {
  const Family family = family_of(flags);
  if (!flags.host_given) return Address::loopback(family, flags.port);
  if (flags.host.empty()) return Address::any(family, flags.port);
  if (!Address::is_literal(flags.host)) return resolve(flags.host, flags.port, family).front();
  return Address(flags.host, flags.port);
}

bool announce(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  if (!line.ends_with('\n')) std::fputc('\n', stdout);
  if (flush_stdout()) return true;
  error_line("cannot write to standard output");
  return false;
}

}  // namespace proto::tools
