// What a message needs, and what the server has: settled before MAIL, so that what cannot go is
// refused or re-encoded while nothing has been sent.
#pragma once

#include <cstddef>
#include <vector>

#include "protocol/smtp_transaction.h"

namespace proto {

// Both throw SMTPNotSupportedError, and want an envelope that was checked and outlives the plan.
SMTPPlan plan_rehearsal(const SMTPChannel& channel, const Envelope& envelope, std::uint64_t size);
// May put another text into `body`: the message re-encoded. Of an old `plan` only the memory
// serves.
void plan_message(const SMTPChannel& channel, const Envelope& envelope, SMTPBody& body,
                  SendOptions::Transfer transfer, SMTPPlan& plan);

// RFC 9422: the server takes no further message over this connection.
bool mail_max_reached(const SMTPChannel& channel);

// RFC 9422: where the transaction ends whose recipients begin with the one at `begin`. Behind the
// last, where the server names no limits.
std::size_t end_by_limits(const SMTPCapabilities& has, const Envelope& envelope, std::size_t begin);

}  // namespace proto
