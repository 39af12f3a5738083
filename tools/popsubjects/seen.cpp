#include "popsubjects/seen.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/base64.h"
#include "base/characters.h"
#include "common/atomic_file.h"
#include "common/passwords.h"

namespace proto::tools {

namespace {

constexpr std::string_view kMagic = "popsubjects 1 ";
constexpr std::uint64_t kMaxStateBytes = std::uint64_t{256} * 1024 * 1024;

std::string reason(int code) {
  return std::generic_category().message(code);
}

}  // namespace

std::string default_state_path(const std::string& mailbox) {
  const char* base = std::getenv("XDG_STATE_HOME");
  std::string path =
      base != nullptr && *base == '/' ? std::string(base) : home_folder() + "/.local/state";
  path += "/popsubjects/";
  for (const char c : mailbox) {
    if (is_alnum(c) || c == '.' || c == '-' || c == '@' || c == '_') {
      path += c;
    } else {
      path += '%' + hex_encode(std::string_view(&c, 1));
    }
  }
  return path;
}

Seen::Seen(std::string path, std::string mailbox)
    : path_(std::move(path)), mailbox_(std::move(mailbox)) {
  std::error_code ignored;  // what is wrong with the folder, open() says
  const auto folder = std::filesystem::path(path_).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  const std::string lock = path_ + ".lock";
  lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_ < 0) throw StateError("cannot open " + escaped(lock) + ": " + reason(errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    ::close(std::exchange(lock_, -1));
    if (code == EWOULDBLOCK) throw StateBusyError(escaped(path_) + " is in use by another run");
    throw StateError("cannot lock " + escaped(lock) + ": " + reason(code));
  }
  try {
    read();
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

Seen::~Seen() {
  if (lock_ >= 0) ::close(lock_);
}

void Seen::read() {
  if (::access(path_.c_str(), F_OK) != 0 && errno == ENOENT) return;
  std::string text;
  try {
    text = read_file(path_, kMaxStateBytes);
  } catch (const std::runtime_error& e) {
    throw StateError(e.what());
  }
  const auto damaged = [&](const std::string& how) {
    throw StateError(escaped(path_) + " is no state of " + escaped(mailbox_) + ": " + how);
  };
  if (!text.ends_with('\n')) damaged("it has no end");
  std::string_view rest = text;
  const auto next = [&] {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    return line;
  };
  const auto first = next();
  if (!first.starts_with(kMagic)) damaged("its first line is not one of popsubjects'");
  if (first.substr(kMagic.size()) != mailbox_)
    damaged("it belongs to " + escaped(first.substr(kMagic.size())));
  while (!rest.empty()) ids_.emplace(next());
}

void Seen::replace(const std::vector<std::string>& ids) const {
  std::string text = std::string(kMagic) + mailbox_ + '\n';
  for (const std::string& id : ids) (text += id) += '\n';
  AtomicFile file(path_, 0600);
  file.write(text);
  file.commit();
}

}  // namespace proto::tools
