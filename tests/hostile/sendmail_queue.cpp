// The queue's proofs with the real program: killed at each system call, and each of them failing,
// by strace; a full disk; a clock that steps.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <set>
#include <sstream>

#include "support/mail_sink.h"
#include "support/queue_proofs.h"
#include "support/sanitizers.h"
#include "support/strace.h"

namespace proto::test {
namespace {

const std::string kMessage = "Subject: alert\n\n" + std::string(3000, 'x') + "\n";
const std::string kBody = kMessage.substr(kMessage.find("\n\n"));
const std::vector<std::string> kSend{"-f", "me@x.org", "you@x.org"};

// In the suite: all that change something, here or at the server. Being killed at any other is the
// same as being killed at the next of these. At full size: every one, the loader's included. Under
// sanitizers, where a program starts ten times as slowly: those that commit something.
std::string calls_to_kill_at() {
  if (full_size() > 0) return "all";
  if (kSanitized) return "renameat,unlinkat,fsync,sendto,recvfrom";
  return "openat,mkdirat,renameat,unlinkat,flock,fsync,pread64,pwrite64,write,sendto,sendmsg,"
         "recvfrom,recvmsg,connect";
}

// In the suite: those by which a queue reads and changes its files. What cannot fail is left out.
CallCounts calls_to_fail(CallCounts counts) {
  for (const char* const name : {"exit_group", "geteuid", "getuid", "getegid", "getgid", "getpid"})
    counts.erase(name);
  if (full_size() > 0) return counts;
  const std::set<std::string> wanted{"fsync",    "pwrite64", "pread64",
                                     "renameat", "unlinkat", "flock"};
  std::erase_if(counts, [&](const auto& call) { return !wanted.contains(call.first); });
  return counts;
}

// Of the calls, those behind the message's end that the verdict comes by: where one of them fails,
// the verdict is lost, and the message goes out once more.
bool brings_the_verdict(const std::string& where) {
  return where.starts_with("recvfrom:") || where.starts_with("setsockopt:");
}

// I4: between the server's yes and the unlink there are the receiving of it, by a busy machine in
// several calls, and the unlink itself.
bool in_window(const std::string& where) {
  return where.starts_with("recvfrom:") || where.starts_with("unlinkat:");
}

// Under sanitizers: one that is final, and one that is not.
std::vector<std::string> faults() {
  if (kSanitized) return {"EIO", "EINTR"};
  return {"EIO", "ENOSPC", "EINTR", "EAGAIN", "EMFILE", "ENOMEM"};
}

int sum_of(const CallCounts& counts) {
  int sum = 0;
  for (const auto& [name, count] : counts) sum += count;
  return sum;
}

struct Enqueuing {
  RefusingPort nobody;
  SendmailLite program{nobody.port()};
  // The queue's folders are made by a first, undisturbed run.
  Enqueuing() {
    program.run(kSend, kMessage);
    take_all();
  }
  CallCounts count() {
    auto counts = count_calls(program.words(kSend), program.options(kMessage), calls_to_kill_at());
    take_all();
    return counts;
  }
  // I7: each of them as it was given. How many there were.
  std::size_t take_all() const {
    const std::size_t waiting = count_waiting(program);
    const sendmail::Queue queue(sendmail::real_file_system(), program.queue());
    for (const auto& id : queue.waiting()) {
      auto entry = queue.take(id);
      std::string text(entry->message_bytes(), '\0');
      entry->read_at(0, text);
      EXPECT_TRUE(text.starts_with("Subject: alert\n") && text.ends_with(kBody)) << text;
      EXPECT_EQ(entry->envelope().to, std::vector<std::string>{"you@x.org"});
      entry->remove();
    }
    return waiting;
  }
  void run_with(const std::vector<std::string>& how, const std::string& where) {
    const ProcessResult result =
        run(under_strace(program.words(kSend), how), traced(program.options(kMessage)));
    const std::size_t entries = take_all();
    ++runs;
    kept += static_cast<int>(entries);
    EXPECT_LE(entries, 1U) << where;                                                       // I2
    EXPECT_TRUE(result.status != 0 || entries == 1) << where << " " << result.describe();  // I1
  }
  int runs = 0, kept = 0;
};

TEST(SendmailQueue, EnqueueKilledAtEachCallLeavesAWholeMessageOrNone) {
  Enqueuing at;
  const CallCounts calls = at.count();
  ASSERT_GE(calls.at("fsync"), 2);
  for_each_call(calls, "signal=KILL",
                [&](const auto& how, const std::string& where) { at.run_with(how, where); });
  std::printf("enqueue killed at each of %d calls: %d whole messages, %d times none\n", at.runs,
              at.kept, at.runs - at.kept);
}

TEST(SendmailQueue, EnqueueFailedAtEachCallNeverSaysYesInVain) {
  Enqueuing at;
  const CallCounts calls = calls_to_fail(at.count());
  for (const std::string& fault : faults()) {
    for_each_call(calls, "error=" + fault,
                  [&](const auto& how, const std::string& where) { at.run_with(how, where); });
  }
  std::printf("enqueue, each of %d calls failed in %zu ways: %d whole messages, %d times none\n",
              sum_of(calls), faults().size(), at.kept, at.runs - at.kept);
}

TEST(SendmailQueue, ASignalInTheMidstOfAnEnqueueLeavesNoDebris) {
  const Enqueuing at;
  const ProcessResult result =
      run(under_strace(at.program.words(kSend), {"-o", "/dev/null", "-e", "trace=fsync", "-e",
                                                 "inject=fsync:signal=TERM:when=1"}),
          traced(at.program.options(kMessage)));
  EXPECT_EQ(result.signal, SIGTERM) << result.describe();
  EXPECT_TRUE(std::filesystem::is_empty(at.program.queue() + "/tmp"));
  EXPECT_TRUE(std::filesystem::is_empty(at.program.queue() + "/new"));
}

// One message after the other, each flushed with a fault, and then without.
struct Flushing {
  MailSink sink;
  SendmailLite program{sink.port()};
  int number = 0, doubles = 0;
  bool unprepared = false;  // queued while the aliases could not be read

