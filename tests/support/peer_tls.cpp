// TLS for scripted peers; apart, so that tests without TLS do not link it.
#include <exception>
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

Step expect_tls_refused(std::shared_ptr<const TLSContext> context) {
  return {"expect_tls_refused()", [context = std::move(context)](PeerConnection& c) {
            // With TLS 1.3 the server is done before the client has judged its certificate.
            try {
              c.start_tls(context);
            } catch (const std::exception&) {
              return;
            }
            if (!c.take_all().bytes.empty()) throw std::runtime_error("it was not refused");
          }};
}

}  // namespace proto::test
