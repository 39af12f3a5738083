// One SASL login as POP3 (RFC 5034) and SMTP (RFC 4954) carry it: base64 lines.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "wire/sasl.h"

namespace proto {

class TLSTransport;

// What binds a login to the connection that it goes over: "tls-exporter" (RFC 9266), else
// "tls-server-end-point" (RFC 5929 §4). Empty where there is neither, or no TLS (null).
ChannelBinding binding_of(const TLSTransport* tls);

// What the server answered to a line of the exchange.
struct SaslReply {
  enum class Kind { challenge, yes, no };
  Kind kind;
  std::string text;  // of a challenge: its base64
};

// Sends the line made of `prefix` and `secret` (either may be empty) and reads the reply. Only
// `prefix` may be shown.
using SaslTurn = std::function<SaslReply(std::string_view prefix, std::string_view secret)>;

// No mechanism here needs more.
inline constexpr int kMaxSaslChallenges = 4;

// "AUTH MECHANISM [initial-response]" and all that follows. The initial response goes along only
// where `allow_initial` is true and the command stays within `max_command_bytes`. False: the server
// refused; its last reply says why. Throws ProtocolError (the exchange was cancelled with "*"
// before, where the server waits for an answer) and LimitError: too many challenges.
bool run_sasl(SaslClient& client, bool allow_initial, std::size_t max_command_bytes,
              const SaslTurn& turn);

}  // namespace proto