  std::string enqueue() {
    const std::string subject = "message-" + std::to_string(++number) + ".";
    const auto result =
        program.run({"-odq", "-f", "me@x.org", "you@x.org"}, "Subject: " + subject + "\n\nx\n");
    EXPECT_EQ(result.status, 0) << result.describe();
    return subject;
  }
  std::string enqueue_unprepared() {
    const std::string aliases = program.folder().file("aliases");
    std::filesystem::remove(aliases);
    const std::string subject = "message-" + std::to_string(++number) + ".";
    const auto result = program.run({"--aliases=" + aliases, "-f", "me@x.org", "root"},
                                    "Subject: " + subject + "\n\nx\n");
    EXPECT_EQ(result.status, 78) << result.describe();
    program.folder().write("aliases", "root: you@x.org\n");
    return subject;
  }
  CallCounts count(const std::string& calls) {
    const std::string subject = unprepared ? enqueue_unprepared() : enqueue();
    const auto counts = count_calls(program.words({"-q"}), program.options(""), calls);
    EXPECT_EQ(sink.count(subject), 1U);
    return counts;
  }
  // Whether it was delivered a second time.
  bool run_with(const std::vector<std::string>& how, const std::string& where) {
    const std::string subject = unprepared ? enqueue_unprepared() : enqueue();
    run(under_strace(program.words({"-q"}), how), traced(program.options("")));
    for (int i = 0; i < 2; ++i) EXPECT_EQ(program.run({"-q", "--all"}).status, 0) << where;
    const std::size_t copies = sink.count(subject);
    EXPECT_GE(copies, 1U) << "lost: " << where;
    EXPECT_LE(copies, 2U) << where;
    doubles += copies > 1 ? 1 : 0;
    return copies > 1;
  }
  void kill_with(const std::vector<std::string>& how, const std::string& where) {
    const bool twice = run_with(how, where);
    EXPECT_TRUE(!twice || in_window(where)) << "a needless double: " << where;
  }
};

TEST(SendmailQueue, FlushKilledAtEachCallDeliversAllTheSame) {
  Flushing at;
  const CallCounts calls = at.count(calls_to_kill_at());
  for_each_call(calls, "signal=KILL",
                [&](const auto& how, const std::string& where) { at.kill_with(how, where); });
  EXPECT_EQ(count_waiting(at.program), 0U);
  std::printf("flush killed at each of %d calls: 0 lost, %d doubles, all of them of the window\n",
              sum_of(calls), at.doubles);
}

// With the aliases put in on the way: nobody is sent to without them.
TEST(SendmailQueue, FlushOfTheUnpreparedKilledAtEachCallDeliversAllTheSame) {
  Flushing at;
  at.unprepared = true;
  const CallCounts calls = at.count(calls_to_kill_at());
  ASSERT_GE(calls.at("fsync"), 4);
  for_each_call(calls, "signal=KILL",
                [&](const auto& how, const std::string& where) { at.kill_with(how, where); });
  EXPECT_EQ(count_waiting(at.program), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(at.program.queue() + "/tmp"));
  for (const auto& mail : at.sink.mails())
    EXPECT_EQ(mail.to, std::vector<std::string>{"you@x.org"});
}

TEST(SendmailQueue, FlushFailedAtEachCallDeliversAllTheSameAndOnce) {
  Flushing at;
  const CallCounts calls = calls_to_fail(at.count(calls_to_kill_at()));
  ASSERT_GE(calls.at("fsync"), 2);
  int needless = 0;
  for (const std::string& fault : faults()) {
    for_each_call(calls, "error=" + fault, [&](const auto& how, const std::string& where) {
      const bool twice = at.run_with(how, where);
      if (!twice || brings_the_verdict(where)) return;
      ++needless;
      ADD_FAILURE() << "a needless double: " << where;
    });
  }
  EXPECT_EQ(count_waiting(at.program), 0U);
  std::printf(
      "flush, each of %d calls failed in %zu ways: 0 lost, %d doubles, %d of them needless\n",
      sum_of(calls), faults().size(), at.doubles, needless);
}

// 64 KiB, or, where nobody may mount, files of at most 64 KiB: a message that does not fit is none.
TEST(SendmailQueue, AFullDiskTakesAMessageWholeOrNotAtAll) {
  const RefusingPort nobody;
  const SendmailLite program(nobody.port());
  const std::string mount_point = program.folder().file("small");
  program.folder().write("small/.keep", "");
  const std::string big = "Subject: big\n\n" + std::string(80 * 1024, 'x') + "\n";
  std::string command =
      "mount -t tmpfs -o size=64k none " + mount_point + " || ulimit -f 64; trap '' XFSZ; n=0; ";
  command +=
      "while exec_it; do n=$((n+1)); [ $n -lt 40 ] || break; done < /dev/null; "
      "echo sent $n; for f in " +
      mount_point +
      "/q/new/*; do [ -s \"$f\" ] && echo entry; done; "
      "ls " +
      mount_point + "/q/tmp | wc -l";
  std::string call;
  for (const auto& word :
       program.words({"--queue-dir=" + mount_point + "/q", "-f", "me@x.org", "you@x.org"}))
    call += "'" + word + "' ";
  const std::string message = program.folder().write("big", big);
  const std::string small = program.folder().write("small.eml", kMessage);
  const std::string script = "exec_it() { " + call + " < " + small + " 2>/dev/null; }\n" + command +
                             "; " + call + " < " + message + "; echo big $?";
  const ProcessResult result =
      run({"unshare", "--map-root-user", "--mount", "sh", "-c", script}, program.options(""));
  std::istringstream lines(result.out);
  int sent = -1, entries = 0, debris = -1, big_status = -1;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("sent ")) sent = std::stoi(line.substr(5));
    if (line == "entry") ++entries;
    if (line.starts_with("big ")) big_status = std::stoi(line.substr(4));
    if (line == "0") debris = 0;
  }
  EXPECT_GT(sent, 0) << result.describe();
  EXPECT_EQ(sent, entries) << result.out;
  EXPECT_EQ(debris, 0) << result.out;
  EXPECT_NE(big_status, 0) << result.out;
  std::printf("a disk of 64 KiB: %d messages said to be queued, %d whole ones there\n", sent,
              entries);
}

