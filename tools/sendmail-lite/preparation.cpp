#include "sendmail-lite/preparation.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/characters.h"
#include "sendmail-lite/kept_words.h"
#include "wire/smtp_command.h"

namespace proto::sendmail {
namespace {

// What -V may say (RFC 3461 §4.4).
bool is_envid(std::string_view text) {
  return xtext(text).size() <= 100 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

Preparation::Preparation(const Options& options, std::string config_error, const MailLog& log)
    : options_(options), fault_(std::move(config_error)), log_(log) {
  if (fault_.empty() && !options.aliases_file.empty() && !options.no_aliases) read_aliases();
  rules_.identity = Identity::ours();
  rules_.as_it_came = !fault_.empty();
  if (rules_.as_it_came) return;
  rules_.from = options.from;
  rules_.full_name = options.full_name;
  rules_.domain = options.domain;
  if (!options.domain.empty()) rules_.identity.domain = options.domain;
}

void Preparation::read_aliases() {
  try {
    std::ifstream file(options_.aliases_file, std::ios::binary);
    if (!file) throw std::invalid_argument("cannot be read");
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    std::vector<std::string> warnings;
    aliases_ = Aliases::parse(text, warnings);
    for (const auto& warning : warnings) log_.loud(options_.aliases_file + ": " + warning);
    rules_.aliases = &aliases_;
  } catch (const std::invalid_argument& e) {
    fault_ = options_.aliases_file + ": " + e.what();
  }
}

Submission Preparation::prepare(std::string_view message, const Request& request) const {
  Submission submission =
      sendmail::prepare(message, request, rules_,
                        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  QueuedEnvelope& envelope = submission.envelope;
  envelope.options = options_.relay_words;
  envelope.unprepared = !fault_.empty();
  if (envelope.unprepared) {
    const auto& more = options_.preparation_words;
    envelope.options.insert(envelope.options.end(), more.begin(), more.end());
    return submission;
  }
  // RFC 3461: a wrong one costs the notice, not the mail.
  const auto keep = [this](std::string& into, const std::string& value, bool valid,
                           const char* option) {
    if (valid) into = value;
    if (!valid) log_.loud(option + (": " + quoted(value)) + " is ignored");
  };
  const std::string body = upper(options_.body_type), notify = upper(options_.notify);
  const std::string ret = upper(options_.ret);
  keep(envelope.body, body, body.empty() || body == "7BIT" || body == "8BITMIME", "-B");
  keep(envelope.notify, notify, notify.empty() || is_notify(notify), "-N");
  keep(envelope.ret, ret, ret.empty() || ret == "FULL" || ret == "HDRS", "-R");
  keep(envelope.envid, options_.envid, is_envid(options_.envid), "-V");
  return submission;
}

Submission Preparation::prepare_queued(const QueuedEnvelope& envelope,
                                       std::string_view message) const {
  if (!fault_.empty()) throw std::runtime_error(fault_);
  Submission submission = prepare(message, {envelope.from, envelope.to, false});
  if (!submission.rejected.empty()) throw std::runtime_error(submission.rejected.front());
  submission.envelope.created = envelope.created;
  submission.envelope.options = relay_words_of(envelope.options);
  return submission;
}

}  // namespace proto::sendmail
