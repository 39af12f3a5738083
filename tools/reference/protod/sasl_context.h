// What protod's mail services tell SASL of a connection.
#pragma once

#include "proto/stream.h"
#include "wire/sasl_server.h"

namespace proto::protod {

// Under TLS, both of its channel bindings.
inline SaslServerContext sasl_context_of(const Stream& stream) {
  SaslServerContext context;
  const TLSTransport* const tls = stream.tls();
  if (tls == nullptr) return context;
  if (auto data = tls->tls_exporter_binding(); !data.empty())
    context.bindings.push_back({"tls-exporter", std::move(data)});
  if (auto data = tls->tls_server_end_point_binding(); !data.empty())
    context.bindings.push_back({"tls-server-end-point", std::move(data)});
  return context;
}

}  // namespace proto::protod
