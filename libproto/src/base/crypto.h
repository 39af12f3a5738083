// Digests, HMAC and PBKDF2: all of OpenSSL outside net/tls*.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace proto {

enum class DigestAlgorithm { md5, sha1, sha256, sha512, sha512_256 };

// The digest's bytes, not hexadecimal.
std::string digest(DigestAlgorithm algorithm, std::string_view data);
std::string hmac(DigestAlgorithm algorithm, std::string_view key, std::string_view data);
// RFC 8018 PBKDF2, as long as the digest.
std::string pbkdf2(DigestAlgorithm algorithm, std::string_view password, std::string_view salt,
                   unsigned iterations);
// In time that depends on the sizes only.
bool equals_in_constant_time(std::string_view a, std::string_view b) noexcept;

// A digest of what comes in pieces.
class Digest {
 public:
  explicit Digest(DigestAlgorithm algorithm);
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();
  void update(std::string_view data);
  // Ends it: no call after this one.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace proto
