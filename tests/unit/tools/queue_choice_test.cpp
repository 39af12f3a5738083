#include "sendmail-lite/queue_choice.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "support/process.h"

namespace proto::sendmail {
namespace {

class QueueChoice : public ::testing::Test {
 protected:
  void SetUp() override { setenv("XDG_STATE_HOME", folder_.path().c_str(), 1); }
  void TearDown() override { unsetenv("XDG_STATE_HOME"); }

  // With the queue that the configuration names.
  Options configured(const std::string& name) const {
    Options options;
    options.queue_dir = folder_.file(name);
    options.queue_dir_by_config = true;
    return options;
  }
  std::optional<Queue> besides(const Options& options) const {
    return open_queue_besides(open_queue(options, log_), options);
  }

  test::TempFolder folder_;
  const MailLog log_{0, false};
};

TEST_F(QueueChoice, TheUsersOwnIsLookedIntoWhereTheConfigurationNamesAnother) {
  EXPECT_FALSE(besides(configured("spool")));
  EXPECT_FALSE(std::filesystem::exists(default_queue_folder()));
  const Queue own(real_file_system(), default_queue_folder());
  const auto found = besides(configured("spool"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path(), own.path());
}

TEST_F(QueueChoice, NotWhereItIsInUseAnyway) {
  const Queue own(real_file_system(), default_queue_folder());
  EXPECT_FALSE(besides(Options{}));
  std::filesystem::create_directory_symlink(own.path(), folder_.file("link"));
  EXPECT_FALSE(besides(configured("link")));
}

// Where the command line names it, its user means that queue, and not what else there is.
TEST_F(QueueChoice, OfTheUsersOwnOnlyWhatWasSentToTheOneOnTheCommandLine) {
  Options named = configured("spool");
  QueuedEnvelope meant, other;
  meant.options = {"--host=h", "--queue-dir=" + folder_.file("spool")};
  other.options = {"--host=h", "--queue-dir=" + folder_.file("other")};
  EXPECT_TRUE(is_meant_besides(other, named)) << "the configuration's";
  named.queue_dir_by_config = false;
  EXPECT_TRUE(is_meant_besides(meant, named));
  EXPECT_FALSE(is_meant_besides(other, named));
  EXPECT_FALSE(is_meant_besides(QueuedEnvelope{}, named));
}

TEST_F(QueueChoice, AnOwnQueueThatCannotBeTrustedIsNotPassedOverInSilence) {
  const Queue own(real_file_system(), default_queue_folder());
  std::filesystem::permissions(own.path(), std::filesystem::perms(0777));
  try {
    besides(configured("spool"));
    ADD_FAILURE();
  } catch (const QueueError& e) {
    EXPECT_EQ(e.code(), EPERM);
  }
}

}  // namespace
}  // namespace proto::sendmail
