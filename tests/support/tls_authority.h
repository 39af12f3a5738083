// A certificate authority in memory: good certificates, and every kind of bad one.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace proto::test {

struct CertificateRequest {
  std::string common_name = "libproto test";
  std::string alternative_names{};  // as openssl.cnf's subjectAltName: "DNS:a.example,IP:127.0.0.1"
  std::string raw_dns_name{};       // in place of them: these bytes, NUL too
  std::string extended_key_usage = "serverAuth";
  std::string basic_constraints = "critical,CA:FALSE";
  long starts_in_seconds = -3600;
  long ends_in_seconds = 86400;
  const EVP_MD* digest = EVP_sha256();
  int key_type = EVP_PKEY_EC;  // P-256; or EVP_PKEY_ED25519, EVP_PKEY_RSA
  int rsa_bits = 2048;
};

// A certificate and its key, also as PEM files that live as long as the program.
class Identity {
 public:
  // Signed by `issuer`, or by itself. The file holds the chain below the root.
  explicit Identity(const CertificateRequest& request, const Identity* issuer = nullptr);

  X509* certificate() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }
  const std::string& certificate_file() const { return certificate_file_; }
  const std::string& key_file() const { return key_file_; }
  // "sha256//BASE64" of the public key.
  std::string pin() const;
  // The key in a file of its own, encrypted.
  std::string encrypted_key_file(const std::string& password) const;

 private:
  void write_files(const Identity* issuer);

  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  std::string chain_;  // PEM: this one and its issuers but the root
  bool is_root_ = false;
  std::string certificate_file_, key_file_;
};

// The root that most tests trust.
const Identity& test_root();
// For localhost, *.wild.example, 127.0.0.1 and ::1, by test_root().
const Identity& test_server();
// An identity by test_root() with this subjectAltName.
Identity identity_for(const std::string& alternative_names);

// A new path in the test program's temporary folder, which goes when the program ends.
std::string temporary_path(const std::string& name);
std::string temporary_file(const std::string& name, const std::string& content);

}  // namespace proto::test
