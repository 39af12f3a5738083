// What popsubjects asks of a POP3 server.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "popsubjects/options.h"
#include "proto/pop3.h"

namespace proto::tools {

// When all of it has to be over, from now on.
Deadline deadline_of(const PopOptions& options);
// Connects and logs in. Throws what POP3 throws, and ConfigurationError for TLS files that cannot
// be used.
POP3 open_mailbox(const PopOptions& options, const Credentials& credentials, Deadline deadline);

// One message's header, or why it could not be had.
struct Header {
  std::uint32_t number;
  std::string_view text;  // dies with the call
  std::string error;
  bool temporary = false;  // the error may be gone next time
};

class Mailbox {
 public:
  Mailbox(POP3& pop, bool by_retr) : pop_(pop), by_retr_(by_retr) {}

  POP3Stat stat();
  // By number (the first at 1); empty where the server does not know it for every message.
  const std::vector<std::uint64_t>& sizes();
  // The same; empty also where two have the same.
  const std::vector<std::string>& uids();
  // By TOP; where the server knows none, by RETR, with what follows the header thrown away.
  void fetch(POP3Numbers numbers, const std::function<void(const Header&)>& each);

 private:
  bool top_works(POP3Numbers numbers);
  void fetch_by_retr(POP3Numbers numbers, const std::function<void(const Header&)>& each);

  POP3& pop_;
  bool by_retr_;
  std::optional<POP3Stat> stat_;
  std::optional<std::vector<std::uint64_t>> sizes_;
  std::optional<std::vector<std::string>> uids_;
};

}  // namespace proto::tools
