// TLS for scripted peers; apart, so that tests without TLS do not link it.
#include <stdexcept>
#include <utility>

#include "proto/tls.h"
#include "support/scripted_peer.h"

namespace proto::test {

void PeerConnection::start_tls(const std::shared_ptr<const TLSContext>& context) {
  if (!buffer_.empty()) throw std::runtime_error("bytes before TLS");
  transport_ = TLSTransport::accept(std::move(transport_), context, Deadline());
}

Step start_tls(std::shared_ptr<const TLSContext> context) {
  return {"start_tls()",
          [context = std::move(context)](PeerConnection& c) { c.start_tls(context); }};
}

}  // namespace proto::test
