// The system calls that the real program makes of its queue's files, recorded by strace, are done
// again in a file system in memory: up to each of them, and then the power goes, with what was not
// synced.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <sstream>

#include "support/mail_sink.h"
#include "support/memory_file_system.h"
#include "support/queue_proofs.h"
#include "support/strace.h"

namespace proto::test {
namespace {

const std::string kMessage = "Subject: alert\n\n" + std::string(3000, 'x') + "\n";
const std::string kBody = kMessage.substr(kMessage.find("\n\n"));

// One line of strace -xx.
struct Call {
  std::string name, arguments;
  std::int64_t result = -1;

  std::string argument(std::size_t number) const {
    std::string_view rest = arguments;
    for (; number > 0; --number) rest.remove_prefix(rest.find(", ") + 2);
    return std::string(rest.substr(0, rest.find(", ")));
  }
  int number(std::size_t at) const { return std::stoi(argument(at)); }
  // A string is shown as "\x68\x69".
  std::string text(std::size_t at) const {
    const std::string hex = argument(at);
    std::string out;
    for (std::size_t i = hex.find("\\x"); i != std::string::npos; i = hex.find("\\x", i + 1))
      out += static_cast<char>(std::stoi(hex.substr(i + 2, 2), nullptr, 16));
    return out;
  }
  bool holds(std::string_view text) const {
    std::string hex;
    for (const char c : text) {
      char digits[8];
      std::snprintf(digits, sizeof digits, "\\x%02x", static_cast<unsigned char>(c));
      hex += digits;
    }
    return arguments.find(hex) != std::string::npos;
  }
};

std::vector<Call> record(const SendmailLite& program, const std::vector<std::string>& more,
                         const std::string& input) {
  const std::string log = program.folder().file("trace");
  const auto result = run(
      under_strace(program.words(more),
                   {"-o", log, "-xx", "-s", "100000", "-e",
                    "trace=openat,close,mkdirat,renameat,unlinkat,fsync,pwrite64,sendto,sendmsg,"
                    "recvfrom,recvmsg"}),
      traced(program.options(input)));
  EXPECT_EQ(result.status, 0) << result.describe();
  std::vector<Call> calls;
  std::istringstream lines(read_file(log));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of("0123456789 ");
    const std::size_t open = line.find('('), equals = line.rfind(" = ");
    if (begin == std::string::npos || open == std::string::npos || equals == std::string::npos)
      continue;
    const std::size_t close = line.rfind(')', equals);
    calls.push_back({line.substr(begin, open - begin), line.substr(open + 1, close - open - 1),
                     std::stoll(line.substr(equals + 3))});
  }
  return calls;
}

// Does a process's calls in `files`, where its queue is "/q".
class Replay {
 public:
  Replay(MemoryFileSystem& files, std::string queue) : files_(files), queue_(std::move(queue)) {}

  void call(const Call& c) {
    if (c.result < 0) return;
    if (c.name == "openat") return open(c);
    if (c.name == "sendto" || c.name == "sendmsg" || c.name.starts_with("recv")) return;
    const auto fd = fds_.find(c.number(0));
    if (fd == fds_.end()) return;  // not the queue's
    std::int64_t result = 0;
    if (c.name == "close") files_.close(fd->second);
    if (c.name == "fsync") result = files_.fsync(fd->second);
    if (c.name == "mkdirat") result = files_.mkdirat(fd->second, c.text(1), 0700);
    if (c.name == "unlinkat") result = files_.unlinkat(fd->second, c.text(1));
    if (c.name == "renameat")
      result = files_.renameat(fd->second, c.text(1), fds_.at(c.number(2)), c.text(3));
    if (c.name == "pwrite64") {
      const std::string data = c.text(1).substr(0, static_cast<std::size_t>(c.result));
      result = files_.pwrite(fd->second, data, std::stoull(c.argument(3)));
    }
    EXPECT_EQ(result, c.name == "pwrite64" ? c.result : 0) << c.name;
    if (c.name == "close") fds_.erase(fd);
  }

 private:
  void open(const Call& c) {
    const std::string name = c.text(1), flags = c.argument(2);
    const int how = (flags.find("O_CREAT") != std::string::npos ? O_CREAT : 0) |
                    (flags.find("O_EXCL") != std::string::npos ? O_EXCL : 0) |
                    (flags.find("O_TRUNC") != std::string::npos ? O_TRUNC : 0);
    const int into = static_cast<int>(c.result);
    fds_.erase(into);
    if (c.argument(0) == "AT_FDCWD") {
      if (name == queue_) fds_[into] = files_.openat(AT_FDCWD, "/q", how, 0);
    } else if (const auto folder = fds_.find(c.number(0)); folder != fds_.end()) {
      fds_[into] = files_.openat(folder->second, name, how, 0600);
      EXPECT_GE(fds_[into], 0) << name;
    }
  }

