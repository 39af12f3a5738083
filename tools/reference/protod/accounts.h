// Who may log in to protod.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "proto/secret.h"

namespace proto::protod {

class Accounts {
 public:
  void add(std::string_view user, Secret password) {
    passwords_.insert_or_assign(std::string(user), std::move(password));
  }
  // A file of lines "user:password"; empty ones and those that begin with '#' are passed over.
  // Throws std::runtime_error where it cannot be read.
  static Accounts from_file(const std::string& path);

  // demo, whose password is demo.
  static Accounts demonstration();

  bool empty() const noexcept { return passwords_.empty(); }
  std::optional<Secret> password_of(std::string_view user) const {
    const auto found = passwords_.find(user);
    return found == passwords_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::map<std::string, Secret, std::less<>> passwords_;
};

}  // namespace proto::protod
