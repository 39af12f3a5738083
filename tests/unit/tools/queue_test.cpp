#include "sendmail-lite/queue.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <random>

#include "support/memory_file_system.h"

namespace proto::sendmail {
namespace {

using std::chrono::seconds;
using test::Killed;
using test::MemoryFileSystem;
using test::power_losses;

constexpr Time kNow{seconds(1700000000)};
constexpr int kFaults[] = {EIO, ENOSPC, EINTR, EAGAIN, EMFILE, ENOMEM};
const std::string kMessage = "Subject: alert\r\n\r\n" + std::string(3000, 'x') + "\r\n.\r\n\0\xff";

QueuedEnvelope envelope() {
  QueuedEnvelope e;
  e.created = kNow;
  e.from = "me@example.org";
  e.to = {"a@example.org", "b@example.org"};
  e.message_id = "<1@example.org>";
  return e;
}

Entry add_to(Queue& queue) {
  const std::string_view parts[] = {std::string_view(kMessage).substr(0, 20),
                                    std::string_view(kMessage).substr(20)};
  return queue.add(envelope(), parts, kNow);
}

std::string message_of(const Entry& entry) {
  std::string text(entry.message_bytes(), '\0');
  EXPECT_EQ(entry.read_at(0, text), text.size());
  EXPECT_EQ(entry.read_at(text.size(), text), 0U);
  return text;
}

// What recovery finds: sweeps twice (I6), and says how many whole entries wait. I2, I7: an entry
// that is there is whole.
std::size_t recover(MemoryFileSystem& files) {
  files.restart();
  const Queue queue(files, "/q");
  queue.sweep();
  const auto before = queue.waiting();
  queue.sweep();
  EXPECT_EQ(queue.waiting(), before);
  for (const auto& id : before) {
    const auto entry = queue.take(id);
    EXPECT_TRUE(entry);
    if (!entry) continue;
    EXPECT_EQ(message_of(*entry), kMessage);
    EXPECT_EQ(format_header(entry->envelope(), 1), format_header(envelope(), 1));
  }
  FileInfo info;
  const int tmp = files.openat(-100, "/q/tmp", 0, 0);
  std::vector<std::string> debris;
  files.list(tmp, debris);
  EXPECT_TRUE(debris.empty());
  return before.size();
}

bool add(MemoryFileSystem& files) {
  Queue queue(files, "/q");
  add_to(queue);
  return true;
}

int calls_of_add() {
  MemoryFileSystem files;
  add(files);
  return files.calls();
}

TEST(Queue, AnEntryIsDurableWhenAddReturns) {
  for (const auto& loss : power_losses()) {
    MemoryFileSystem files;
    add(files);
    files.power_loss(loss);
    EXPECT_EQ(recover(files), 1U);
  }
}

// I1, I2, I6, I7: killed at each call, before, halfway and after it, and the power gone then.
TEST(Queue, EnqueueKilledAtEachCallLeavesAWholeEntryOrNone) {
  const int calls = calls_of_add();
  ASSERT_GT(calls, 15);
  for (int at = 0; at < calls; ++at) {
    for (const auto when : {MemoryFileSystem::When::before, MemoryFileSystem::When::halfway,
                            MemoryFileSystem::When::after}) {
      for (std::size_t i = 0; i <= power_losses().size(); ++i) {
        MemoryFileSystem files;
        files.kill_at(at, when);
        EXPECT_THROW(add(files), Killed);
        if (i > 0) files.power_loss(power_losses()[i - 1]);
        EXPECT_LE(recover(files), 1U) << at;
      }
    }
  }
}

TEST(Queue, EnqueueFailedAtEachCallSaysSoAndLeavesNothing) {
  for (const int code : kFaults) {
    for (int at = 0; at < calls_of_add(); ++at) {
      MemoryFileSystem files;
      files.fail_at(at, code);
      bool added = false;
      try {
        added = add(files);
      } catch (const QueueError& e) {
        EXPECT_EQ(e.code(), code) << e.what();
      }
      EXPECT_TRUE(added || code != EINTR) << at;
      EXPECT_EQ(recover(files), added ? 1U : 0U) << at << " " << code;
    }
  }
}

TEST(Queue, EnqueueOnADyingDiskSaysSo) {
  for (int at = 0; at < calls_of_add(); ++at) {
    MemoryFileSystem files;
    files.fail_from(at, EIO);
    EXPECT_THROW(add(files), QueueError) << at;
    EXPECT_LE(recover(files), 1U);
  }
}

// Puts another message in the place of the one that waits; not where somebody seems to have it.
bool replace(MemoryFileSystem& files) {
  const Queue queue(files, "/q");
  auto entry = queue.take(queue.waiting().at(0));
  if (!entry) return false;
  QueuedEnvelope other = envelope();
  other.to = {"c@example.org"};
  const std::string_view parts[] = {"other"};
  queue.replace(*entry, other, parts, kNow);
  EXPECT_EQ(message_of(*entry), "other");
  EXPECT_EQ(entry->journal().verdicts.size(), 1U);
  EXPECT_FALSE(queue.take(entry->id())) << "its lock is held";
  return true;
}

// Whether the other one is there; there is one of the two, whole, and no debris.
bool is_replaced(MemoryFileSystem& files, const std::string& id, const std::string& where) {
  files.restart();
  const Queue queue(files, "/q");
  queue.sweep();
  EXPECT_EQ(queue.waiting(), std::vector<std::string>{id}) << where;
  const auto entry = queue.take(id);
  const bool other = entry->envelope().to.size() == 1;
  EXPECT_EQ(message_of(*entry), other ? "other" : kMessage) << where;
  std::vector<std::string> debris;
  files.list(files.openat(-100, "/q/tmp", 0, 0), debris);
  EXPECT_TRUE(debris.empty()) << where;
  return other;
}

std::string add_one(MemoryFileSystem& files) {
  Queue queue(files, "/q");
  const std::string id = add_to(queue).id();
  files.restart();
  return id;
}

// I1, I3, I6, I7: what replaces an entry is durable when replace() returns; before, the one or the
// other is there.
TEST(Queue, ReplaceKilledAtEachCallLeavesTheOneOrTheOther) {
  MemoryFileSystem whole;
  add_one(whole);
  replace(whole);
  const int calls = whole.calls();
  ASSERT_GT(calls, 15);
  int replaced = 0, runs = 0;
  for (int at = 0; at <= calls; ++at) {
    for (std::size_t i = 0; i <= power_losses().size(); ++i) {
      MemoryFileSystem files;
      const std::string id = add_one(files);
      if (at < calls) files.kill_at(at, MemoryFileSystem::When::halfway);
      bool done = false;
      try {
        done = replace(files);
      } catch (const Killed&) {
      }
      if (i > 0) files.power_loss(power_losses()[i - 1]);
      const bool other = is_replaced(files, id, std::to_string(at));
      EXPECT_TRUE(other || !done) << at;
      replaced += other ? 1 : 0;
      ++runs;
    }
  }
  EXPECT_GT(replaced, 0);
  EXPECT_LT(replaced, runs);
}

TEST(Queue, ReplaceFailedAtEachCallLeavesTheOneOrTheOther) {
  MemoryFileSystem whole;
  add_one(whole);
  replace(whole);
  for (const int code : kFaults) {
    for (int at = 0; at < whole.calls(); ++at) {
      MemoryFileSystem files;
      const std::string id = add_one(files);
      files.fail_at(at, code);
      bool done = false;
      try {
        done = replace(files);
      } catch (const QueueError& e) {
        EXPECT_EQ(e.code(), code) << e.what();
      }
      EXPECT_TRUE(is_replaced(files, id, std::to_string(at)) || !done) << at << " " << code;
    }
  }
}

TEST(Queue, ShortWritesAndInterruptsChangeNothing) {
  MemoryFileSystem files;
  files.short_writes(true);
  files.interrupt_each(true);
  EXPECT_TRUE(add(files));
  files.short_writes(false);
  files.interrupt_each(false);
  EXPECT_EQ(recover(files), 1U);
}

TEST(Queue, AFullDiskTakesAnEntryWholeOrNotAtAll) {
  for (std::uint64_t room = 0; room < 5000; room += 97) {
    MemoryFileSystem files;
    files.room(room);
    bool added = false;
    try {
      added = add(files);
    } catch (const QueueError& e) {
      EXPECT_EQ(e.code(), ENOSPC);
    }
    EXPECT_EQ(recover(files), added ? 1U : 0U) << room;
  }
}

// The room for records is made with the entry: verdicts need no new space.
TEST(Queue, VerdictsFitOnAFullDisk) {
  MemoryFileSystem files;
  Queue queue(files, "/q");
  Entry entry = add_to(queue);
  files.room(0);
  entry.mark_sending(kNow);
  entry.record({{0, {Fate::taken, 250, "ok"}}, {1, {Fate::refused, 550, "no"}}});
  entry.fail("a report that does not fit");
  files.room(100000);
  EXPECT_TRUE(queue.waiting().empty());
  ASSERT_EQ(queue.failed().size(), 1U);
  const auto info = queue.look_failed(queue.failed()[0]);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->journal.verdicts[1].text, "no");
}

TEST(Queue, ALockedEntryIsLeftAlone) {
  MemoryFileSystem files;
  Queue queue(files, "/q");
  const Entry entry = add_to(queue);
  EXPECT_FALSE(queue.take(entry.id()));
  EXPECT_TRUE(queue.look(entry.id()));
  queue.sweep();
  EXPECT_EQ(queue.waiting().size(), 1U);
}

class QueueOnDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/proto-queue-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    root_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string root_;
};

