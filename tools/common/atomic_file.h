// A file that appears whole or not at all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace proto::tools {

// Written under a temporary name beside its place; commit() makes it durable and puts it there in
// one step. Without commit() it never was: what stood in its place stays. Where the place is no
// regular file (a pipe, /dev/null) it is written directly. Throws WriteError.
class AtomicFile {
 public:
  // `mode` is what a new file gets, less the umask; an old one's mode is kept unless `exact`.
  explicit AtomicFile(const std::string& path, unsigned mode = 0666, bool exact = false);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  int fd() const noexcept { return fd_; }
  // False where the place is no regular file: what was written there stays written.
  bool is_atomic() const noexcept { return !temporary_.empty(); }
  void write(std::string_view data);
  // A descriptor of its own, at its own position: several threads may write, each through one.
  class Place {
   public:
    Place(const AtomicFile& file, std::uint64_t offset);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();
    int fd() const noexcept { return fd_; }

   private:
    int fd_;
  };
  // fsync, rename, fsync of the folder. With `replace` false an existing file is an error (EEXIST).
  void commit(bool replace = true);

 private:
  [[noreturn]] void fail(int code) const;
  std::string shown_;      // as the user named it
  std::string path_;       // links followed
  std::string temporary_;  // empty: written directly
  int fd_ = -1;
  int slot_ = -1;  // among those that a signal removes
};

// The whole file, at most `max_bytes`. Throws ReadError.
std::string read_file(const std::string& path, std::uint64_t max_bytes = std::uint64_t{1} << 31);

}  // namespace proto::tools
