// SASL (RFC 4422), the client's side: what to answer to a server's challenges.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/credentials.h"

namespace proto {

// What ties a login to the TLS connection it goes over (RFC 5056). Empty name: there is none.
struct ChannelBinding {
  std::string name;  // "tls-exporter" (RFC 9266), "tls-server-end-point" (RFC 5929)
  std::string data;
};

// What a mechanism may need to know of the connection.
struct SaslContext {
  std::string host{};  // OAUTHBEARER names them
  std::uint16_t port = 0;
  ChannelBinding binding{};
  bool server_offers_plus = false;  // any mechanism "...-PLUS" was among those offered
  std::string nonce{};              // for test vectors; empty: random
};

// One exchange of one mechanism. Challenges and responses are bytes: base64 is the protocol's part.
class SaslClient {
 public:
  virtual ~SaslClient() = default;
  virtual std::string_view mechanism() const noexcept = 0;
  // What may go along with the command; nothing where the server speaks first.
  virtual std::optional<Secret> initial_response() { return std::nullopt; }
  // Throws ProtocolError for a challenge that is no part of the mechanism.
  virtual Secret respond(std::string_view challenge) = 0;
  // To be called when the server says yes. Throws ProtocolError where that comes too early, or
  // before the server has proved that it knows the password (SCRAM).
  virtual void succeeded() const {}
  // What the server gave as its reason inside the exchange, as it came; mostly empty.
  virtual std::string_view server_error() const noexcept { return {}; }
};

// `mechanism` as on the wire, in any case: PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1(-PLUS),
// SCRAM-SHA-256(-PLUS), XOAUTH2, OAUTHBEARER, EXTERNAL. Throws std::invalid_argument: not one of
// these, or the credentials cannot be used with it (nothing to log in with, control characters).
std::unique_ptr<SaslClient> make_sasl_client(std::string_view mechanism,
                                             const Credentials& credentials,
                                             const SaslContext& context);

// What decides which mechanism is used.
struct SaslPolicy {
  bool secrets_may_go = false;  // over TLS, to this machine, or because the caller says so
  bool can_bind = false;        // the connection has a channel binding
};

// True for those that send the password or the token itself, not a proof of it.
bool sends_secret(std::string_view mechanism) noexcept;

// The strongest of those offered that the credentials and the policy allow; empty: none. There is
// no second choice: after a refusal, a weaker one would give the password to whoever refused.
std::string_view choose_mechanism(const std::vector<std::string>& offered,
                                  const Credentials& credentials, const SaslPolicy& policy);

// Base64 that is wiped.
Secret base64_encode(const Secret& bytes);

}  // namespace proto
