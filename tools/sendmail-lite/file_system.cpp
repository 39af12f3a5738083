#include "sendmail-lite/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace proto::sendmail {
namespace {

template <typename T>
T or_errno(T result) {
  return result < 0 ? -errno : result;
}

FileInfo info_of(const struct stat& s) {
  return {s.st_ino, static_cast<std::uint64_t>(s.st_size), static_cast<unsigned>(s.st_nlink),
          s.st_mode & 07777U, s.st_uid};
}

class SystemCalls final : public FileSystem {
 public:
  int openat(int folder, const std::string& name, int flags, unsigned mode) override {
    return or_errno(::openat(folder, name.c_str(), flags | O_CLOEXEC, mode));
  }
  // Linux has freed the descriptor even where close says EINTR, and what matters was synced.
  void close(int fd) override { ::close(fd); }
  int mkdirat(int folder, const std::string& name, unsigned mode) override {
    return or_errno(::mkdirat(folder, name.c_str(), mode));
  }
  int renameat(int from, const std::string& old_name, int to,
               const std::string& new_name) override {
    return or_errno(::renameat(from, old_name.c_str(), to, new_name.c_str()));
  }
  int unlinkat(int folder, const std::string& name) override {
    return or_errno(::unlinkat(folder, name.c_str(), 0));
  }
  int fstat(int fd, FileInfo& into) override {
    struct stat s {};
    const int result = or_errno(::fstat(fd, &s));
    if (result == 0) into = info_of(s);
    return result;
  }
  int fstatat(int folder, const std::string& name, FileInfo& into) override {
    struct stat s {};
    const int result = or_errno(::fstatat(folder, name.c_str(), &s, AT_SYMLINK_NOFOLLOW));
    if (result == 0) into = info_of(s);
    return result;
  }
  int flock(int fd) override { return or_errno(::flock(fd, LOCK_EX | LOCK_NB)); }
  int fsync(int fd) override { return or_errno(::fsync(fd)); }
  std::int64_t pread(int fd, std::span<char> into, std::uint64_t offset) override {
    return or_errno(::pread(fd, into.data(), into.size(), static_cast<off_t>(offset)));
  }
  std::int64_t pwrite(int fd, std::string_view data, std::uint64_t offset) override {
    return or_errno(::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset)));
  }
  int list(int folder, std::vector<std::string>& into) override {
    // A descriptor of its own: closedir() closes it, and the offset is not shared.
    const int fd = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    DIR* const stream = ::fdopendir(fd);
    if (stream == nullptr) {
      const int error = errno;
      ::close(fd);
      return -error;
    }
    errno = 0;
    while (const dirent* const entry = ::readdir(stream)) {
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
        into.emplace_back(entry->d_name);
      errno = 0;
    }
    const int error = errno;
    ::closedir(stream);
    return -error;
  }
};

}  // namespace

FileSystem& real_file_system() {
  static SystemCalls calls;
  return calls;
}

}  // namespace proto::sendmail