TEST_F(QueueOnDisk, IsMadeForItsOwnerAlone) {
  const std::string path = root_ + "/a/b/queue";
  Queue queue(real_file_system(), path);
  const Entry entry = add_to(queue);
  struct stat s {};
  for (const char* name : {"", "/tmp", "/new", "/failed"}) {
    ASSERT_EQ(stat((path + name).c_str(), &s), 0) << name;
    EXPECT_EQ(s.st_mode & 0777U, 0700U) << name;
  }
  ASSERT_EQ(stat((path + "/new/" + entry.id()).c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777U, 0600U);
}

TEST_F(QueueOnDisk, SecondOpenerSeesTheLock) {
  Queue one(real_file_system(), root_ + "/q");
  Queue two(real_file_system(), root_ + "/q");
  {
    const Entry entry = add_to(one);
    EXPECT_FALSE(two.take(entry.id()));
  }
  const auto id = two.waiting().at(0);
  auto entry = two.take(id);
  ASSERT_TRUE(entry);
  EXPECT_EQ(message_of(*entry), kMessage);
  entry->remove();
  EXPECT_FALSE(one.take(id));
}

TEST_F(QueueOnDisk, AFailedMessageStandsBesideItsReason) {
  Queue queue(real_file_system(), root_ + "/q");
  Entry entry = add_to(queue);
  entry.record({{0, {Fate::refused, 550, "no"}}, {1, {Fate::refused, 550, "no"}}});
  entry.fail("550 no such user\n");
  EXPECT_EQ(queue.failed(), std::vector<std::string>{entry.id()});
  std::ifstream reason(root_ + "/q/failed/" + entry.id() + ".reason");
  std::string line;
  std::getline(reason, line);
  EXPECT_EQ(line, "550 no such user");
}

TEST_F(QueueOnDisk, FoldersOfOthersAreNotTrusted) {
  { Queue(real_file_system(), root_ + "/q"); }
  std::filesystem::permissions(root_ + "/q/new", std::filesystem::perms(0770));
  EXPECT_THROW(Queue(real_file_system(), root_ + "/q"), QueueError);
  std::filesystem::permissions(root_ + "/q/new", std::filesystem::perms(0700));
  std::filesystem::permissions(root_ + "/q", std::filesystem::perms(0777));
  EXPECT_THROW(Queue(real_file_system(), root_ + "/q"), QueueError);
}

TEST_F(QueueOnDisk, ALinkInPlaceOfAnEntryIsNotFollowed) {
  Queue queue(real_file_system(), root_ + "/q");
  std::ofstream(root_ + "/target") << "secret";
  std::filesystem::create_symlink(root_ + "/target", root_ + "/q/new/link");
  EXPECT_THROW(queue.take("link"), QueueError);
  EXPECT_EQ(std::filesystem::file_size(root_ + "/target"), 6U);
}

TEST_F(QueueOnDisk, DebrisIsSwept) {
  Queue queue(real_file_system(), root_ + "/q");
  std::ofstream(root_ + "/q/tmp/debris") << "half a mess";
  std::ofstream(root_ + "/q/failed/gone.reason") << "550";
  queue.sweep();
  queue.sweep();
  EXPECT_FALSE(std::filesystem::exists(root_ + "/q/tmp/debris"));
  EXPECT_FALSE(std::filesystem::exists(root_ + "/q/failed/gone.reason"));
}

TEST_F(QueueOnDisk, AnEntryThatIsNoneIsNamed) {
  Queue queue(real_file_system(), root_ + "/q");
  std::ofstream(root_ + "/q/new/garbage") << "no header";
  try {
    queue.take("garbage");
    FAIL();
  } catch (const QueueError& e) {
    EXPECT_NE(std::string(e.what()).find("garbage"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace proto::sendmail
