#include "proto/error.h"

namespace proto {

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::none:
      return "none";
    case Phase::resolve:
      return "name look-up";
    case Phase::connect:
      return "connecting";
    case Phase::proxy:
      return "proxy";
    case Phase::tls:
      return "TLS handshake";
    case Phase::greeting:
      return "greeting";
    case Phase::login:
      return "login";
    case Phase::send:
      return "sending";
    case Phase::receive:
      return "receiving";
    case Phase::close:
      return "closing";
  }
  return "unknown";
}

}  // namespace proto
