#include "sendmail-lite/flush.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <stdexcept>

#include "support/memory_file_system.h"

namespace proto::sendmail {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::Killed;
using test::MemoryFileSystem;
using test::power_losses;

constexpr Time kStart{seconds(1700000000)};
const std::string kMessage = "Message-ID: <1@example.org>\n\n" + std::string(2000, 'x') + "\n";

// Takes mail for a…, refuses b… for good, and tells c… to come again.
class FakeRelay final : public Relay {
 public:
  Attempt send(const Letter& letter) override {
    ++sends;
    Attempt attempt;
    attempt.outcomes.resize(letter.recipients.size());
    if (trouble != Trouble::none) {
      if (trouble == Trouble::unknown) letter.before_commit();
      attempt.trouble = trouble;
      attempt.reason = "trouble";
      attempt.status = tools::kTryLater;
      return attempt;
    }
    try {
      letter.before_commit();
    } catch (const QueueError& e) {
      attempt.trouble = Trouble::local;
      attempt.reason = e.what();
      return attempt;
    }
    std::string body(letter.message.size(), '\0');
    letter.message.read_at(0, body);
    EXPECT_EQ(body, kMessage);
    for (std::size_t i = 0; i < letter.recipients.size(); ++i) {
      const std::string& to = letter.recipients[i];
      if (to[0] == 'a') ++taken[letter.envelope.message_id + to];
      if (to[0] == 'a') attempt.outcomes[i] = {Fate::taken, 250, "ok", false};
      if (to[0] == 'b') attempt.outcomes[i] = {Fate::refused, 550, "no", false};
      if (to[0] == 'c') {
        attempt.trouble = Trouble::message;
        attempt.reason = "450 later";
      }
      if (lmtp) letter.on_outcome(i, attempt.outcomes[i]);
    }
    return attempt;
  }
  std::string name() const override { return "fake:25"; }
  std::string transcript() const override { return "> MAIL\n"; }

  Trouble trouble = Trouble::none;
  bool lmtp = false;
  int sends = 0;
  std::map<std::string, int> taken;
};

struct World {
  MemoryFileSystem files;
  FakeRelay relay, fallback;
  Time now = kStart;
  std::vector<Delivery> done;
  std::vector<std::string> warnings;
  std::vector<std::string> alias{"a"};
  int prepared = 0;

  std::string add(std::vector<std::string> to, std::string message_id = "<1@example.org>") {
    Queue queue(files, "/q");
    QueuedEnvelope envelope;
    envelope.created = now;
    envelope.from = "me@example.org";
    envelope.to = std::move(to);
    envelope.message_id = std::move(message_id);
    envelope.unprepared = envelope.to[0] == "root";
    const std::string_view parts[] = {kMessage};
    return queue.add(envelope, parts, now).id();
  }
  DeliveryRules rules() {
    DeliveryRules rules;
    rules.now = [this] { return now; };
    rules.random = [] { return 0; };
    return rules;
  }
  FlushSummary run(bool all = false) {
    Queue queue(files, "/q");
    return flush(queue, rules(),
                 {[this](const std::vector<std::string>&) {
                    return Route{&relay, &fallback};
                  },
                  [this](const QueuedEnvelope& e, std::string_view m) { return prepare(e, m); },
                  [this](const Entry&, const Delivery& d) { done.push_back(d); },
                  [this](const std::string& text) { warnings.push_back(text); }},
                 all);
  }
  // root stands for whom `alias` names.
  Submission prepare(const QueuedEnvelope& envelope, std::string_view message) {
    ++prepared;
    if (alias.empty()) throw std::runtime_error("no config");
    Submission ready{envelope, std::string(message.substr(0, 10)), message.substr(10), {}};
    ready.envelope.to = alias;
    ready.envelope.unprepared = false;
    return ready;
  }
  Journal journal(const std::string& id) { return Queue(files, "/q").look(id)->journal; }
};

TEST(Flush, DeliversOnceAndLeavesNothing) {
  World world;
  world.add({"a1", "a2"});
  EXPECT_EQ(world.run().delivered, 1);
  EXPECT_EQ(world.run().delivered, 0);
  EXPECT_EQ(world.relay.taken["<1@example.org>a1"], 1);
  EXPECT_TRUE(Queue(world.files, "/q").waiting().empty());
  EXPECT_TRUE(Queue(world.files, "/q").failed().empty());
}

TEST(Flush, SomeTakenSomeRefusedSomeWaiting) {
  World world;
  const auto id = world.add({"a", "b", "c"});
  EXPECT_EQ(world.run().waiting, 1);
  world.now += minutes(10);
  EXPECT_EQ(world.run().waiting, 1);
  EXPECT_EQ(world.relay.taken["<1@example.org>a"], 1);
  EXPECT_EQ(world.done.back().recipients, std::vector<std::string>{"c"});
  const Journal journal = world.journal(id);
  EXPECT_EQ(journal.verdicts[1].fate, Fate::refused);
  EXPECT_EQ(journal.attempts, 2);
  EXPECT_EQ(journal.reason, "450 later");
}

TEST(Flush, WhatIsNotDueWaits) {
  World world;
  world.add({"c"});
  EXPECT_EQ(world.run().waiting, 1);  // its first
  EXPECT_EQ(world.run().waiting, 1);  // due at once after the first
  EXPECT_EQ(world.run().not_due, 1);
  EXPECT_EQ(world.relay.sends, 2);
  EXPECT_EQ(world.run(true).waiting, 1);
  world.now += minutes(3);
  EXPECT_EQ(world.run().waiting, 1);
}

TEST(Flush, GivesUpAfterFiveDaysOfAttempts) {
  for (const Trouble trouble : {Trouble::message, Trouble::unknown, Trouble::network}) {
    World world;
    world.relay.trouble = world.fallback.trouble = trouble;
    world.add({"a"});
    int runs = 0;
    while (world.run().failed == 0 && runs < 200) {
      world.now += hours(4);
      ++runs;
    }
    EXPECT_EQ(runs, 30);
    Queue queue(world.files, "/q");
    ASSERT_EQ(queue.failed().size(), 1U);
    EXPECT_EQ(queue.look_failed(queue.failed()[0])->journal.verdicts[0].text, "given up: trouble");
  }
}

// What the relay, its name or our login do wrong is never the message's fault.
TEST(Flush, TroubleOfTheRelayNeverAgesAMessage) {
  for (const Trouble trouble : {Trouble::relay, Trouble::resolver, Trouble::local}) {
    World world;
    world.relay.trouble = world.fallback.trouble = trouble;
    const auto id = world.add({"a"});
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(world.run().failed, 0);
      world.now += hours(5);
    }
    EXPECT_EQ(world.journal(id).age, seconds(0));
    world.relay.trouble = Trouble::none;
    EXPECT_EQ(world.run().delivered, 1);
  }
}

