// The system calls of the queue, and no more: narrow, so that a test can fail, stop or forget each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proto::sendmail {

struct FileInfo {
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  unsigned links = 0;
  unsigned mode = 0;  // permission bits only
  unsigned owner = 0;
};

// Each call returns what the system call of its name returns, or -errno; none retries on EINTR.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual int openat(int folder, const std::string& name, int flags, unsigned mode) = 0;
  virtual void close(int fd) = 0;
  virtual int mkdirat(int folder, const std::string& name, unsigned mode) = 0;
  virtual int renameat(int from, const std::string& old_name, int to,
                       const std::string& new_name) = 0;
  virtual int unlinkat(int folder, const std::string& name) = 0;
  virtual int fstat(int fd, FileInfo& into) = 0;
  virtual int fstatat(int folder, const std::string& name, FileInfo& into) = 0;
  // Exclusive, without waiting: -EWOULDBLOCK where another process has it.
  virtual int flock(int fd) = 0;
  virtual int fsync(int fd) = 0;
  virtual std::int64_t pread(int fd, std::span<char> into, std::uint64_t offset) = 0;
  virtual std::int64_t pwrite(int fd, std::string_view data, std::uint64_t offset) = 0;
  // The names in a folder, without "." and "..", in no order.
  virtual int list(int folder, std::vector<std::string>& into) = 0;
};

// The real one. It has no state and is shared by whoever needs it.
FileSystem& real_file_system();

}  // namespace proto::sendmail
