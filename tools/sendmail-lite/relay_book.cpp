#include "sendmail-lite/relay_book.h"

#include <stdexcept>

namespace proto::sendmail {

RelayBook::Pair RelayBook::make(const Options& options) const {
  Pair pair;
  pair.relay = std::make_unique<SMTPRelay>(options.relay, trace_);
  if (!options.fallback.host.empty()) {
    RelayOptions second = options.relay;
    second.host = options.fallback.host;
    second.port = options.fallback.port;
    second.tls = options.fallback.tls;
    second.user = options.fallback.user;
    second.unix_socket.clear();
    second.lmtp = false;
    pair.fallback = std::make_unique<SMTPRelay>(second, trace_);
  }
  return pair;
}

Route RelayBook::route(const Options& options) {
  auto& pair = pairs_[options.relay_words];
  if (!pair.relay) pair = make(options);
  return pair.route();
}

std::vector<std::string> RelayBook::all_of(const std::vector<std::string>& words) const {
  std::vector<std::string> all = words;
  if (words != own_) all.insert(all.end(), own_.begin(), own_.end());
  return all;
}

Parsed RelayBook::parsed(const std::vector<std::string>& words) const {
  return parse_options(all_of(words));
}

Route RelayBook::route(const std::vector<std::string>& words) {
  const auto all = all_of(words);
  if (const auto at = pairs_.find(all); at != pairs_.end()) return at->second.route();
  const Parsed parsed = parse_options(all);
  if (!parsed.config_error.empty()) throw std::runtime_error(parsed.config_error);
  return (pairs_[all] = make(parsed.options)).route();
}

}  // namespace proto::sendmail
