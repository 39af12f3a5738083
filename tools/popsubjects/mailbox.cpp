#include "popsubjects/mailbox.h"

#include <algorithm>
#include <chrono>
#include <unordered_set>
#include <utility>

#include "base/characters.h"
#include "common/log.h"
#include "common/mail_exit.h"
#include "proto/header_text.h"

namespace proto::tools {

namespace {

// Bytes. A header above the first is no honest one; a message above the second is not fetched for
// its header's sake.
constexpr std::uint64_t kMaxHeader = std::uint64_t{2} * 1024 * 1024;
constexpr std::uint64_t kMaxRetr = std::uint64_t{64} * 1024 * 1024;

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

POP3Options connection_of(const PopOptions& o, Deadline deadline) {
  POP3Options options;
  options.tls = o.tls;
  options.cleartext_login = o.tls == TLSMode::none;  // said in so many words
  options.limits.top = kMaxHeader;
  options.limits.message = kMaxRetr + kMaxRetr / 8;  // sizes are not always exact
  options.connect.family = family_of(o.connection);
  options.connect.timeouts.connect = milliseconds(o.timeout);
  options.connect.timeouts.idle = milliseconds(o.timeout);
  options.connect.timeouts.total =
      std::max(std::chrono::milliseconds(1),
               std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining()));
  options.connect.trace = make_trace(o.verbosity);
  if (o.tls == TLSMode::none) return options;
  try {
    options.connect.tls = TLSContext::client(tls_options_of(o.connection));
  } catch (const TLSError& e) {
    throw ConfigurationError(e.what());
  }
  return options;
}

// Keeps a header, throws the body away.
class HeaderOnly {
 public:
  void add(std::string_view text) {
    if (complete_) return;
    const std::size_t from = header_.size() - std::min<std::size_t>(header_.size(), 3);
    header_ += text;
    const auto end = std::min(header_.find("\n\r\n", from), header_.find("\n\n", from));
    if (end == std::string::npos && header_.size() < kMaxHeader) return;
    complete_ = true;
    header_.resize(std::min(header_.size(), end == std::string::npos ? kMaxHeader : end + 1));
  }
  std::string_view text() const { return header_; }

 private:
  std::string header_;
  bool complete_ = false;
};

std::string words_of(const POP3Error& error) {
  return error.text().empty() ? "refused by the server" : error.text();
}

}  // namespace

Deadline deadline_of(const PopOptions& o) {
  return Deadline::after(milliseconds(o.deadline));
}

POP3 open_mailbox(const PopOptions& o, const Credentials& credentials, Deadline deadline) {
  POP3 pop(o.host, o.port, connection_of(o, deadline));
  pop.set_deadline(deadline);
  if (o.auth == "auto") {
    pop.login(credentials);
  } else if (o.auth == "user") {
    pop.user(credentials.user);
    pop.pass(credentials.password);
  } else if (o.auth == "apop") {
    pop.apop(credentials.user, credentials.password);
  } else {
    pop.capa();  // whether it offers -PLUS is part of SCRAM
    pop.auth(o.auth, credentials);
  }
  return pop;
}

POP3Stat Mailbox::stat() {
  if (!stat_) stat_ = pop_.stat();
  return *stat_;
}

const std::vector<std::uint64_t>& Mailbox::sizes() {
  if (sizes_) return *sizes_;
  sizes_.emplace();
  const auto list = pop_.list();
  if (list.size() != stat().count) return *sizes_;
  sizes_->resize(list.size() + 1);
  for (const auto& [number, octets] : list) (*sizes_)[number] = octets;
  return *sizes_;
}

const std::vector<std::string>& Mailbox::uids() {
  if (uids_) return *uids_;
  uids_.emplace();
  std::vector<POP3Uid> list;
  try {
    list = pop_.uidl();
  } catch (const POP3Error& e) {
    // A server that has it, but not now, must not make everything look new.
    if (e.temporary() || pop_.has_capability("UIDL")) throw;
    return *uids_;
  }
  // Of a list with gaps, what is missing would be taken for gone, and be new again later.
  if (list.size() != stat().count) {
    throw ProtocolError("POP3 UIDL: want a line for each of " + std::to_string(stat().count) +
                        " messages, got " + std::to_string(list.size()));
  }
  std::unordered_set<std::string_view> known;
  for (const POP3Uid& entry : list) known.insert(entry.uid);
  if (known.size() != list.size()) return *uids_;
  uids_->resize(list.size() + 1);
  for (POP3Uid& entry : list) (*uids_)[entry.number] = std::move(entry.uid);
  return *uids_;
}

// A server without CAPA does not say: the first message shows it.
bool Mailbox::top_works(POP3Numbers numbers) {
  if (pop_.has_capability("TOP")) return true;
  if (pop_.has_capability("UIDL") || pop_.has_capability("USER") || pop_.has_capability("SASL"))
    return false;
  try {
    pop_.top(numbers[0], 0);
    return true;
  } catch (const POP3MessageError&) {
    return false;
  }
}

void Mailbox::fetch(POP3Numbers numbers, const std::function<void(const Header&)>& each) {
  if (numbers.size() == 0) return;
  if (by_retr_ || !top_works(numbers)) return fetch_by_retr(numbers, each);
  pop_.top(numbers, 0, [&](const POP3Item& item) {
    Header header{item.number, item.text, {}, false};
    if (item.error != nullptr) {
      header.error = words_of(*item.error);
      header.temporary = item.error->temporary();
    }
    each(header);
  });
}

void Mailbox::fetch_by_retr(POP3Numbers numbers, const std::function<void(const Header&)>& each) {
  const auto& octets = sizes();
  for (std::uint64_t i = 0; i < numbers.size(); ++i) {
    Header header{numbers[i], {}, {}, false};
    HeaderOnly text;
    if (header.number < octets.size() && octets[header.number] > kMaxRetr) {
      header.error = "too large to fetch: " + std::to_string(octets[header.number]) + " bytes";
    } else {
      try {
        pop_.retr(header.number, [&](std::string_view piece) { text.add(piece); });
        header.text = text.text();
      } catch (const POP3MessageError& e) {
        header.error = words_of(e);
        header.temporary = e.temporary();
      }
    }
    each(header);
  }
}

}  // namespace proto::tools