TEST(Flush, ClockStepsNeitherLoseNorHoldMail) {
  for (const seconds step : {seconds(hours(24 * 3652)), -seconds(hours(24 * 3652))}) {
    World world;
    world.relay.trouble = world.fallback.trouble = Trouble::message;
    world.add({"a"});
    for (int i = 0; i < 3; ++i) {
      world.run();
      world.now += i % 2 == 0 ? step : -step;
      EXPECT_EQ(world.run().failed, 0);
    }
    world.relay.trouble = Trouble::none;
    world.now += hours(5);
    EXPECT_EQ(world.run().delivered, 1);
  }
}

TEST(Flush, TheSecondRelayTakesOverAfterItsHours) {
  World world;
  world.relay.trouble = Trouble::network;
  world.add({"a"});
  EXPECT_EQ(world.run().waiting, 1);
  EXPECT_EQ(world.fallback.sends, 0);
  world.now += hours(4);
  EXPECT_EQ(world.run().delivered, 1);
  EXPECT_EQ(world.relay.sends, 2);
  EXPECT_EQ(world.fallback.sends, 1);
  EXPECT_EQ(world.done.back().relay, "fake:25");
}

// Greylisting without an end, a full disk: the first relay answers, but never takes it.
TEST(Flush, TheSecondRelayTakesWhatTheFirstPutsOffForHours) {
  World world;
  world.relay.trouble = Trouble::message;
  world.add({"a"});
  EXPECT_EQ(world.run().waiting, 1);
  world.now += hours(4) - seconds(1);
  EXPECT_EQ(world.run().waiting, 1);
  EXPECT_EQ(world.fallback.sends, 0);
  world.now += seconds(1);
  EXPECT_EQ(world.run(true).delivered, 1);
  EXPECT_EQ(world.fallback.sends, 1);
  EXPECT_TRUE(Queue(world.files, "/q").waiting().empty());
}

// Only those who wait go to the second relay, and what the first one settled is told all the same.
TEST(Flush, TheSecondRelayGetsOnlyThoseWhoWait) {
  World world;
  const auto id = world.add({"a", "b", "c"});
  world.now += hours(4);
  EXPECT_EQ(world.run().waiting, 1);
  EXPECT_EQ(world.relay.taken["<1@example.org>a"], 1);
  EXPECT_TRUE(world.fallback.taken.empty());
  EXPECT_EQ(world.fallback.sends, 1);
  EXPECT_EQ(world.done.back().recipients, (std::vector<std::string>{"c", "a", "b"}));
  EXPECT_EQ(world.done.back().attempt.status, tools::kUnavailable);
  EXPECT_TRUE(world.done.back().attempt.any(Fate::refused));
  EXPECT_EQ(world.journal(id).attempts, 1);
}

