// The mail queue: one file for each message, in folders that only their owner may enter.
//
//     tmp/     being written        new/     waiting
//     failed/  refused for good, each beside NAME.reason
//
// What holds at every instant, whatever is killed, fails or loses its power:
// I1 add() returned: the entry is whole and durable.  I2 It did not: a whole entry or none.
// I3 An entry leaves new/ only by remove() or fail().  I5 A recorded verdict is durable.
// I6 sweep() takes away what a crash left, and may be repeated.  I7 What is read is what was added.
// A message is sent twice (I4) only where a crash falls between the server's yes and remove().
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/error.h"
#include "sendmail-lite/file_system.h"
#include "sendmail-lite/queue_format.h"

namespace proto::sendmail {

// The queue's file system failed.
class QueueError : public Error {
 public:
  QueueError(const std::string& what, int code) : Error(what), code_(code) {}
  int code() const noexcept { return code_; }  // errno

 private:
  int code_;
};

// A descriptor that closes itself.
class File {
 public:
  File() noexcept = default;
  File(FileSystem& files, int fd) noexcept : files_(&files), fd_(fd) {}
  File(File&& other) noexcept : files_(other.files_), fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(files_, other.files_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File() {
    if (fd_ >= 0) files_->close(fd_);
  }
  int fd() const noexcept { return fd_; }

 private:
  FileSystem* files_ = nullptr;
  int fd_ = -1;
};

class Queue;

// A waiting message, locked for as long as this object lives: nobody else sends it meanwhile. Must
// not outlive its Queue. All calls throw QueueError.
class Entry {
 public:
  const std::string& id() const noexcept { return id_; }
  const QueuedEnvelope& envelope() const noexcept { return header_.envelope; }
  const Journal& journal() const noexcept { return journal_; }
  std::uint64_t message_bytes() const noexcept { return header_.message_bytes; }
  // Fills `into` with bytes of the message, as they were added. Throws also where the file is
  // shorter than it says.
  std::size_t read_at(std::uint64_t offset, std::span<char> into) const;

  // Durable before it returns: from here on the message may be delivered without our knowing.
  void mark_sending(Time now);
  // Verdicts of some recipients, durable before it returns. They are never sent to again.
  void record(const std::vector<std::pair<std::size_t, Outcome>>& verdicts);
  // Not synced: a crash that loses it makes the next attempt an early one.
  void postpone(Time now, std::chrono::seconds age, std::chrono::seconds delay,
                std::string_view reason);
  // The connection was lost after the message's end: perhaps delivered. Not synced.
  void note_unknown(Time now);
  // Ends the entry, durably: everybody has the message.
  void remove();
  // Moves the entry to failed/, with `report` beside it for a human.
  void fail(std::string_view report);

 private:
  friend class Queue;
  Entry(const Queue& queue, std::string id, File file) noexcept
      : queue_(&queue), id_(std::move(id)), file_(std::move(file)) {}
  void append(std::string_view record);
  void sync();

  const Queue* queue_;
  std::string id_;
  File file_;  // holds the lock
  ParsedHeader header_;
  Journal journal_;
};

// What an entry says, read without its lock.
struct EntryInfo {
  std::string queue;  // its path
  std::string id;
  QueuedEnvelope envelope;
  Journal journal;
  std::uint64_t message_bytes = 0;
};

class Queue {
 public:
  // Opens the queue at `path`, and makes what is missing of it. Throws QueueError; where a folder
  // is not ours or others may write to it, its code is EPERM.
  Queue(FileSystem& files, std::string path);

  // I1, I2: queues the parts of a message, put together. The entry comes back locked, for its first
  // attempt.
  Entry add(const QueuedEnvelope& envelope, std::span<const std::string_view> message, Time now);

  // The same entry with another envelope and message, and an empty journal. At every instant the
  // one or the other is there, whole; the new one is durable before this returns.
  void replace(Entry& entry, const QueuedEnvelope& envelope,
               std::span<const std::string_view> message, Time now) const;

  // Names, oldest first.
  std::vector<std::string> waiting() const { return names(new_); }
  std::vector<std::string> failed() const;
  // Nothing: it is gone, or another process has it.
  std::optional<Entry> take(const std::string& id) const;
  // Nothing: it is gone.
  std::optional<EntryInfo> look(const std::string& id) const { return look(new_, id); }
  std::optional<EntryInfo> look_failed(const std::string& id) const { return look(failed_, id); }
  // Takes away what crashes left: files in tmp/ that no process writes, reasons without an entry.
  void sweep() const;
  const std::string& path() const noexcept { return path_; }

 private:
  friend class Entry;
  void make_path() const;
  File open_folder(int parent, const std::string& name) const;
  std::optional<File> make_file(const std::string& id) const;
  // An entry of this name, or, where it is empty, of a new one.
  Entry write_entry(std::string id, const QueuedEnvelope& envelope,
                    std::span<const std::string_view> message, Time now) const;
  std::vector<std::string> names(const File& folder) const;
  std::optional<EntryInfo> look(const File& folder, const std::string& id) const;
  // Reads header and journal.
  void read_entry(int fd, const std::string& id, ParsedHeader& header, Journal& journal) const;
  void read_exactly(int fd, std::uint64_t offset, std::span<char> into) const;
  std::string read_text(int fd, std::uint64_t offset, std::uint64_t size) const;
  void write_all(int fd, std::string_view data, std::uint64_t offset) const;
  // Retries `call` on EINTR; throws where it fails.
  template <typename Call>
  auto check(const char* what, const std::string& name, Call call) const;
  [[noreturn]] void fail(const char* what, const std::string& name, int code) const;

  FileSystem& files_;
  std::string path_;
  File root_, tmp_, new_, failed_;
};

// "20231114T221320-" and random letters: sorts by age, and is never used twice.
std::string make_queue_id(Time now);

}  // namespace proto::sendmail
