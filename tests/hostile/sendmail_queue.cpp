// The queue's proofs with the real program: killed at each system call, and each of them failing,
// by strace; a full disk; many senders and flushers with processes killed at random. At full size:
//   PROTO_QUEUE_MESSAGES=10000 hostile_tests --gtest_filter='SendmailQueue.*'
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <sstream>
#include <thread>

#include "sendmail-lite/queue.h"
#include "support/mail_sink.h"
#include "support/sendmail_program.h"

namespace proto::test {
namespace {

const std::string kMessage = "Subject: alert\n\n" + std::string(3000, 'x') + "\n";

// How often a run makes each call.
using Calls = std::map<std::string, int>;

// All that change something, here or at the server; being killed at any other is the same as being
// killed at the next of these.
const char* const kTraced =
    "openat,mkdirat,renameat,unlinkat,flock,fsync,pread64,pwrite64,write,sendto,sendmsg,recvfrom,"
    "recvmsg,"
    "connect";

std::vector<std::string> traced(const std::vector<std::string>& argv,
                                const std::vector<std::string>& how) {
  std::vector<std::string> all{find_program("strace", "strace"), "-f", "-qq"};
  all.insert(all.end(), how.begin(), how.end());
  all.insert(all.end(), argv.begin(), argv.end());
  return all;
}

// Leaks cannot be looked for under a tracer.
ProcessOptions traced_options(const SendmailLite& program, const std::string& input) {
  ProcessOptions options = program.options(input);
  options.env["ASAN_OPTIONS"] = "detect_leaks=0";
  return options;
}

Calls record(const SendmailLite& program, const std::vector<std::string>& more,
             const std::string& input) {
  const std::string log = program.folder().file("trace");
  run(traced(program.words(more), {"-o", log, "-e", std::string("trace=") + kTraced}),
      traced_options(program, input));
  Calls calls;
  std::istringstream lines(read_file(log));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of("0123456789 ");
    const std::size_t end = line.find('(');
    if (begin == std::string::npos || end == std::string::npos || line[begin] == '+') continue;
    if (begin < end) ++calls[line.substr(begin, end - begin)];
  }
  return calls;
}

std::size_t waiting(const SendmailLite& program) {
  const sendmail::Queue queue(sendmail::real_file_system(), program.queue());
  queue.sweep();
  for (const auto& id : queue.waiting()) {
    const auto entry = queue.look(id);  // throws where it is not whole
    EXPECT_TRUE(entry);
  }
  return queue.waiting().size();
}

// Every call once, with this fault.
void for_each_call(
    const Calls& calls, const std::string& fault,
    const std::function<void(const std::vector<std::string>& how, const std::string& where)>& act) {
  for (const auto& [name, count] : calls) {
    for (int n = 1; n <= count; ++n) {
      const std::string inject = name + ":" + fault + ":when=" + std::to_string(n);
      act({"-o", "/dev/null", "-e", "trace=" + name, "-e", "inject=" + inject}, inject);
    }
  }
}

const char* const kFaults[] = {"EIO", "ENOSPC", "EINTR", "EAGAIN", "EMFILE", "ENOMEM"};

// Of the calls, those by which a queue changes its files, or reads them.
Calls queue_calls(const Calls& all) {
  Calls calls;
  for (const char* const name : {"fsync", "pwrite64", "pread64", "renameat", "unlinkat", "flock"})
    if (const auto at = all.find(name); at != all.end()) calls.insert(*at);
  return calls;
}

std::vector<std::string> send_words() {
  return {"-f", "me@x.org", "you@x.org"};
}

// The queue's folders are made by a first, undisturbed run.
struct Prepared {
  RefusingPort nobody;
  SendmailLite program{nobody.port()};
  Prepared() {
    program.run({"-f", "me@x.org", "you@x.org"}, kMessage);
    clear();
  }
  void clear() const {
    const sendmail::Queue queue(sendmail::real_file_system(), program.queue());
    for (const auto& id : queue.waiting()) queue.take(id)->remove();
  }
};

TEST(SendmailQueue, EnqueueKilledAtEachCallLeavesAWholeMessageOrNone) {
  const Prepared at;
  const Calls calls = record(at.program, send_words(), kMessage);
  ASSERT_GE(calls.at("fsync"), 2);
  at.clear();
  for_each_call(calls, "signal=KILL", [&](const auto& how, const std::string& where) {
    const ProcessResult result =
        run(traced(at.program.words(send_words()), how), traced_options(at.program, kMessage));
    const std::size_t entries = waiting(at.program);
    EXPECT_LE(entries, 1U) << where;
    EXPECT_TRUE(result.status != 0 || entries == 1) << where << " " << result.describe();
    at.clear();
  });
}

TEST(SendmailQueue, EnqueueFailedAtEachCallNeverSaysYesInVain) {
  const Prepared at;
  const Calls calls = record(at.program, send_words(), kMessage);
  at.clear();
  for (const char* const fault : kFaults) {
    for_each_call(queue_calls(calls), std::string("error=") + fault,
                  [&](const auto& how, const std::string& where) {
                    const ProcessResult result = run(traced(at.program.words(send_words()), how),
                                                     traced_options(at.program, kMessage));
                    const std::size_t entries = waiting(at.program);
                    EXPECT_LE(entries, 1U) << where;
                    EXPECT_TRUE(result.status > 0 || entries == 1)
                        << where << " " << result.describe();
                    at.clear();
                  });
  }
}

TEST(SendmailQueue, FlushKilledAtEachCallDeliversAllTheSame) {
  MailSink sink;
  const SendmailLite program(sink.port());
  const auto enqueue = [&](const std::string& subject) {
    const auto result =
        program.run({"-odq", "-f", "me@x.org", "you@x.org"}, "Subject: " + subject + "\n\nx\n");
    ASSERT_EQ(result.status, 0) << result.describe();
  };
  enqueue("recorded");
  const Calls calls = record(program, {"-q"}, "");
  ASSERT_EQ(sink.count("recorded"), 1U);
  int number = 0;
  std::size_t doubles = 0;
  for_each_call(calls, "signal=KILL", [&](const auto& how, const std::string& where) {
    const std::string subject = "message-" + std::to_string(++number) + ".";
    enqueue(subject);
    run(traced(program.words({"-q"}), how), traced_options(program, ""));
    for (int i = 0; i < 2; ++i) EXPECT_EQ(program.run({"-q", "--all"}).status, 0) << where;
    const std::size_t copies = sink.count(subject);
    EXPECT_GE(copies, 1U) << "lost: " << where;
    EXPECT_LE(copies, 2U) << where;
    doubles += copies - 1;
  });
  // Between the server's yes and unlink there are the receiving of it and the unlink itself.
  EXPECT_LE(doubles, 3U);
  EXPECT_EQ(waiting(program), 0U);
}

TEST(SendmailQueue, FlushFailedAtEachCallDeliversAllTheSameAndOnce) {
  MailSink sink;
  const SendmailLite program(sink.port());
  const auto enqueue = [&](const std::string& subject) {
    ASSERT_EQ(
        program.run({"-odq", "-f", "me@x.org", "you@x.org"}, "Subject: " + subject + "\n\nx\n")
            .status,
        0);
  };
  enqueue("recorded");
  const Calls calls = queue_calls(record(program, {"-q"}, ""));
  ASSERT_GE(calls.at("fsync"), 2);
  int number = 0;
  for (const char* const fault : kFaults) {
    for_each_call(calls, std::string("error=") + fault,
                  [&](const auto& how, const std::string& where) {
                    const std::string subject = "message-" + std::to_string(++number) + ".";
                    enqueue(subject);
                    run(traced(program.words({"-q"}), how), traced_options(program, ""));
                    for (int i = 0; i < 2; ++i)
                      EXPECT_EQ(program.run({"-q", "--all"}).status, 0) << where;
                    EXPECT_EQ(sink.count(subject), 1U) << where;
                  });
  }
  EXPECT_EQ(waiting(program), 0U);
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
}

int messages_per_sender(int otherwise) {
  const char* const wanted = std::getenv("PROTO_QUEUE_MESSAGES");
  return wanted == nullptr ? otherwise : std::max(1, std::atoi(wanted) / 8);
}

// Eight senders and eight flushers. With `killing`, one process in four is killed at a random
// moment.
struct Storm {
  MailSink sink;
  SendmailLite program{sink.port()};
  std::atomic<int> senders_left{8}, kills{0};
  std::mutex mutex;
  std::vector<std::string> accepted;  // subjects whose sender exited 0
  std::vector<std::string> failures;

