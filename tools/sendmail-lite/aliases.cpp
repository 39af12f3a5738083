#include "sendmail-lite/aliases.h"

#include <algorithm>
#include <functional>
#include <set>
#include <stdexcept>

#include "base/characters.h"

namespace proto::sendmail {
namespace {

constexpr std::size_t kMaxExpansion = 10000;

// Logical lines: comments and empty lines gone, continuations joined.
std::vector<std::string> logical_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty() || trim(line).front() == '#') continue;
    if (is_blank(line.front()) && !lines.empty()) {
      lines.back().append(line);
    } else {
      lines.emplace_back(line);
    }
  }
  return lines;
}

// A command or a file, which must not be said to the relay for a name.
bool is_no_address(const MailAddress& target) {
  return target.domain.empty() && (target.local.starts_with('|') || target.local.starts_with('/'));
}

}  // namespace

Aliases Aliases::parse(std::string_view text, std::vector<std::string>& warnings) {
  Aliases aliases;
  for (const auto& line : logical_lines(text)) {
    const std::size_t colon = line.find(':');
    const std::string name =
        lower(trim(std::string_view(line).substr(0, std::min(colon, line.size()))));
    if (colon == std::string::npos || name.empty())
      throw std::invalid_argument("want \"name: address\", got " + quoted(line));
    AddressList list = parse_address_list(std::string_view(line).substr(colon + 1));
    for (const auto& defect : list.defects)
      warnings.push_back("alias " + quoted(name) + ": " + defect);
    for (auto& target : list.addresses)
      if (target.local.starts_with('\\')) target.local.erase(0, 1);  // "\joe": joe himself
    std::erase_if(list.addresses, [&](const MailAddress& target) {
      if (!is_no_address(target)) return false;
      warnings.push_back("alias " + quoted(name) + ": " + quoted(target.local) + " is no address");
      return true;
    });
    if (!list.addresses.empty()) aliases.names_[name] = std::move(list.addresses);
  }
  return aliases;
}

const std::vector<MailAddress>* Aliases::find(std::string_view name) const {
  auto at = names_.find(lower(name));
  if (at == names_.end()) at = names_.find("default");
  return at == names_.end() ? nullptr : &at->second;
}

std::optional<std::vector<MailAddress>> Aliases::expand(std::string_view local_name) const {
  if (find(local_name) == nullptr) return std::nullopt;
  std::vector<MailAddress> found;
  std::set<std::string> seen;
  const std::function<void(const MailAddress&)> visit = [&](const MailAddress& address) {
    if (!seen.insert(lower(address.local) + "@" + address.domain).second) return;
    const auto* const targets = address.domain.empty() ? find(address.local) : nullptr;
    if (targets == nullptr && found.size() < kMaxExpansion) found.push_back(address);
    if (targets == nullptr) return;
    for (const auto& target : *targets) {
      // A name that stands for itself is an end.
      const bool itself =
          target.domain.empty() && equals_ignoring_case(target.local, address.local);
      if (itself) {
        found.push_back(target);
      } else {
        visit(target);
      }
    }
  };
  const MailAddress name{{}, std::string(local_name), {}, {}};
  visit(name);
  if (found.empty()) found.push_back(name);  // a circle
  return found;
}

}  // namespace proto::sendmail
