// SASL, the server's side, for the reference servers: PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-256 and,
// where the connection has a channel binding, SCRAM-SHA-256-PLUS.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/secret.h"
#include "wire/sasl.h"

namespace proto {

// A user's password; nothing for a user that there is not.
using PasswordLookup = std::function<std::optional<Secret>(std::string_view user)>;

// One exchange. Challenges and responses are bytes: base64 is the protocol's part.
class SaslServer {
 public:
  enum class Verdict { go_on, accepted, refused };
  struct Step {
    Verdict verdict;
    std::string challenge;  // where it goes on
  };

  virtual ~SaslServer() = default;
  // The client's next response; nothing: the command came without one.
  virtual Step step(std::optional<std::string_view> response) = 0;
  // Who was accepted.
  const std::string& user() const noexcept { return user_; }

 protected:
  explicit SaslServer(PasswordLookup lookup) : lookup_(std::move(lookup)) {}
  Step verdict(bool accepted) const {
    return {accepted ? Verdict::accepted : Verdict::refused, {}};
  }

  PasswordLookup lookup_;
  std::string user_;
};

// What the server knows of the connection.
struct SaslServerContext {
  std::string host = "localhost";          // CRAM-MD5's challenge names it
  std::vector<ChannelBinding> bindings{};  // any of these will do; none: no -PLUS
  std::string nonce{};                     // for test vectors; empty: random
};

// The mechanisms that make_sasl_server() knows, as a list of capabilities has them.
std::string sasl_server_mechanisms(const SaslServerContext& context);
// Null for a mechanism that is not among them.
std::unique_ptr<SaslServer> make_sasl_server(std::string_view mechanism, PasswordLookup lookup,
                                             SaslServerContext context);

}  // namespace proto
