// The options that every client has: address family, TLS, time.
#pragma once

#include <string>
#include <vector>

#include "proto/stream.h"

namespace CLI {
class App;
}

namespace proto::tools {

// As they stand on the command line.
struct ConnectionFlags {
  bool ipv4 = false;
  bool ipv6 = false;
  bool insecure = false;
  bool tls12 = false;
  bool tls13 = false;
  std::string ca_file, ca_dir, certificate, key;
  std::vector<std::string> pins;
};

// -4 -6 -k --cacert --capath -E --key --tlsv1.2 --tlsv1.3 --pinnedpubkey, in a group of their own.
void add_connection_options(CLI::App& app, ConnectionFlags& flags);

Family family_of(const ConnectionFlags& flags);
TLSOptions tls_options_of(const ConnectionFlags& flags);

}  // namespace proto::tools
