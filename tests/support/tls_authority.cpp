#include "support/tls_authority.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <fstream>
#include <stdexcept>

#include "base/base64.h"
#include "base/crypto.h"
#include "support/process.h"

namespace proto::test {

namespace {

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("test certificate: ") + what);
}

std::shared_ptr<EVP_PKEY> make_key(const CertificateRequest& request) {
  EVP_PKEY* key = nullptr;
  if (request.key_type == EVP_PKEY_EC) {
    key = EVP_EC_gen("P-256");
  } else if (request.key_type == EVP_PKEY_RSA) {
    key = EVP_RSA_gen(static_cast<unsigned>(request.rsa_bits));
  } else {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  }
  require(key != nullptr, "key");
  return {key, EVP_PKEY_free};
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// The configuration syntax cannot say every byte.
void add_raw_name(X509* certificate, const std::string& name) {
  if (name.empty()) return;
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
  GENERAL_NAME* entry = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(entry, GEN_DNS, text);
  GENERAL_NAMES* names = sk_GENERAL_NAME_new_null();
  sk_GENERAL_NAME_push(names, entry);
  X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
  GENERAL_NAMES_free(names);
}

template <typename Write>
std::string pem(Write write) {
  BIO* memory = BIO_new(BIO_s_mem());
  require(write(memory) == 1, "PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

}  // namespace

std::string temporary_path(const std::string& name) {
  static const TempFolder folder;
  static std::atomic<int> count = 0;
  return folder.file(std::to_string(++count) + "-" + name);
}

std::string temporary_file(const std::string& name, const std::string& content) {
  std::string path = temporary_path(name);
  std::ofstream(path) << content;
  return path;
}

Identity::Identity(const CertificateRequest& request, const Identity* issuer)
    : key_(make_key(request)), certificate_(X509_new(), X509_free), is_root_(issuer == nullptr) {
  static std::atomic<long> serial = 1;
  X509* c = certificate_.get();
  X509_set_version(c, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(c), request.starts_in_seconds);
  X509_gmtime_adj(X509_getm_notAfter(c), request.ends_in_seconds);
  X509_set_pubkey(c, key_.get());
  X509_NAME* name = X509_get_subject_name(c);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(request.common_name.data()),
                             static_cast<int>(request.common_name.size()), -1, 0);
  X509* signer = issuer != nullptr ? issuer->certificate() : c;
  X509_set_issuer_name(c, X509_get_subject_name(signer));
  add_extension(c, signer, NID_basic_constraints, request.basic_constraints);
  add_extension(c, signer, NID_subject_key_identifier, "hash");
  add_extension(c, signer, NID_ext_key_usage, request.extended_key_usage);
  add_extension(c, signer, NID_subject_alt_name, request.alternative_names);
  add_raw_name(c, request.raw_dns_name);
  EVP_PKEY* signing_key = issuer != nullptr ? issuer->key() : key_.get();
  const bool has_hash = EVP_PKEY_get_base_id(signing_key) != EVP_PKEY_ED25519;
  require(X509_sign(c, signing_key, has_hash ? request.digest : nullptr) > 0, "signature");
  write_files(issuer);
}

void Identity::write_files(const Identity* issuer) {
  chain_ = pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate_.get()); });
  if (issuer != nullptr && !issuer->is_root_) chain_ += issuer->chain_;
  certificate_file_ = temporary_file("certificate.pem", chain_);
  key_file_ = temporary_file("key.pem", pem([&](BIO* out) {
                               return PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0,
                                                               nullptr, nullptr);
                             }));
}

std::string Identity::pin() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  const std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return "sha256//" + base64_encode(digest(DigestAlgorithm::sha256, bytes));
}

std::string Identity::encrypted_key_file(const std::string& password) const {
  return temporary_file("key.pem", pem([&](BIO* out) {
                          return PEM_write_bio_PrivateKey(
                              out, key_.get(), EVP_aes_128_cbc(),
                              reinterpret_cast<const unsigned char*>(password.data()),
                              static_cast<int>(password.size()), nullptr, nullptr);
                        }));
}

const Identity& test_root() {
  static const Identity root({.common_name = "libproto test root",
                              .extended_key_usage = "",
                              .basic_constraints = "critical,CA:TRUE"});
  return root;
}

const Identity& test_server() {
  static const Identity server =
      identity_for("DNS:localhost,DNS:*.wild.example,IP:127.0.0.1,IP:::1");
  return server;
}

Identity identity_for(const std::string& alternative_names) {
  return Identity({.alternative_names = alternative_names}, &test_root());
}

}  // namespace proto::test
