// Eight senders and eight flushers at one queue, with processes killed at random: nothing is lost,
// and what arrives twice was in the hands of a process that was killed.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "support/mail_sink.h"
#include "support/queue_proofs.h"

namespace proto::test {
namespace {

struct Storm {
  MailSink sink;
  SendmailLite program{sink.port()};
  std::atomic<int> senders_left{8}, runs{0};
  std::mutex mutex;
  std::set<std::string> killed;       // the names of these runs
  std::vector<std::string> accepted;  // subjects whose sender exited 0
  std::vector<std::string> failures;

  // One in four is killed at a random moment, where `killing`. By its name, which it says in EHLO,
  // the sink knows who delivered what; it stands in the configuration, because the command line
  // goes into the queue.
  void one(std::minstd_rand& random, const std::string& thread, bool killing,
           const std::vector<std::string>& words, const std::string& input,
           const std::function<void(int status)>& ended) {
    const std::string name = "run" + std::to_string(++runs) + ".x.org";
    program.folder().write(thread + "/sendmail-lite/config.toml", "helo = \"" + name + "\"\n");
    ProcessOptions options = program.options(input);
    options.env["XDG_CONFIG_HOME"] = program.folder().file(thread);
    Child child(program.words(words), options);
    if (killing && random() % 4 == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
      child.signal(SIGKILL);
    }
    const ProcessResult result = child.wait();
    if (result.signal == SIGKILL) {
      const std::lock_guard lock(mutex);
      killed.insert(name);
    }
    ended(result.status);
  }

  void send(unsigned seed, int messages, bool killing) {
    std::minstd_rand random(seed);
    for (int i = 0; i < messages; ++i) {
      const std::string subject = "s" + std::to_string(seed) + "-" + std::to_string(i) + ".";
      // Half of them leave it to the flushers.
      std::vector<std::string> words{"-f", "me@x.org", "you@x.org"};
      if (i % 2 == 0) words.insert(words.begin(), "-odq");
      one(random, "sender" + std::to_string(seed), killing, words,
          "Subject: " + subject + "\n\nx\n", [&](int status) {
            const std::lock_guard lock(mutex);
            if (status == 0) accepted.push_back(subject);
            if (status > 0) failures.push_back(subject + ": " + std::to_string(status));
          });
    }
    --senders_left;
  }

  void flush(unsigned seed, bool killing) {
    std::minstd_rand random(seed);
    while (senders_left > 0)
      one(random, "flusher" + std::to_string(seed), killing, {"-q", "--all"}, "", [](int) {});
  }

  void run(int messages, bool killing) {
    std::vector<std::thread> threads;
    for (unsigned i = 1; i <= 8; ++i) {
      threads.emplace_back([=, this] { send(i, messages, killing); });
      threads.emplace_back([=, this] { flush(100 + i, killing); });
    }
    for (auto& thread : threads) thread.join();
    for (int i = 0; i < 5 && count_waiting(program) > 0; ++i) program.run({"-q", "--all"});
    EXPECT_EQ(count_waiting(program), 0U);
    EXPECT_TRUE(failures.empty()) << failures.front();
    judge(killing);
    EXPECT_TRUE(killing || accepted.size() == static_cast<std::size_t>(8 * messages));
  }

  void judge(bool killing) {
    std::map<std::string, std::vector<std::string>> deliverers;  // of a subject, in order
    for (const auto& mail : sink.mails()) {
      const std::size_t at = mail.message.find("Subject: ") + 9;
      deliverers[mail.message.substr(at, mail.message.find('\r', at) - at)].push_back(mail.helo);
    }
    int lost = 0, doubles = 0, needless = 0;
    for (const auto& subject : accepted) lost += deliverers[subject].empty() ? 1 : 0;
    // I4: whoever delivered it before the last one was killed before he could say so.
    for (const auto& [subject, who] : deliverers) {
      for (std::size_t i = 0; i + 1 < who.size(); ++i, ++doubles) {
        if (killed.contains(who[i])) continue;
        ++needless;
        ADD_FAILURE() << subject << " again after " << who[i];
      }
    }
    EXPECT_EQ(lost, 0);
    EXPECT_TRUE(killing || doubles == 0);
    std::printf(
        "%zu messages taken, %d processes, %zu of them killed: %d lost, %d doubles of the "
        "window, %d needless ones\n",
        accepted.size(), runs.load(), killed.size(), lost, doubles - needless, needless);
  }
};

int messages_per_sender() {
  return full_size() > 0 ? full_size() / 8 : 6;
}

TEST(SendmailQueue, EightSendersAndEightFlushersDeliverEachOnce) {
  Storm storm;
  storm.run(messages_per_sender(), false);
}

TEST(SendmailQueue, KilledAtRandomTheyLoseNothing) {
  Storm storm;
  storm.run(messages_per_sender(), true);
}

}  // namespace
}  // namespace proto::test
