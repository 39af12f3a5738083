#include "protocol/private_way.h"

#include <stdexcept>

#include "proto/address.h"

namespace proto {

bool is_private(const Stream& stream, const ConnectOptions& options) {
  if (stream.tls() != nullptr) return true;
  if (options.socks || options.via) return false;
  if (!options.unix_socket.empty()) return true;
  try {
    return Address::parse(stream.peer()).is_loopback();
  } catch (const std::invalid_argument&) {
    return false;
  }
}

}  // namespace proto
