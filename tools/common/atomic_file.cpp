#include "common/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

#include "base/characters.h"
#include "base/random.h"
#include "common/program.h"
#include "proto/error.h"

namespace proto::tools {

namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

void AtomicFile::fail(int code) const {
  throw WriteError("cannot write " + escaped(shown_) + ": " + std::generic_category().message(code),
                   code);
}

AtomicFile::AtomicFile(const std::string& path, unsigned mode, bool exact)
    : shown_(path), path_(path) {
  // A link is followed, so that what it points to is replaced and not the link.
  if (const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                             std::free);
      real) {
    path_ = real.get();
  }
  struct stat old {};
  const bool exists = ::stat(path_.c_str(), &old) == 0;
  if (exists && S_ISDIR(old.st_mode)) fail(EISDIR);
  if (exists && !S_ISREG(old.st_mode)) {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd_ < 0) fail(errno);
    return;
  }
  // A file that may not be written is not replaced behind its owner's back.
  if (exists && ::access(path_.c_str(), W_OK) != 0) fail(errno);
  const auto slash = path_.rfind('/');
  const std::string name = slash == std::string::npos ? path_ : path_.substr(slash + 1);
  if (name.empty()) fail(ENOENT);
  for (int tries = 0; fd_ < 0; ++tries) {
    temporary_ = folder_of(path_) + "/." + name.substr(0, 200) + "." + random_text(8);
    fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
                 static_cast<mode_t>(mode));
    if (fd_ < 0 && (errno != EEXIST || tries > 100)) {
      const int code = errno;
      temporary_.clear();
      fail(code);
    }
  }
  slot_ = remember_temporary(temporary_);
  if (exists && !exact) ::fchmod(fd_, old.st_mode & 07777);
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  forget_temporary(slot_);
}

void AtomicFile::write(std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd_, data.data(), data.size());
    if (n >= 0) {
      data.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      fail(errno);
    }
  }
}

AtomicFile::Place::Place(const AtomicFile& file, std::uint64_t offset)
    : fd_(::open(file.temporary_.c_str(), O_WRONLY | O_CLOEXEC)) {
  if (fd_ < 0) file.fail(errno);
  if (::lseek(fd_, static_cast<off_t>(offset), SEEK_SET) < 0) {
    const int code = errno;
    ::close(fd_);
    file.fail(code);
  }
}

AtomicFile::Place::~Place() {
  ::close(fd_);
}

void AtomicFile::commit(bool replace) {
  if (temporary_.empty()) {
    if (::close(std::exchange(fd_, -1)) != 0) fail(errno);
    return;
  }
  if (::fsync(fd_) != 0) fail(errno);
  if (::close(std::exchange(fd_, -1)) != 0) fail(errno);
  const int moved = replace ? ::rename(temporary_.c_str(), path_.c_str())
                            : ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(),
                                          RENAME_NOREPLACE);
  if (moved != 0) fail(errno);
  temporary_.clear();
  forget_temporary(std::exchange(slot_, -1));
  // The rename itself is durable once the folder is.
  const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;  // a folder that may be written but not read
  const int synced = ::fsync(folder);
  const int code = errno;
  ::close(folder);
  if (synced != 0 && code != EINVAL) fail(code);
}

std::string read_file(const std::string& path, std::uint64_t max_bytes) {
  const auto fail = [&path](int code) {
    throw ReadError("cannot read " + (path == "-" ? "stdin" : escaped(path)) + ": " +
                        std::generic_category().message(code),
                    code);
  };
  const int fd = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(errno);
  std::string out;
  for (;;) {
    const std::size_t have = out.size();
    out.resize(have + std::size_t{64} * 1024);
    const ssize_t n = ::read(fd, out.data() + have, out.size() - have);
    const int code = errno;
    out.resize(have + static_cast<std::size_t>(n > 0 ? n : 0));
    if (n == 0) break;
    if ((n < 0 && code != EINTR) || out.size() > max_bytes) {
      ::close(fd);
      fail(n < 0 ? code : EFBIG);
    }
  }
  ::close(fd);
  return out;
}

}  // namespace proto::tools
