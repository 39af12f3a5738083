// SCRAM (RFC 5802, 7677): the arithmetic and the messages that client and server share.
#pragma once

#include <string>
#include <string_view>

#include "base/crypto.h"

namespace proto {

// A server that asks for fewer makes the password cheap to guess (RFC 7677 §4); one that asks for
// more stops the client for seconds.
inline constexpr unsigned kMinScramIterations = 4096;
inline constexpr unsigned kMaxScramIterations = 2'000'000;

// What both sides derive from the password.
struct ScramKeys {
  std::string client_key;
  std::string stored_key;
  std::string server_key;
};
ScramKeys scram_keys(DigestAlgorithm algorithm, std::string_view password, std::string_view salt,
                     unsigned iterations);
// ClientKey XOR HMAC(StoredKey, AuthMessage).
std::string scram_proof(DigestAlgorithm algorithm, const ScramKeys& keys,
                        std::string_view auth_message);

// "a=value,b=value": takes the attribute at the front off `text`. Throws ProtocolError where it is
// not `name`.
std::string_view take_scram_attribute(std::string_view& text, char name);

// "=" and "," as they stand in a name (RFC 5802 §5.1), and back (throws ProtocolError).
std::string escape_scram_name(std::string_view name);
std::string unescape_scram_name(std::string_view text);

// 1*(%x21-2B / %x2D-7E).
bool is_scram_nonce(std::string_view text) noexcept;

}  // namespace proto
