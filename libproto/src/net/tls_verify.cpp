#include "net/tls_verify.h"

#include <arpa/inet.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <new>
#include <stdexcept>

#include "base/base64.h"
#include "base/characters.h"
#include "base/crypto.h"
#include "proto/error.h"

namespace proto::tls {

namespace {

constexpr std::size_t kSHA256Bytes = 32;

bool is_ip_literal(const std::string& text) {
  in6_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::string address_text(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "no address";
  if (bytes.size() == sizeof(in_addr)) inet_ntop(AF_INET, bytes.data(), text, sizeof text);
  if (bytes.size() == sizeof(in6_addr)) inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  return text;
}

// The first few DNS names and addresses that the certificate is for.
std::string names_of(const X509* certificate) {
  constexpr int kShown = 3;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  const std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>> owner(names);
  const int count = names == nullptr ? 0 : sk_GENERAL_NAME_num(names);
  std::string text;
  for (int i = 0; i < count && i < kShown; ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
    if (type != GEN_DNS && type != GEN_IPADD) continue;
    const auto* string = static_cast<const ASN1_STRING*>(value);
    const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                                 static_cast<std::size_t>(ASN1_STRING_length(string)));
    text += (text.empty() ? "" : ", ") + (type == GEN_DNS ? quoted(bytes) : address_text(bytes));
  }
  if (text.empty()) return "it names no host";
  return "it is for " + text + (count > kShown ? ", ..." : "");
}

bool is_pinned(const X509* certificate, const std::vector<std::string>& pins) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return false;
  const std::string fingerprint =
      digest(DigestAlgorithm::sha256,
             {reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return std::find(pins.begin(), pins.end(), fingerprint) != pins.end();
}

std::string detail_of(X509_STORE_CTX* store, int error) {
  if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH)
    return names_of(X509_STORE_CTX_get0_cert(store));
  const X509* certificate = X509_STORE_CTX_get_current_cert(store);
  if (certificate == nullptr) return {};
  return "depth " + std::to_string(X509_STORE_CTX_get_error_depth(store)) + ": " +
         name_text(X509_get_subject_name(certificate));
}

void check(X509_STORE_CTX* store, CertificateCheck& result) {
  if (X509_verify_cert(store) <= 0) {
    const int error = X509_STORE_CTX_get_error(store);
    result.verdict =
        error == X509_V_OK ? "cannot be verified" : X509_verify_cert_error_string(error);
    result.detail = detail_of(store, error);
    if (result.required) result.refusal = result.verdict;
  }
  if (!result.refusal.empty() || result.pins == nullptr || result.pins->empty()) return;
  if (!is_pinned(X509_STORE_CTX_get0_cert(store), *result.pins)) {
    result.refusal = "its public key is not a pinned one";
    result.detail.clear();
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  }
}

}  // namespace

ReferenceIdentity::ReferenceIdentity(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host.ends_with('.')) host.remove_suffix(1);
  name_ = lower(host);
  const std::size_t zone = name_.find('%');
  const std::string address = name_.substr(0, zone);
  is_address_ = is_ip_literal(address);
  if (is_address_) {
    name_ = address;
    return;
  }
  const auto is_name_char = [](char c) { return c > ' ' && c < '\x7f'; };
  if (name_.empty() || !std::all_of(name_.begin(), name_.end(), is_name_char))
    throw std::invalid_argument("TLS: " + quoted(host) + " is no host name");
  if (name_.front() == '.' || name_.back() == '.' || name_.find("..") != std::string::npos)
    throw TLSError("TLS: the host name " + quoted(host) + " has an empty label");
}

std::string ReferenceIdentity::authority() const {
  return name_.find(':') == std::string::npos ? name_ : "[" + name_ + "]";
}

void ReferenceIdentity::apply(SSL* ssl) const {
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
  // RFC 6125 §6.4.3, RFC 9525 §6.3: the subject's CN is no name, a wildcard is a whole label.
  X509_VERIFY_PARAM_set_hostflags(
      parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool ok = is_address_
                      ? X509_VERIFY_PARAM_set1_ip_asc(parameters, name_.c_str()) == 1
                      : X509_VERIFY_PARAM_set1_host(parameters, name_.data(), name_.size()) == 1 &&
                            SSL_set_tlsext_host_name(ssl, name_.c_str()) == 1;
  if (!ok) throw TLSError("TLS: cannot use the host name " + quoted(name_));
}

bool check_certificate(X509_STORE_CTX* store, CertificateCheck& result) noexcept {
  try {
    check(store, result);
    return result.refusal.empty();
  } catch (const std::exception&) {  // no memory: not accepted
    X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
    return false;
  }
}

std::string server_end_point(const X509* certificate) {
  int hash = NID_undef;
  if (X509_get_signature_info(const_cast<X509*>(certificate), &hash, nullptr, nullptr, nullptr) !=
          1 ||
      hash == NID_undef)
    return {};
  if (hash == NID_md5 || hash == NID_sha1) hash = NID_sha256;
  const EVP_MD* method = EVP_get_digestbynid(hash);
  std::string binding(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (method == nullptr ||
      X509_digest(certificate, method, reinterpret_cast<unsigned char*>(binding.data()), &size) !=
          1)
    return {};
  binding.resize(size);
  return binding;
}

std::string parse_pin(const std::string& text) {
  constexpr std::string_view kScheme = "sha256//";
  if (text.starts_with(kScheme)) {
    const auto pin = base64_decode(std::string_view(text).substr(kScheme.size()));
    if (pin && pin->size() == kSHA256Bytes) return *pin;
  }
  throw std::invalid_argument("pinned public key: want sha256//BASE64 of 32 bytes, got " +
                              quoted(text));
}

}  // namespace proto::tls