  MemoryFileSystem& files_;
  std::string queue_;
  std::map<int, int> fds_;
};

struct Recorded {
  MailSink sink;
  SendmailLite program{sink.port()};
  std::vector<Call> enqueue, flush;

  Recorded() {
    const std::vector<std::string> queue_it{"-odq", "-f", "me@x.org", "you@x.org"};
    // The queue's folders are made by a first run.
    EXPECT_EQ(program.run({"-q"}).status, 0);
    enqueue = record(program, queue_it, kMessage);
    flush = record(program, {"-q"}, "");
    EXPECT_EQ(sink.count("Subject: alert"), 1U);
  }
  // The first `count` of `calls`, after all of `before`; then the power is gone.
  void power_lost(MemoryFileSystem& files, const std::vector<Call>& before,
                  const std::vector<Call>& calls, std::size_t count,
                  const std::function<bool()>& keep) const {
    { sendmail::Queue(files, "/q"); }
    Replay first(files, program.queue());
    for (const Call& call : before) first.call(call);
    files.restart();
    Replay second(files, program.queue());
    for (std::size_t i = 0; i < count; ++i) second.call(calls[i]);
    files.power_loss(keep);
  }
};

// How many wait; each of them is whole.
std::size_t recover(MemoryFileSystem& files, int& uncertain) {
  const sendmail::Queue queue(files, "/q");
  queue.sweep();
  for (const auto& id : queue.waiting()) {
    const auto entry = queue.take(id);
    std::string text(entry->message_bytes(), '\0');
    entry->read_at(0, text);
    EXPECT_TRUE(text.starts_with("Subject: alert\n") && text.ends_with(kBody)) << text;
    uncertain = entry->journal().uncertain;
  }
  return queue.waiting().size();
}

std::size_t index_of(const std::vector<Call>& calls, std::string_view name, std::string_view text) {
  for (std::size_t i = 0; i < calls.size(); ++i)
    if (calls[i].name.starts_with(name) && calls[i].holds(text)) return i;
  ADD_FAILURE() << "no " << name << " with " << text;
  return calls.size();
}

TEST(SendmailQueue, PowerLostAfterEachRecordedCallOfAnEnqueue) {
  const Recorded recorded;
  const auto& calls = recorded.enqueue;
  int cases = 0;
  for (std::size_t count = 0; count <= calls.size(); ++count) {
    for (const auto& keep : power_losses()) {
      MemoryFileSystem files;
      recorded.power_lost(files, {}, calls, count, keep);
      int uncertain = 0;
      const std::size_t waiting = recover(files, uncertain);
      EXPECT_LE(waiting, 1U) << count;
      EXPECT_TRUE(waiting == 1 || count < calls.size()) << "exit 0, and it is gone";
      ++cases;
    }
  }
  std::printf("an enqueue's %zu calls: the power lost %d times, nothing torn or lost\n",
              calls.size(), cases);
}

TEST(SendmailQueue, PowerLostAfterEachRecordedCallOfAFlush) {
  const Recorded recorded;
  const auto& calls = recorded.flush;
  const std::size_t message = index_of(calls, "send", "Subject: alert");
  const std::size_t verdict = index_of(calls, "recv", "250 2.0.0 taken");
  ASSERT_LT(message, verdict);
  int cases = 0;
  for (std::size_t count = 0; count <= calls.size(); ++count) {
    for (const auto& keep : power_losses()) {
      MemoryFileSystem files;
      recorded.power_lost(files, recorded.enqueue, calls, count, keep);
      int uncertain = 0;
      const std::size_t waiting = recover(files, uncertain);
      EXPECT_TRUE(waiting == 1 || count > verdict) << "I3: gone before the 250: " << count;
      EXPECT_TRUE(waiting == 0 || count <= message || uncertain > 0)
          << "I4: not counted: " << count;
      EXPECT_TRUE(waiting == 0 || count < calls.size()) << "sent, and still there";
      ++cases;
    }
  }
  std::printf(
      "a flush's %zu calls: the power lost %d times, nothing lost, what may go twice is "
      "counted\n",
      calls.size(), cases);
}

}  // namespace
}  // namespace proto::test
