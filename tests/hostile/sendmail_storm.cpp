// Eight senders and eight flushers at one queue, with processes killed at random: nothing is lost,
// and what arrives twice was in the hands of a process that was killed. Some are killed at a random
// moment of their run, some when the server has their message and they have not its answer.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
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

// Who was killed and who ended, in which order. The sink cannot tell: it may read what a dead run
// has sent when the next one has delivered the same message already.
class Order {
 public:
  // Before it is killed.
  void kills(const std::string& name) { note(kill_, name); }
  // After it has ended.
  void ended(const std::string& name) { note(end_, name); }
  // False where it surely did not.
  bool was_killed_before_the_end_of(const std::string& killed, const std::string& other) const {
    const auto kill = kill_.find(killed), end = end_.find(other);
    return kill != kill_.end() && end != end_.end() && kill->second < end->second;
  }

 private:
  void note(std::map<std::string, int>& in, const std::string& name) {
    const std::lock_guard lock(mutex_);
    in[name] = ++now_;
  }

  std::mutex mutex_;
  std::map<std::string, int> kill_, end_;
  int now_ = 0;
};

// Runs that die in the window of I4: between the end of their message and its answer.
class Window {
 public:
  explicit Window(Order& order) : order_(order) {}
  // Before it starts: then the server knows of it in time.
  void doom(const std::string& name) {
    const std::lock_guard lock(mutex_);
    pids_[name] = 0;
  }
  void started(const std::string& name, pid_t pid) {
    const std::lock_guard lock(mutex_);
    if (const auto run = pids_.find(name); run != pids_.end()) run->second = pid;
    known_.notify_all();
  }
  // The server has a message of it. Returns when the run is dead, where it is doomed; the zombie is
  // left to who started it.
  void strike(const std::string& name) {
    std::unique_lock lock(mutex_);
    const auto run = pids_.find(name);
    if (run == pids_.end()) return;
    known_.wait(lock, [&] { return run->second != 0; });
    order_.kills(name);
    ::kill(run->second, SIGKILL);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(run->second), &info, WEXITED | WNOWAIT);
    ++struck_;
  }
  int struck() {
    const std::lock_guard lock(mutex_);
    return struck_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable known_;
  Order& order_;
  std::map<std::string, pid_t> pids_;  // 0: not known yet
  int struck_ = 0;
};

enum class Death { none, at_random, in_window };

struct Storm {
  Order order;
  Window window{order};
  MailSink sink{rules()};
  SendmailLite program{sink.port()};
  std::atomic<int> senders_left{8}, runs{0};
  std::atomic<std::int64_t> span{0};  // microseconds: how long a run took that was left alone
  std::mutex mutex;
  std::set<std::string> killed;       // the names of these runs
  std::vector<std::string> accepted;  // subjects whose sender exited 0
  std::vector<std::string> failures;

  SinkRules rules() {
    SinkRules rules;
    rules.on_message = [this](const SunkMail& mail) {
      window.strike(mail.helo);
      return "250 2.0.0 taken";
    };
    return rules;
  }

  // One in four is to be killed.
  static Death draw(std::minstd_rand& random) {
    if (random() % 4 != 0) return Death::none;
    return random() % 2 == 0 ? Death::in_window : Death::at_random;
  }

  // By its name, which it says in EHLO, the sink knows who delivered what; it stands in the
  // configuration, because the command line goes into the queue.
  void one(std::minstd_rand& random, const std::string& thread, Death death,
           const std::vector<std::string>& words, const std::string& input,
           const std::function<void(int status)>& ended) {
    const std::string name = "run" + std::to_string(++runs) + ".x.org";
    program.folder().write(thread + "/sendmail-lite/config.toml", "helo = \"" + name + "\"\n");
    ProcessOptions options = program.options(input);
    options.env["XDG_CONFIG_HOME"] = program.folder().file(thread);
    if (death == Death::in_window) window.doom(name);
    const auto begin = std::chrono::steady_clock::now();
    Child child(program.words(words), options);
    window.started(name, child.pid());
    if (death == Death::at_random) {
      const std::int64_t at = static_cast<std::int64_t>(random()) % std::max<std::int64_t>(span, 1);
      std::this_thread::sleep_for(std::chrono::microseconds(at));
      order.kills(name);
      child.signal(SIGKILL);
    }
    const ProcessResult result = child.wait();
    order.ended(name);
    if (death == Death::none) {
      const auto took = std::chrono::steady_clock::now() - begin;
      span = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    }
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
      if (i % 2 == 1) words.insert(words.begin(), "-odq");
      // The first, which it delivers itself, is sure to be one of the window.
      const Death death = !killing ? Death::none : i == 0 ? Death::in_window : draw(random);
      one(random, "sender" + std::to_string(seed), death, words, "Subject: " + subject + "\n\nx\n",
          [&](int status) {
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
      one(random, "flusher" + std::to_string(seed), killing ? draw(random) : Death::none,
          {"-q", "--all"}, "", [](int) {});
  }

  void run(int messages, bool killing) {
    std::minstd_rand random;
    one(random, "first", Death::none, {"-q"}, "", [](int) {});  // so that `span` is known
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
    // I4: whoever delivered it before the last one was killed before he could say so. The last one
    // need not be the last that the sink read.
    for (const auto& [subject, who] : deliverers) {
      for (std::size_t i = 0; i + 1 < who.size(); ++i, ++doubles) {
        const bool was_last = std::all_of(
            who.begin() + static_cast<std::ptrdiff_t>(i) + 1, who.end(), [&](const auto& other) {
              return killed.contains(other) && order.was_killed_before_the_end_of(other, who[i]);
            });
        if (killed.contains(who[i]) || was_last) continue;
        ++needless;
        ADD_FAILURE() << subject << " again after " << who[i];
      }
    }
    EXPECT_EQ(lost, 0);
    EXPECT_TRUE(killing || doubles == 0);
    // Each that died in the window has left its message to the next.
    EXPECT_GE(window.struck(), killing ? 8 : 0);
    EXPECT_GE(doubles - needless, window.struck());
    std::printf(
        "%zu messages taken, %d processes, %zu of them killed, %d in the window: %d lost, "
        "%d doubles of the window, %d needless ones\n",
        accepted.size(), runs.load(), killed.size(), window.struck(), lost, doubles - needless,
        needless);
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
