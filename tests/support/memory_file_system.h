// A file system in memory for the queue's proofs: it fails or stops at the call one asks for, and
// knows what a power loss would leave, because it keeps what was synced apart from what was
// written.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sendmail-lite/file_system.h"

namespace proto::test {

// The process was killed here. No std::exception: nothing may catch it by chance.
struct Killed {};

class MemoryFileSystem final : public sendmail::FileSystem {
 public:
  MemoryFileSystem();

  // Calls since the last restart(), close() excepted; and how each was called.
  int calls() const noexcept { return calls_; }
  const std::vector<std::string>& log() const noexcept { return log_; }
  // Call number `call` (from 0) returns -code.
  void fail_at(int call, int code) { fail_at_ = call, code_ = code; }
  // Every call from number `call` on returns -code.
  void fail_from(int call, int code) { fail_from_ = call, code_ = code; }
  // Killed at call number `call`: before it happens, halfway (a write), or just after it.
  enum class When { before, halfway, after };
  void kill_at(int call, When when) { kill_at_ = call, when_ = when; }
  // Writes take one byte at a time where `short_writes`; all of them together at most `bytes`.
  void short_writes(bool on) noexcept { short_writes_ = on; }
  void room(std::uint64_t bytes) noexcept { room_ = bytes; }
  // Each call is interrupted once (EINTR).
  void interrupt_each(bool on) noexcept { interrupt_each_ = on; }

  // A new process: descriptors and locks are gone, the faults too.
  void restart();
  // Of what is not synced, that stays for which `keep` says so, asked for each name and each
  // sector. A rename may be undone, or be seen in both folders, but never in none.
  void power_loss(const std::function<bool()>& keep);

  int openat(int folder, const std::string& name, int flags, unsigned mode) override;
  void close(int fd) override;
  int mkdirat(int folder, const std::string& name, unsigned mode) override;
  int renameat(int from, const std::string& old_name, int to, const std::string& new_name) override;
  int unlinkat(int folder, const std::string& name) override;
  int fstat(int fd, sendmail::FileInfo& into) override;
  int fstatat(int folder, const std::string& name, sendmail::FileInfo& into) override;
  int flock(int fd) override;
  int fsync(int fd) override;
  std::int64_t pread(int fd, std::span<char> into, std::uint64_t offset) override;
  std::int64_t pwrite(int fd, std::string_view data, std::uint64_t offset) override;
  int list(int folder, std::vector<std::string>& into) override;

 private:
  struct Node;
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  struct Node {
    std::uint64_t number = 0;
    bool folder = false;
    unsigned mode = 0;
    std::string data, synced_data;
    Names names, synced_names;
    int locked_by = -1;
  };
  // Runs one system call with the fault that is due.
  std::int64_t call(const std::string& what, const std::function<std::int64_t(bool half)>& act);
  std::shared_ptr<Node> folder_at(int folder, const std::string& name, std::string& leaf);
  std::shared_ptr<Node> find(int folder, const std::string& name);
  static std::string torn(const Node& node, const std::function<bool()>& keep);
  unsigned links(const std::shared_ptr<Node>& node) const;
  std::shared_ptr<Node> make(bool folder, unsigned mode);

  std::shared_ptr<Node> root_;
  std::map<int, std::shared_ptr<Node>> open_;
  int next_fd_ = 100;
  std::uint64_t next_node_ = 1;
  int calls_ = 0, fail_at_ = -1, fail_from_ = -1, kill_at_ = -1, code_ = 0;
  When when_ = When::before;
  bool dead_ = false, short_writes_ = false, interrupt_each_ = false, interrupted_ = false;
  std::optional<std::uint64_t> room_;
  std::vector<std::string> log_;
};

// For power_loss(), those that tell: all that is not synced goes, all of it stays, and mixtures.
std::vector<std::function<bool()>> power_losses();

}  // namespace proto::test
