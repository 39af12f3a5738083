#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>
#include <utility>

namespace proto {

namespace {

const EVP_MD* method(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::md5:
      return EVP_md5();
    case DigestAlgorithm::sha1:
      return EVP_sha1();
    case DigestAlgorithm::sha256:
      return EVP_sha256();
    case DigestAlgorithm::sha512:
      return EVP_sha512();
    case DigestAlgorithm::sha512_256:
      return EVP_sha512_256();
  }
  throw std::invalid_argument("digest: no such algorithm");
}

// MD5 may be switched off by the system's policy; everything else failing means no memory.
void require(bool ok, const char* what) {
  if (!ok)
    throw std::runtime_error(std::string(what) + ": not available from OpenSSL on this machine");
}

const unsigned char* bytes(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

}  // namespace

struct Digest::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
};

Digest::Digest(DigestAlgorithm algorithm) : state_(std::make_unique<State>()) {
  require(EVP_DigestInit_ex(state_->context, method(algorithm), nullptr) == 1, "digest");
}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

void Digest::update(std::string_view data) {
  require(EVP_DigestUpdate(state_->context, data.data(), data.size()) == 1, "digest");
}

std::string Digest::finish() {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  require(
      EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(out.data()), &size) == 1,
      "digest");
  out.resize(size);
  return out;
}

std::string digest(DigestAlgorithm algorithm, std::string_view data) {
  Digest d(algorithm);
  d.update(data);
  return d.finish();
}

std::string hmac(DigestAlgorithm algorithm, std::string_view key, std::string_view data) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  require(HMAC(method(algorithm), key.data(), static_cast<int>(key.size()), bytes(data),
               data.size(), reinterpret_cast<unsigned char*>(out.data()), &size) != nullptr,
          "hmac");
  out.resize(size);
  return out;
}

std::string pbkdf2(DigestAlgorithm algorithm, std::string_view password, std::string_view salt,
                   unsigned iterations) {
  const EVP_MD* md = method(algorithm);
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(md)), '\0');
  require(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes(salt),
                            static_cast<int>(salt.size()), static_cast<int>(iterations), md,
                            static_cast<int>(out.size()),
                            reinterpret_cast<unsigned char*>(out.data())) == 1,
          "pbkdf2");
  return out;
}

bool equals_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace proto