  void one(std::minstd_rand& random, bool killing, const std::vector<std::string>& words,
           const std::string& input, const std::function<void(int status)>& ended) {
    Child child(program.words(words), program.options(input));
    if (killing && random() % 4 == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
      child.signal(SIGKILL);
      ++kills;
    }
    ended(child.wait().status);
  }

  void send(unsigned seed, int messages, bool killing) {
    std::minstd_rand random(seed);
    for (int i = 0; i < messages; ++i) {
      const std::string subject = "s" + std::to_string(seed) + "-" + std::to_string(i) + ".";
      // Half of them leave it to the flushers.
      std::vector<std::string> words{"-f", "me@x.org", "you@x.org"};
      if (i % 2 == 0) words.insert(words.begin(), "-odq");
      one(random, killing, words, "Subject: " + subject + "\n\nx\n", [&](int status) {
        const std::lock_guard lock(mutex);
        if (status == 0) accepted.push_back(subject);
        if (status > 0) failures.push_back(subject + ": " + std::to_string(status));
      });
    }
    --senders_left;
  }

  void flush(unsigned seed, bool killing) {
    std::minstd_rand random(seed);
    while (senders_left > 0) one(random, killing, {"-q", "--all"}, "", [](int) {});
  }

  void run(int messages, bool killing) {
    std::vector<std::thread> threads;
    for (unsigned i = 1; i <= 8; ++i) {
      threads.emplace_back([=, this] { send(i, messages, killing); });
      threads.emplace_back([=, this] { flush(100 + i, killing); });
    }
    for (auto& thread : threads) thread.join();
    for (int i = 0; i < 5 && waiting(program) > 0; ++i) program.run({"-q", "--all"});
    EXPECT_EQ(waiting(program), 0U);
    EXPECT_TRUE(failures.empty()) << failures.front();
    std::map<std::string, int> copies;
    for (const auto& mail : sink.mails()) {
      const std::size_t at = mail.message.find("Subject: ") + 9;
      ++copies[mail.message.substr(at, mail.message.find('\r', at) - at)];
    }
    for (const auto& subject : accepted) EXPECT_GE(copies[subject], 1) << "lost: " << subject;
    int doubles = 0;
    for (const auto& [subject, count] : copies) doubles += count - 1;
    EXPECT_LE(doubles, kills.load());
    EXPECT_TRUE(killing || accepted.size() == static_cast<std::size_t>(8 * messages));
  }
};

TEST(SendmailQueue, EightSendersAndEightFlushersDeliverEachOnce) {
  Storm storm;
  storm.run(messages_per_sender(6), false);
}

TEST(SendmailQueue, KilledAtRandomTheyLoseNothing) {
  Storm storm;
  storm.run(messages_per_sender(6), true);
}

}  // namespace
}  // namespace proto::test
