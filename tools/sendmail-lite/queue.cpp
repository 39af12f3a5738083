#include "sendmail-lite/queue.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "base/random.h"
#include "common/program.h"
#include "sendmail-lite/queue_calls.h"

namespace proto::sendmail {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 16 * 1024 * 1024;

bool ours_alone(const FileInfo& info) {
  return info.owner == ::geteuid() && (info.mode & 077) == 0;
}

// Others must not be able to put folders of their own in the place of ours.
bool safe_parent(const FileInfo& info) {
  const bool owned = info.owner == ::geteuid() || info.owner == 0;
  return owned && ((info.mode & 022) == 0 || (info.mode & 01000) != 0);
}

// What is being written goes when a signal ends the program; once it is renamed there is nothing
// of that name.
class Temporary {
 public:
  explicit Temporary(const std::string& path) : slot_(tools::remember_temporary(path)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() { tools::forget_temporary(slot_); }

 private:
  int slot_;
};

}  // namespace

std::string make_queue_id(Time now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(now - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02d-",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data() + random_text(14);
}

void Queue::fail(const char* what, const std::string& name, int code) const {
  throw QueueError("cannot " + std::string(what) + ": " + path_ + (name.empty() ? "" : "/" + name) +
                       ": " + std::generic_category().message(code),
                   code);
}

Queue::Queue(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {
  const auto open_root = [&] { return files_.openat(AT_FDCWD, path_, O_RDONLY | O_DIRECTORY, 0); };
  int fd = retried(open_root);
  if (fd == -ENOENT) {
    make_path();
    fd = retried(open_root);
  }
  if (fd < 0) fail("open the queue", "", -fd);
  root_ = File(files_, fd);
  FileInfo info;
  check("open the queue", "", [&] { return files_.fstat(fd, info); });
  if (!safe_parent(info)) fail("trust the queue: others may write to it", "", EPERM);
  tmp_ = open_folder(fd, "tmp");
  new_ = open_folder(fd, "new");
  failed_ = open_folder(fd, "failed");
}

// Like mkdir -p, and each name that was made is durable: else a crash could take the folder away
// again, with the mail in it.
void Queue::make_path() const {
  for (std::size_t at = 0; at != std::string::npos;) {
    at = path_.find('/', at + 1);
    const std::string folder = path_.substr(0, at);
    const int made = retried([&] { return files_.mkdirat(AT_FDCWD, folder, 0700); });
    if (made == -EEXIST) continue;
    if (made < 0) fail("make", "", -made);
    const std::size_t slash = folder.rfind('/');
    const std::string parent = slash == std::string::npos ? "." : folder.substr(0, slash + 1);
    const File opened(files_, check("open the queue", "", [&] {
                        return files_.openat(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY, 0);
                      }));
    check("sync the queue", "", [&] { return files_.fsync(opened.fd()); });
  }
}

File Queue::open_folder(int parent, const std::string& name) const {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  const auto open = [&] { return files_.openat(parent, name, kFlags, 0); };
  int fd = retried(open);
  if (fd == -ENOENT) {
    const int made = retried([&] { return files_.mkdirat(parent, name, 0700); });
    if (made < 0 && made != -EEXIST) fail("make", name, -made);
    fd = retried(open);
    // Made just now, by us or by another.
    if (fd >= 0) check("sync the queue", "", [&] { return files_.fsync(parent); });
  }
  if (fd < 0) fail("open", name, -fd);
  File folder(files_, fd);
  FileInfo info;
  check("open", name, [&] { return files_.fstat(fd, info); });
  if (!ours_alone(info)) fail("trust", name, EPERM);
  return folder;
}

// A new file in tmp/, locked. Nothing: the name is in use, or a sweep took the file away before we
// had its lock.
std::optional<File> Queue::make_file(const std::string& id) const {
  const int fd = retried(
      [&] { return files_.openat(tmp_.fd(), id, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600); });
  if (fd == -EEXIST) return std::nullopt;
  if (fd < 0) fail("create", "tmp/" + id, -fd);
  File file(files_, fd);
  const int locked = retried([&] { return files_.flock(fd); });
  if (locked == -EWOULDBLOCK) return std::nullopt;
  FileInfo info;
  const int result = locked < 0 ? locked : retried([&] { return files_.fstat(fd, info); });
  if (result < 0) {
    retried([&] { return files_.unlinkat(tmp_.fd(), id); });
    fail("lock", "tmp/" + id, -result);
  }
  if (info.links == 0) return std::nullopt;
  return file;
}

Entry Queue::add(const QueuedEnvelope& envelope, std::span<const std::string_view> message,
                 Time now) {
  return write_entry({}, envelope, message, now);
}

void Queue::replace(Entry& entry, const QueuedEnvelope& envelope,
                    std::span<const std::string_view> message, Time now) const {
  // The old file's lock is held until the new one, locked too, has its name.
  entry = write_entry(entry.id(), envelope, message, now);
}

Entry Queue::write_entry(std::string id, const QueuedEnvelope& envelope,
                         std::span<const std::string_view> message, Time now) const {
  std::uint64_t message_bytes = 0;
  for (const auto part : message) message_bytes += part.size();
  const std::string header = format_header(envelope, message_bytes);
  if (header.size() > kMaxHeaderBytes) fail("queue so many recipients", "", EFBIG);
  std::string name;
  std::optional<File> file;
  for (int tries = 0; !file; ++tries) {
    if (tries == 16) fail("create", "tmp/" + name, EEXIST);
    name = make_queue_id(now);
    file = make_file(name);
  }
  const bool is_new = id.empty();
  if (is_new) id = name;
  const int fd = file->fd();
  const Temporary temporary(path_ + "/tmp/" + name);
  const std::string room(journal_room(envelope.to.size()), '\n');
  try {
    std::uint64_t at = header.size();
    write_all(fd, header, 0);
    for (const auto part : message) {
      write_all(fd, part, at);
      at += part.size();
    }
    write_all(fd, room, at);
    check("sync", "tmp/" + name, [&] { return files_.fsync(fd); });
    check("rename", "tmp/" + name, [&] { return files_.renameat(tmp_.fd(), name, new_.fd(), id); });
    check("sync", "new", [&] { return files_.fsync(new_.fd()); });
  } catch (...) {
    // I2: who is told of a failure sends again, so nothing may stay; but I3: what was there before.
    retried([&] { return files_.unlinkat(tmp_.fd(), name); });
    if (is_new) retried([&] { return files_.unlinkat(new_.fd(), id); });
    throw;
  }
  Entry entry(*this, id, std::move(*file));
  entry.header_ = {envelope, message_bytes, header.size()};
  entry.journal_.verdicts.resize(envelope.to.size());
  return entry;
}

std::optional<Entry> Queue::take(const std::string& id) const {
  const int fd =
      retried([&] { return files_.openat(new_.fd(), id, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0); });
  if (fd == -ENOENT) return std::nullopt;
  if (fd < 0) fail("open", "new/" + id, -fd);
  Entry entry(*this, id, File(files_, fd));
  const int locked = retried([&] { return files_.flock(fd); });
  if (locked == -EWOULDBLOCK) return std::nullopt;
  if (locked < 0) fail("lock", "new/" + id, -locked);
  // Between open and lock another process may have sent it, or moved it to failed/.
  FileInfo opened, named;
  check("lock", "new/" + id, [&] { return files_.fstat(fd, opened); });
  const int there = retried([&] { return files_.fstatat(new_.fd(), id, named); });
  if (there == -ENOENT || (there == 0 && named.inode != opened.inode)) return std::nullopt;
  if (there < 0) fail("lock", "new/" + id, -there);
  read_entry(fd, "new/" + id, entry.header_, entry.journal_);
  return entry;
}

std::optional<EntryInfo> Queue::look(const File& folder, const std::string& id) const {
  const int fd = retried(
      [&] { return files_.openat(folder.fd(), id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0); });
  if (fd == -ENOENT) return std::nullopt;
  if (fd < 0) fail("open", id, -fd);
  const File file(files_, fd);
  ParsedHeader header;
  EntryInfo info;
  read_entry(fd, id, header, info.journal);
  info.queue = path_;
  info.id = id;
  info.envelope = std::move(header.envelope);
  info.message_bytes = header.message_bytes;
  return info;
}

void Queue::read_entry(int fd, const std::string& id, ParsedHeader& header,
                       Journal& journal) const {
  FileInfo info;
  check("read", id, [&] { return files_.fstat(fd, info); });
  std::optional<ParsedHeader> parsed;
  for (std::uint64_t size = 4096; !parsed; size *= 8) {
    parsed = parse_header(read_text(fd, 0, std::min(size, info.size)));
    if (!parsed && (size >= info.size || size >= kMaxHeaderBytes)) fail("read", id, EBADMSG);
  }
  header = std::move(*parsed);
  if (header.message_bytes > info.size - header.header_bytes) fail("read", id, EBADMSG);
  const std::uint64_t end = header.header_bytes + header.message_bytes;
  journal = parse_journal(read_text(fd, end, info.size - end), header.envelope.to.size());
}

void Queue::read_exactly(int fd, std::uint64_t offset, std::span<char> into) const {
  while (!into.empty()) {
    const auto n = check("read", "", [&] { return files_.pread(fd, into, offset); });
    if (n == 0) fail("read", "", EBADMSG);
    into = into.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

std::string Queue::read_text(int fd, std::uint64_t offset, std::uint64_t size) const {
  std::string text(size, '\0');
  read_exactly(fd, offset, text);
  return text;
}

void Queue::write_all(int fd, std::string_view data, std::uint64_t offset) const {
  while (!data.empty()) {
    const auto n = check("write", "", [&] { return files_.pwrite(fd, data, offset); });
    data.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

std::vector<std::string> Queue::names(const File& folder) const {
  std::vector<std::string> found;
  check("list", "", [&] {
    found.clear();
    return files_.list(folder.fd(), found);
  });
  std::erase_if(found, [](const std::string& name) { return name.starts_with('.'); });
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> Queue::failed() const {
  auto found = names(failed_);
  std::erase_if(found, [](const std::string& name) { return name.ends_with(kReasonSuffix); });
  return found;
}

void Queue::sweep() const {
  for (const auto& name : names(tmp_)) {
    const int fd = retried(
        [&] { return files_.openat(tmp_.fd(), name, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0); });
    if (fd < 0) continue;
    const File file(files_, fd);
    // Who writes holds the lock, so no age needs to be guessed from a clock.
    if (retried([&] { return files_.flock(fd); }) == 0) files_.unlinkat(tmp_.fd(), name);
  }
  for (const auto& name : names(failed_)) {
    if (!name.ends_with(kReasonSuffix)) continue;
    const std::string id = name.substr(0, name.size() - kReasonSuffix.size());
    FileInfo info;
    if (files_.fstatat(failed_.fd(), id, info) == -ENOENT &&
        files_.fstatat(new_.fd(), id, info) == -ENOENT &&
        files_.fstatat(failed_.fd(), id, info) == -ENOENT)
      files_.unlinkat(failed_.fd(), name);
  }
}

}  // namespace proto::sendmail
