#include "sendmail-lite/queue_choice.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "common/mail_exit.h"
#include "common/passwords.h"

namespace proto::sendmail {

std::string default_queue_folder() {
  const char* const folder = std::getenv("XDG_STATE_HOME");
  const std::string base =
      folder != nullptr && *folder == '/' ? folder : tools::home_folder() + "/.local/state";
  return base + "/sendmail-lite/queue";
}

Queue open_queue(const Options& options, const MailLog& log) {
  if (options.queue_dir.empty()) return Queue(real_file_system(), default_queue_folder());
  try {
    return Queue(real_file_system(), options.queue_dir);
  } catch (const QueueError& e) {
    if (e.code() != EACCES && e.code() != EPERM) throw;
    log.loud(std::string(e.what()) + "; the user's own queue is used");
  }
  return Queue(real_file_system(), default_queue_folder());
}

std::optional<Queue> open_queue_besides(const Queue& used, const Options& options) {
  if (options.queue_dir.empty()) return std::nullopt;
  const std::string own = default_queue_folder();
  std::error_code error;
  const auto type = std::filesystem::status(own, error).type();
  // Folders that we made, we may enter: else there is no mail of ours. Where the disk fails,
  // opening the queue will say so.
  if (type == std::filesystem::file_type::not_found || error == std::errc::permission_denied)
    return std::nullopt;
  if (std::filesystem::equivalent(own, used.path(), error)) return std::nullopt;
  return Queue(real_file_system(), own);
}

bool is_meant_besides(const QueuedEnvelope& envelope, const Options& options) {
  if (options.queue_dir_by_config) return true;
  const auto& kept = envelope.options;
  const std::string word = "--queue-dir=" + std::filesystem::absolute(options.queue_dir).string();
  return std::find(kept.begin(), kept.end(), word) != kept.end();
}

int status_of(const QueueError& error) {
  return error.code() == EIO || error.code() == EBADMSG ? tools::kInputOutput
                                                        : tools::kCannotCreate;
}

}  // namespace proto::sendmail