// It may have been taken: a second relay would make it two.
TEST(Flush, AnUnknownVerdictIsNoCaseForTheSecondRelay) {
  for (const Trouble trouble : {Trouble::unknown, Trouble::local}) {
    World world;
    world.relay.trouble = trouble;
    world.add({"a"});
    world.now += hours(24);
    EXPECT_EQ(world.run().waiting, 1);
    EXPECT_EQ(world.fallback.sends, 0);
  }
}

// Whichever of the two has a bad login or no name: the message is not at fault.
TEST(Flush, TroubleOfOneOfTwoRelaysNeverAgesAMessage) {
  for (const bool first : {false, true}) {
    World world;
    world.relay.trouble = first ? Trouble::relay : Trouble::message;
    world.fallback.trouble = first ? Trouble::message : Trouble::relay;
    const auto id = world.add({"a"});
    world.now += hours(4);
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(world.run().failed, 0);
      world.now += hours(5);
    }
    EXPECT_EQ(world.fallback.sends, 100);
    EXPECT_EQ(world.journal(id).age, seconds(0));
  }
}

TEST(Flush, AMessageThatIsRefusedIsNoCaseForTheSecondRelay) {
  World world;
  world.add({"b"});
  world.now += hours(24);
  EXPECT_EQ(world.run().failed, 1);
  EXPECT_EQ(world.fallback.sends, 0);
}

TEST(Flush, OneBadMessageDoesNotHoldUpTheNext) {
  World world;
  world.add({"c"}, "<1@x>");
  world.now += seconds(1);
  world.add({"a"}, "<2@x>");
  const int fd = world.files.openat(-100, "/q/new/0garbage", 0100, 0600);
  world.files.close(fd);
  const FlushSummary summary = world.run();
  EXPECT_EQ(summary.waiting, 1);
  EXPECT_EQ(summary.delivered, 1);
  EXPECT_EQ(summary.unusable, 1);
  ASSERT_EQ(world.warnings.size(), 1U);
  EXPECT_NE(world.warnings[0].find("0garbage"), std::string::npos);
}

TEST(Flush, WithoutAWayTheMessageWaits) {
  World world;
  const auto id = world.add({"a"});
  Queue queue(world.files, "/q");
  const auto summary = flush(
      queue, world.rules(),
      {[](const std::vector<std::string>&) -> Route { throw std::runtime_error("no config"); },
       {},
       [](const Entry&, const Delivery&) {},
       [](const std::string&) {}});
  EXPECT_EQ(summary.waiting, 1);
  EXPECT_EQ(world.journal(id).reason, "no config");
}

