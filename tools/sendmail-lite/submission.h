// From what a caller hands over to what goes into the queue: envelope and header put right.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/mail_address.h"
#include "sendmail-lite/aliases.h"
#include "sendmail-lite/queue_format.h"

namespace proto::sendmail {

// Who runs this program, and where.
struct Identity {
  std::string user;       // "root"
  std::string full_name;  // may be empty
  std::string domain;     // what is put behind the sender's local name
  std::string host;       // this machine's own name: mail for it is local
  // Of the real user; the domain is /etc/mailname's, or the host's name.
  static Identity ours();
};

struct SubmissionRules {
  Identity identity;
  std::string from;       // the one sender, in envelope and header; empty: as the message has it
  std::string full_name;  // for a From that is missing; empty: the identity's
  std::string domain;     // put behind local recipients without an alias; empty: they stay so
  const Aliases* aliases = nullptr;
  // Nobody knows the rules yet: local names stay without a domain, and a missing From stays
  // missing. What comes of it can be prepared again.
  bool as_it_came = false;
};

// What the caller said beside the message.
struct Request {
  std::optional<std::string> sender;    // "" or "<>": the null sender; nothing: who runs this
  std::vector<std::string> recipients;  // each may be a list with commas
  bool from_header = false;             // -t: those of the header too
};

struct Submission {
  QueuedEnvelope envelope;            // without options
  std::string header;                 // with its blank line
  std::string_view body;              // a view into the message
  std::vector<std::string> rejected;  // recipients that are no addresses, and why: a line each
};

// Expands aliases, in the envelope and in the header; adds Date, Message-ID and From where they are
// missing; takes Bcc out; drops a leading "From " line. `message` must outlive the result. Throws
// std::invalid_argument where the sender is no address, or nobody is left to send to.
Submission prepare(std::string_view message, const Request& request, const SubmissionRules& rules,
                   Time now);

}  // namespace proto::sendmail
