// Names to addresses, within a deadline.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/address.h"
#include "proto/deadline.h"

namespace proto {

// The system's look-up has no time-out of its own, so one that has a deadline or a canceller runs
// on a worker that can be left behind. At most this many may be outstanding in the process; one
// more fails at once with ResolveError.
inline constexpr int kMaxOutstandingLookups = 64;

// Every stream address of `host` (a name or a literal), in the system's order of preference (RFC
// 6724), with `port`; of "localhost" both loopback addresses (RFC 6761 §6.3). `canceller` may be
// null. Throws ResolveError, TimeoutError, CancelledError; std::invalid_argument for a name that is
// empty or has NUL, spaces or control bytes.
std::vector<Address> resolve(std::string_view host, std::uint16_t port,
                             Family family = Family::unspecified, Deadline deadline = Deadline(),
                             Canceller* canceller = nullptr);

// Name to address, as the tutorial has it: the first IPv4 address, as text. This one and the next
// throw as resolve() does, and take as long as the system's look-up takes; so does getfqdn().
std::string gethostbyname(std::string_view host);
// All of them: IPv4 and IPv6.
std::vector<std::string> gethostbyname_all(std::string_view host);
// Host name to fully qualified name; "" is this machine. The name itself where nothing better is
// known.
std::string getfqdn(std::string_view host = {});

}  // namespace proto
