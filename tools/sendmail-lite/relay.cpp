#include "sendmail-lite/relay.h"

#include <algorithm>
#include <string_view>

namespace proto::sendmail {

bool Attempt::any(Fate fate) const noexcept {
  return std::any_of(outcomes.begin(), outcomes.end(),
                     [&](const Outcome& o) { return o.fate == fate; });
}

int status_of_refusals(const std::vector<Outcome>& outcomes) noexcept {
  int status = tools::kDone;
  for (const auto& outcome : outcomes) {
    if (outcome.fate != Fate::refused) continue;
    if (!outcome.no_such_recipient) return tools::kUnavailable;
    status = tools::kNoUser;
  }
  return status;
}

}  // namespace proto::sendmail
