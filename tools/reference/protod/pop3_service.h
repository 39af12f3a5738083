// protod's POP3: a Maildir.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "proto/stream.h"
#include "reference/protod/accounts.h"

namespace proto::protod {

struct POP3Service {
  std::string maildir;  // everybody's
  const Accounts& accounts;
  std::shared_ptr<const TLSContext> tls;                            // null: STLS is not offered
  std::chrono::milliseconds command_time{std::chrono::minutes(1)};  // for a line to come whole
};

// Serves one session: RFC 1939 with USER, APOP, TOP and UIDL, CAPA, STLS, SASL (PLAIN, LOGIN,
// CRAM-MD5, SCRAM-SHA-256), PIPELINING, RESP-CODES. Returns when the client has quit or gone.
// Throws what the stream throws.
void serve_pop3(Stream& stream, const POP3Service& service);

}  // namespace proto::protod
