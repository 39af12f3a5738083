#include "reference/protod/accounts.h"

#include <algorithm>
#include <stdexcept>

#include "common/atomic_file.h"

namespace proto::protod {

Accounts Accounts::from_file(const std::string& path) {
  Accounts accounts;
  std::string text = tools::read_file(path, std::uint64_t{1024} * 1024);
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto colon = line.find(':');
    if (line.empty() || line.starts_with('#')) continue;
    if (colon == std::string_view::npos)
      throw std::runtime_error(path + ": want lines of user:password");
    accounts.add(line.substr(0, colon), Secret(line.substr(colon + 1)));
  }
  wipe(text.data(), text.size());
  return accounts;
}

Accounts Accounts::demonstration() {
  Accounts accounts;
  accounts.add("demo", Secret("demo"));
  return accounts;
}

}  // namespace proto::protod