// The clock is ten years off, either way, when the message is tried again: all times of its entry
// are moved the other way.
TEST(SendmailQueue, ClockStepsOfTenYearsNeitherLoseNorHoldMail) {
  constexpr std::int64_t kTenYears = 315576000;
  for (const std::int64_t step : {kTenYears, -kTenYears}) {
    std::optional<RefusingPort> nobody(std::in_place);
    const std::uint16_t port = nobody->port();
    const SendmailLite program(port);
    ASSERT_EQ(program.run(kSend, kMessage).status, 0);
    EXPECT_EQ(program.run({"-q"}).status, 75);
    const auto move_clock = [&](std::int64_t by) {
      const sendmail::Queue queue(sendmail::real_file_system(), program.queue());
      const std::string path = program.queue() + "/new/" + queue.waiting().at(0);
      std::string text = read_file(path);
      for (const char* const before : {"\ncreated ", "\nsending ", "\nlater "}) {
        for (std::size_t at = 0; (at = text.find(before, at)) != std::string::npos;) {
          at += std::string_view(before).size();
          text.replace(at, 10, std::to_string(std::stoll(text.substr(at, 10)) - by));
        }
      }
      std::FILE* const file = std::fopen(path.c_str(), "w");
      std::fwrite(text.data(), 1, text.size(), file);
      std::fclose(file);
    };
    move_clock(step);
    EXPECT_EQ(program.run({"-q"}).status, 75) << "due, and not given up";
    move_clock(-step);
    EXPECT_EQ(program.run({"--status"}).status, 75);
    nobody.reset();
    const MailSink sink({}, port);
    EXPECT_EQ(program.run({"-q"}).status, 0);
    EXPECT_EQ(sink.count("Subject: alert"), 1U);
  }
}

}  // namespace
}  // namespace proto::test
