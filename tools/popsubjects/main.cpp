// popsubjects: lists the subjects of a mailbox.
#include <exception>

#include "common/log.h"
#include "common/mail_exit.h"
#include "common/program.h"
#include "popsubjects/mailbox.h"
#include "popsubjects/options.h"
#include "popsubjects/report.h"
#include "popsubjects/seen.h"

namespace {

using namespace proto;
using namespace proto::tools;

int run(const PopOptions& options) {
  const Deadline deadline = deadline_of(options);
  const Credentials credentials =
      options.auth == "external"
          ? Credentials{options.user, {}, {}, {}}
          : find_credentials(options.passwords, {options.host, options.user, options.default_user,
                                                 options.wants_token(), deadline});
  std::optional<Seen> seen;
  if (options.only_new) {
    const std::string mailbox =
        credentials.user + "@" + options.host + ":" + std::to_string(options.port);
    seen.emplace(options.state.empty() ? default_state_path(mailbox) : options.state, mailbox);
  }
  POP3 pop = open_mailbox(options, credentials, deadline);
  Mailbox mailbox(pop, options.retr);
  const int status = seen ? report_new(options, mailbox, *seen) : report_all(options, mailbox);
  pop.quit();
  return status;
}

int exit_status(const std::exception& error) {
  if (dynamic_cast<const POP3AuthenticationError*>(&error) != nullptr) return kNoPermission;
  if (const auto* refusal = dynamic_cast<const POP3Error*>(&error))
    return refusal->temporary() ? kTryLater : kUnavailable;
  if (dynamic_cast<const StateBusyError*>(&error) != nullptr) return kTryLater;
  if (dynamic_cast<const PasswordTimeout*>(&error) != nullptr) return kTryLater;
  if (dynamic_cast<const WriteError*>(&error) != nullptr) return kInputOutput;  // the state
  return mail_exit_status(error);
}

}  // namespace

int main(int argc, char** argv) {
  start_program("popsubjects");
  try {
    PopOptions options;
    if (const auto done = parse_command_line(argc, argv, options)) return *done;
    return run(options);
  } catch (const OutputError& e) {
    if (!e.nobody_reads()) error_line(e.what());
    return kInputOutput;
  } catch (const std::exception& e) {
    error_line(e.what());
    return exit_status(e);
  }
}
