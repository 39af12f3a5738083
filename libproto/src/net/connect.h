// Connects one stream socket: the first of many addresses that answers (Happy Eyeballs, RFC 8305).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "proto/address.h"
#include "proto/deadline.h"
#include "proto/stream.h"
#include "proto/transport.h"

namespace proto {

// RFC 8305 §8: how long an attempt is given before the next one starts beside it.
inline constexpr std::chrono::milliseconds kAttemptDelay{250};

// The addresses for host and port: the Unix socket, an override, or the look-up's.
std::vector<Address> addresses_for(const std::string& host, std::uint16_t port,
                                   const ConnectOptions& options, Deadline deadline);

// A socket's own address as text; empty where it is not known.
std::string local_address(int fd);

// Tries `addresses` by turns of family. Throws ConnectError with each attempt's reason,
// TimeoutError, CancelledError. `where` is what messages call the peer.
std::unique_ptr<Transport> connect_first(const std::vector<Address>& addresses,
                                         const std::string& where, const ConnectOptions& options,
                                         Deadline deadline);

}  // namespace proto
