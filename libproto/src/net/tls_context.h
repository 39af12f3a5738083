// What a TLSContext is made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/tls_openssl.h"
#include "net/tls_sessions.h"
#include "net/tls_verify.h"
#include "proto/tls.h"

namespace proto {

struct TLSContext::State {
  tls::ContextHandle handle;
  bool is_server = false;
  bool verify = true;
  std::vector<std::string> pins;  // digests
  std::string alpn;               // as on the wire: each name behind its length
  bool resume_sessions = true;
  tls::SessionCache sessions;
};

namespace tls {

// What the context's callbacks find behind SSL_get_app_data().
struct CallbackData {
  CertificateCheck check;
  SessionCache* sessions = nullptr;  // null: none are kept
  std::string session_key;
};

}  // namespace tls
}  // namespace proto
