// protod's SMTP: mail into a Maildir.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "proto/stream.h"
#include "reference/protod/accounts.h"

namespace proto::protod {

struct SMTPService {
  std::string maildir;  // everybody's
  const Accounts& accounts;
  std::shared_ptr<const TLSContext> tls;                            // null: STARTTLS is not offered
  std::chrono::milliseconds command_time{std::chrono::minutes(1)};  // for a line to come whole
  std::uint64_t max_message = 64 * 1024 * 1024;
  std::size_t max_recipients = 1000;
};

// Serves one session: RFC 5321 with SIZE, 8BITMIME, SMTPUTF8, PIPELINING, CHUNKING, DSN,
// ENHANCEDSTATUSCODES, AUTH (PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-256) and STARTTLS. A message is
// durable before it is taken. Returns when the client has quit or gone. Throws what the stream
// throws.
void serve_smtp(Stream& stream, const SMTPService& service);

}  // namespace proto::protod
