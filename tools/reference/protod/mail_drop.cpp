#include "reference/protod/mail_drop.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "base/random.h"

namespace proto::protod {
namespace {

constexpr std::size_t kFlushBytes = 64 * 1024;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void sync_folder(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) fail(path);
  const bool synced = ::fsync(folder) == 0;
  ::close(folder);
  if (!synced) fail(path);
}

// "seconds.MmicrosecondsRrandom.host" (the Maildir convention): names sort as mail came.
std::string unique_name() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::string microseconds = std::to_string(now.tv_nsec / 1000);
  return std::to_string(now.tv_sec) + ".M" + std::string(6 - microseconds.size(), '0') +
         microseconds + "R" + random_text(16) + ".localhost";
}

}  // namespace

MailDrop::MailDrop(const std::string& maildir) : maildir_(maildir), name_(unique_name()) {
  for (const char* folder : {"tmp", "new", "cur"}) {
    std::filesystem::create_directories(maildir_ + "/" + folder);
  }
  const std::string path = maildir_ + "/tmp/" + name_;
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor_ < 0) fail(path);
}

MailDrop::~MailDrop() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink((maildir_ + "/tmp/" + name_).c_str());
}

bool MailDrop::append(std::string_view text) {
  size_ += text.size();
  while (!text.empty()) {
    if (after_cr_) {
      if (text.front() != '\n') return false;
      after_cr_ = false;
      pending_ += '\n';
      text.remove_prefix(1);
      continue;
    }
    const std::size_t end = text.find_first_of("\r\n");
    pending_ += text.substr(0, end);
    if (end == std::string_view::npos) break;
    if (text[end] == '\n') return false;
    after_cr_ = true;
    text.remove_prefix(end + 1);
  }
  if (pending_.size() >= kFlushBytes) flush();
  return true;
}

void MailDrop::flush() {
  for (std::string_view rest = pending_; !rest.empty();) {
    const ssize_t n = ::write(descriptor_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot write the message");
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  pending_.clear();
}

bool MailDrop::deliver() {
  if (after_cr_) return false;
  flush();
  if (::fsync(descriptor_) != 0) fail("cannot write the message");
  const std::string from = maildir_ + "/tmp/" + name_;
  if (::rename(from.c_str(), (maildir_ + "/new/" + name_).c_str()) != 0) fail(from);
  ::close(descriptor_);
  descriptor_ = -1;
  sync_folder(maildir_ + "/new");
  return true;
}

}  // namespace proto::protod
