#include "sendmail-lite/submission.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <set>
#include <stdexcept>

#include "base/characters.h"
#include "proto/header_text.h"
#include "proto/message_edit.h"

namespace proto::sendmail {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

class Preparer {
 public:
  Preparer(std::string_view message, const SubmissionRules& rules)
      : rules_(rules), editor_(message) {
    out_.body = message.substr(editor_.header_size());
  }

  Submission run(const Request& request, Time now) {
    const MailAddress sender = sender_of(request);
    add_recipients(request);
    if (out_.envelope.to.empty())
      throw std::invalid_argument(out_.rejected.empty() ? "no recipients" : out_.rejected.front());
    if (!rules_.from.empty()) editor_.replace_sender(MailAddress::parse(rules_.from));
    editor_.replace_recipients([this](const MailAddress& a) { return stands_for(a); });
    editor_.remove_blind_copies();
    const bool anonymous = !editor_.has("From");
    editor_.add_missing({header_sender(sender), MailDate::now(), {}});
    if (rules_.as_it_came && anonymous) editor_.remove("From");
    out_.envelope.created = now;
    out_.envelope.message_id = trim(editor_.text("Message-ID").value_or(""));
    std::erase_if(out_.envelope.message_id, is_control);
    out_.header = editor_.to_string();
    return std::move(out_);
  }

 private:
  // Local: without a domain, or with this machine's own name.
  bool is_local(const MailAddress& address) const {
    return address.domain.empty() || equals_ignoring_case(address.domain, "localhost") ||
           equals_ignoring_case(address.domain, rules_.identity.host);
  }

  MailAddress qualified(MailAddress address, const std::string& domain) const {
    if (address.domain.empty()) address.domain = domain;
    return address;
  }

  // Nothing where the address stays as it is.
  std::optional<std::vector<MailAddress>> stands_for(const MailAddress& address) const {
    if (!is_local(address)) return std::nullopt;
    std::optional<std::vector<MailAddress>> found;
    if (rules_.aliases != nullptr) found = rules_.aliases->expand(address.local);
    if (!found && (rules_.domain.empty() || !address.domain.empty())) return std::nullopt;
    if (!found) found = {address};
    for (auto& one : *found) one = qualified(one, rules_.domain);
    return found;
  }

  // The one `from` setting governs; a null sender stays null, or a bounce would be answered.
  MailAddress sender_of(const Request& request) {
    const std::string said(trim(request.sender.value_or("-")));
    MailAddress sender{{}, rules_.identity.user, {}, {}};
    if (said.empty() || said == "<>") return sender;
    if (!rules_.from.empty()) {
      sender = MailAddress::parse(rules_.from);
    } else if (request.sender) {
      sender = MailAddress::parse(said);
    }
    if (!rules_.as_it_came) sender = qualified(sender, rules_.identity.domain);
    out_.envelope.from = envelope_address(sender.address()).address;
    return sender;
  }

  MailAddress header_sender(MailAddress sender) const {
    sender = qualified(sender, rules_.identity.domain);
    if (!rules_.full_name.empty()) {
      sender.display_name = rules_.full_name;
    } else if (sender.display_name.empty() && sender.local == rules_.identity.user) {
      sender.display_name = rules_.identity.full_name;
    }
    return sender;
  }

  void add_recipient(const MailAddress& address) {
    try {
      std::string text = envelope_address(address.address()).address;
      if (text.empty()) throw std::invalid_argument("nobody");
      if (seen_.insert(text).second) out_.envelope.to.push_back(std::move(text));
    } catch (const std::invalid_argument& e) {
      out_.rejected.push_back(quoted(address.local) + ": " + e.what());
    }
  }

  void add_list(const AddressList& list) {
    for (const auto& address : list.addresses) {
      const auto others = stands_for(address);
      if (!others) {
        add_recipient(address);
      } else {
        for (const auto& other : *others) add_recipient(other);
      }
    }
    for (const auto& defect : list.defects) out_.rejected.push_back(defect);
  }

  void add_recipients(const Request& request) {
    for (const auto& text : request.recipients) {
      if (std::any_of(text.begin(), text.end(), is_control)) {
        out_.rejected.push_back("control character in the recipient " + quoted(text));
      } else {
        add_list(parse_address_list(text));
      }
    }
    if (request.from_header) add_list(editor_.recipients());
  }

  const SubmissionRules& rules_;
  HeaderEditor editor_;
  Submission out_;
  std::set<std::string> seen_;
};

}  // namespace

Identity Identity::ours() {
  Identity identity;
  identity.host = host_name();
  identity.domain = identity.host;
  std::ifstream mailname("/etc/mailname");
  std::string line;
  if (mailname && std::getline(mailname, line) && !trim(line).empty()) identity.domain = trim(line);
  if (const passwd* const entry = ::getpwuid(::getuid()); entry != nullptr) {
    identity.user = entry->pw_name;
    const std::string_view gecos = entry->pw_gecos;
    identity.full_name = gecos.substr(0, gecos.find(','));
  } else if (const char* const name = std::getenv("LOGNAME"); name != nullptr) {
    identity.user = name;
  }
  if (identity.user.empty()) identity.user = "nobody";
  return identity;
}

Submission prepare(std::string_view message, const Request& request, const SubmissionRules& rules,
                   Time now) {
  return Preparer(message, rules).run(request, now);
}

}  // namespace proto::sendmail
