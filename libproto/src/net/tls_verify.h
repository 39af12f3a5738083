// Whether a certificate is accepted: the chain, the name, the pins.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/tls_openssl.h"

namespace proto::tls {

// Whom the certificate must be for.
class ReferenceIdentity {
 public:
  // A name in ASCII, or an IP literal (in brackets, or with a zone, too). One trailing dot is taken
  // off. Throws TLSError for an empty label (a leading dot above all: OpenSSL takes such a name as
  // "any subdomain"), std::invalid_argument where it cannot be a name at all.
  explicit ReferenceIdentity(std::string_view host);

  const std::string& name() const noexcept { return name_; }  // lower case
  // The same, as it stands before a port: an IPv6 address in brackets.
  std::string authority() const;
  bool is_address() const noexcept { return is_address_; }
  // Tells `ssl` whom to expect, and the peer whom it is to be (not for a literal: RFC 6066 §3).
  void apply(SSL* ssl) const;

 private:
  std::string name_;
  bool is_address_;
};

// What one handshake requires of the peer's certificate, and what came of it.
struct CertificateCheck {
  bool required = true;                            // false: the chain's verdict is noted only
  const std::vector<std::string>* pins = nullptr;  // SHA-256 of a SubjectPublicKeyInfo
  std::string verdict;                             // what is wrong with the chain or name, or empty
  std::string refusal;                             // why it was refused, or empty: accepted
  std::string detail;                              // for the message: where, and for whom it is
};

// Verifies the chain and the name that `store` was set up for, then the pins. False: refused.
bool check_certificate(X509_STORE_CTX* store, CertificateCheck& check) noexcept;

// RFC 5929 §4.1: the certificate's digest, by its signature's hash function, or by SHA-256 where
// that is MD5 or SHA-1. Empty where the signature has none of its own (Ed25519).
std::string server_end_point(const X509* certificate);

// "sha256//BASE64" to the digest. Throws std::invalid_argument.
std::string parse_pin(const std::string& text);

}  // namespace proto::tls
