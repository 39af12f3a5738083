// SOCKS, the client's side: RFC 1928 with RFC 1929, and SOCKS 4a.
#pragma once

#include <cstdint>
#include <string_view>

#include "proto/stream.h"
#include "proto/transport.h"

namespace proto {

// Asks the proxy at the other end of `transport` for host:port. When it returns, the bytes that
// follow are the host's own; none of them has been read. Throws SocksError where the proxy refuses
// or speaks something else.
void socks_connect(Transport& transport, const SocksProxy& proxy, std::string_view host,
                   std::uint16_t port, Deadline deadline);

}  // namespace proto