// Queued while the configuration was bad: prepared before its first attempt, and never again.
TEST(Flush, AnUnpreparedMessageIsPreparedOnceAndDurably) {
  World world;
  world.alias = {"a", "c"};
  const auto id = world.add({"root"});
  EXPECT_EQ(world.run().waiting, 1);
  EXPECT_EQ(world.relay.taken["<1@example.org>a"], 1);
  world.alias = {"a", "a2"};
  world.files.restart();
  EXPECT_EQ(world.run(true).waiting, 1);
  EXPECT_EQ(world.prepared, 1);
  EXPECT_EQ(world.done.back().recipients, std::vector<std::string>{"c"});
  const auto entry = Queue(world.files, "/q").look(id);
  EXPECT_EQ(entry->envelope.to, (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(entry->envelope.created, kStart);
  EXPECT_EQ(entry->journal.attempts, 2);
}

TEST(Flush, WhatCannotBePreparedYetWaitsWithoutAgeing) {
  World world;
  world.alias.clear();
  const auto id = world.add({"root"});
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(world.run().waiting, 1);
    world.now += hours(5);
  }
  EXPECT_EQ(world.relay.sends, 0);
  EXPECT_EQ(world.journal(id).reason, "no config");
  EXPECT_EQ(world.journal(id).age, seconds(0));
  world.alias = {"a"};
  EXPECT_EQ(world.run().delivered, 1);
  EXPECT_EQ(world.relay.taken["<1@example.org>a"], 1);
}

TEST(Flush, AFailedMessageKeepsReasonAndTranscript) {
  World world;
  const auto id = world.add({"a", "b"});
  EXPECT_EQ(world.run().failed, 1);
  const int fd = world.files.openat(-100, "/q/failed/" + id + ".reason", 0, 0);
  std::string text(1000, '\0');
  text.resize(static_cast<std::size_t>(world.files.pread(fd, text, 0)));
  EXPECT_EQ(text,
            "from: me@example.org\nmessage-id: <1@example.org>\na: delivered: 250 ok\n"
            "b: refused: 550 no\n\n> MAIL\n");
}

// One message: taken by one, refused by another. Whatever happens at whichever call of a flush, a
// later one ends it (I3), nobody is sent to again whose verdict is durable (I5), and a double is
// counted (I4).
struct Crashed {
  World world;
  Crashed(bool lmtp, const std::vector<std::string>& to) {
    world.relay.lmtp = lmtp;
    world.add(to);
    world.files.restart();
  }
  void attempt() {
    try {
      world.run(true);
    } catch (const QueueError&) {
    } catch (const Killed&) {
    }
  }
  int calls() {
    attempt();
    return world.files.calls();
  }
  // Whether a double was sent.
  bool expect_end(const std::string& where, bool refused) {
    for (int i = 0; i < 3; ++i) {
      world.files.restart();
      attempt();
    }
    world.files.restart();
    Queue queue(world.files, "/q");
    EXPECT_TRUE(queue.waiting().empty()) << where;
    const int copies = world.relay.taken["<1@example.org>a"];
    EXPECT_GE(copies, 1) << where;
    EXPECT_LE(copies, 2) << where;
    EXPECT_EQ(queue.failed().size(), refused ? 1U : 0U) << where;
    if (refused && !queue.failed().empty()) {
      const auto failed = queue.look_failed(queue.failed()[0]);
      EXPECT_EQ(failed->message_bytes, kMessage.size());
      EXPECT_TRUE(copies == 1 || failed->journal.uncertain > 0) << where << ": not counted";
    }
    return copies > 1;
  }
};

const std::vector<std::vector<std::string>> kCases = {{"a"}, {"a", "b"}, {"root"}};

TEST(FlushProof, KilledAtEachCall) {
  for (const bool lmtp : {false, true}) {
    for (const auto& to : kCases) {
      const int calls = Crashed(lmtp, to).calls();
      ASSERT_GT(calls, 15);
      int doubles = 0;
      for (int at = 0; at < calls; ++at) {
        for (const auto when : {MemoryFileSystem::When::before, MemoryFileSystem::When::halfway,
                                MemoryFileSystem::When::after}) {
          Crashed run(lmtp, to);
          run.world.files.kill_at(at, when);
          run.attempt();
          doubles += run.expect_end("killed at " + std::to_string(at), to.size() > 1) ? 1 : 0;
        }
      }
      // At the one call behind the server's yes: before it, and halfway.
      EXPECT_LE(doubles, 2);
    }
  }
}

TEST(FlushProof, PowerLostAtEachCall) {
  for (const auto& to : kCases) {
    const int calls = Crashed(false, to).calls();
    for (int at = 0; at < calls; ++at) {
      for (const auto when : {MemoryFileSystem::When::halfway, MemoryFileSystem::When::after}) {
        for (const auto& loss : power_losses()) {
          Crashed run(false, to);
          run.world.files.kill_at(at, when);
          run.attempt();
          run.world.files.power_loss(loss);
          run.expect_end("power lost at " + std::to_string(at), to.size() > 1);
        }
      }
    }
  }
}

TEST(FlushProof, FailedAtEachCall) {
  for (const bool lmtp : {false, true}) {
    for (const auto& to : kCases) {
      const int calls = Crashed(lmtp, to).calls();
      for (const int code : {EIO, ENOSPC, EINTR, EAGAIN, EMFILE, ENOMEM}) {
        for (int at = 0; at < calls; ++at) {
          Crashed run(lmtp, to);
          run.world.files.fail_at(at, code);
          run.attempt();
          // One failed call is never a reason for a double: the verdict has two ways to the disk.
          EXPECT_FALSE(run.expect_end("failed at " + std::to_string(at), to.size() > 1))
              << at << " " << code << " lmtp " << lmtp << " of " << to.size();
        }
      }
    }
  }
}

TEST(FlushProof, DeadDiskFromEachCallOn) {
  const int calls = Crashed(false, kCases[1]).calls();
  for (int at = 0; at < calls; ++at) {
    Crashed run(false, kCases[1]);
    run.world.files.fail_from(at, EIO);
    run.attempt();
    run.expect_end("dead from " + std::to_string(at), true);
  }
}

}  // namespace
}  // namespace proto::sendmail
