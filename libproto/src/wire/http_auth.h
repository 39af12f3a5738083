// HTTP authentication: challenges (RFC 9110 §11), Basic (RFC 7617), Digest (RFC 7616), Bearer (RFC
// 6750).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/crypto.h"
#include "proto/fields.h"
#include "proto/secret.h"

namespace proto {

struct Challenge {
  std::string scheme;                                           // lower case
  std::string token68;                                          // or parameters, or neither
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case, unquoted

  // Null where there is none of that name, which is in lower case.
  const std::string* find(std::string_view name) const noexcept;
};
// One value of WWW-Authenticate or Proxy-Authenticate: a list. What follows a malformed part is
// dropped.
std::vector<Challenge> parse_challenges(std::string_view value);
// Of every field `name`.
std::vector<Challenge> challenges_in(const Fields& fields, std::string_view name);

// What a Digest challenge asks for.
struct DigestChallenge {
  DigestAlgorithm algorithm = DigestAlgorithm::md5;
  bool session = false;  // "-sess"
  bool has_qop = false;  // none: as in RFC 2069
  bool auth = false;
  bool auth_int = false;
  bool stale = false;  // the nonce was too old, the password was not wrong
  bool user_hash = false;
  bool utf8 = false;
  std::string realm;
  std::string nonce;
  std::optional<std::string> opaque;
};
// Nothing where it is not Digest, or asks for what is not known here.
std::optional<DigestChallenge> parse_digest(const Challenge& challenge);

enum class AuthScheme { basic, digest, bearer };
struct AuthAllowed {
  bool basic = true;
  bool digest = true;
  bool bearer = false;
};
struct AuthChoice {
  AuthScheme scheme = AuthScheme::basic;
  DigestChallenge digest;  // for Digest
};
// The strongest that is offered and allowed: Bearer, Digest by SHA-512-256, SHA-256, MD5, Basic.
std::optional<AuthChoice> choose_auth(const std::vector<Challenge>& challenges,
                                      const AuthAllowed& allowed);

// Values of Authorization. Each throws std::invalid_argument for a user's name with ':' in it,
// control characters, and a token that is no token68.
Secret basic_authorization(std::string_view user, const Secret& password);
Secret bearer_authorization(const Secret& token);

// Answers to one Digest challenge, and what follows from it: each request counts. Keeps no
// password, only its digest.
class DigestAuth {
 public:
  // `cnonce` is for tests; empty: random. Throws std::invalid_argument as basic_authorization().
  DigestAuth(DigestChallenge challenge, std::string_view user, const Secret& password,
             std::string cnonce = {});

  // The server offers auth-int only: the whole body is part of the answer.
  bool needs_body() const noexcept;
  // The value of Authorization for a request; `body` counts only where needs_body().
  std::string authorization(std::string_view method, std::string_view target,
                            std::string_view body = {});
  // Takes the value of Authentication-Info in the response to the last request: the next nonce.
  // False: the server's own proof is wrong, it does not know the password.
  bool take_info(std::string_view authentication_info);

  const std::string& realm() const noexcept { return challenge_.realm; }

 private:
  std::string hash(std::string_view text) const;
  std::string respond(std::string_view a2) const;
  std::string_view qop() const noexcept;

  DigestChallenge challenge_;
  std::string user_;
  Secret ha1_;
  std::string cnonce_;
  std::uint32_t count_ = 0;
  std::string target_;  // of the last request
};

}  // namespace proto
