// OpenSSL's handles with owners, and its error queue as text.
#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace proto::tls {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};

using ContextHandle = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using SSLHandle = std::unique_ptr<SSL, Deleter<SSL_free>>;
using SessionHandle = std::unique_ptr<SSL_SESSION, Deleter<SSL_SESSION_free>>;
using BIOHandle = std::unique_ptr<BIO, Deleter<BIO_free>>;
using CertificateHandle = std::unique_ptr<X509, Deleter<X509_free>>;

// The oldest error of this thread's queue, which is the cause of the others, in one line; the queue
// is empty then. An alert of the peer's reads: the peer sent the alert "handshake failure".
std::string take_error_text();

// A name as one line of UTF-8: "C = US, CN = example.com". Control characters are escaped.
std::string name_text(const X509_NAME* name);

}  // namespace proto::tls
