// The aliases file: "root: admin@example.org, ops" lines; "default:" stands for every other local
// name. "#" begins a comment, a line that begins with a blank goes on with the one before.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/mail_address.h"

namespace proto::sendmail {

class Aliases {
 public:
  Aliases() = default;
  // Commands, files and includes have no meaning here: each is a warning, and passed over. Throws
  // std::invalid_argument where a line has no name.
  static Aliases parse(std::string_view text, std::vector<std::string>& warnings);

  // Whom a local name stands for, through any number of aliases; a name without one stays. Nothing
  // where the name has no alias.
  std::optional<std::vector<MailAddress>> expand(std::string_view local_name) const;

 private:
  const std::vector<MailAddress>* find(std::string_view name) const;
  std::map<std::string, std::vector<MailAddress>> names_;  // in lower case
};

}  // namespace proto::sendmail
