#include "common/passwords.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>

#include "support/process.h"

namespace proto::tools {
namespace {

std::string found(const PasswordSources& sources, const PasswordRequest& request) {
  const auto credentials = find_credentials(sources, request);
  return credentials.user + ":" + std::string(credentials.password.reveal()) +
         std::string(credentials.oauth_token.reveal());
}

const PasswordRequest kAnn{"mail.example.org", "ann", "root", false};

TEST(Passwords, FirstLineOfAFile) {
  const test::TempFolder folder;
  EXPECT_EQ(found({folder.write("a", "secret\nmore\n"), {}, {}}, kAnn), "ann:secret");
  EXPECT_EQ(found({folder.write("b", "no end"), {}, {}}, kAnn), "ann:no end");
  EXPECT_EQ(found({folder.write("c", " dos \r\n"), {}, {}}, kAnn), "ann: dos ");
  EXPECT_THROW(found({folder.write("d", "\n"), {}, {}}, kAnn), PasswordError);
  EXPECT_THROW(found({folder.file("nowhere"), {}, {}}, kAnn), PasswordError);
}

TEST(Passwords, FirstLineOfACommand) {
  EXPECT_EQ(found({{}, "echo secret; echo more", {}}, kAnn), "ann:secret");
  EXPECT_EQ(found({{}, "cat; printf secret", {}}, kAnn), "ann:secret") << "stdin is empty";
  EXPECT_EQ(found({{}, "yes secret | head -n 1000", {}}, kAnn), "ann:secret");
  EXPECT_THROW(found({{}, "echo secret; exit 3", {}}, kAnn), PasswordError);
  EXPECT_THROW(found({{}, "true", {}}, kAnn), PasswordError);
}

// It may go on when it has printed all, or never end to print: killed then, and no zombie of ours.
TEST(Passwords, ACommandEndsByTheDeadline) {
  for (const char* command :
       {"echo secret; exec >&-; exec sleep 1000", "echo secret; exec sleep 1000"}) {
    PasswordRequest request = kAnn;
    request.deadline = Deadline::after(std::chrono::milliseconds(50));
    EXPECT_THROW(found({{}, command, {}}, request), PasswordError) << command;
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << command;
  }
  PasswordRequest request = kAnn;
  request.deadline = Deadline::after(std::chrono::hours(1));
  EXPECT_EQ(found({{}, "echo secret; exec >&-; sleep 0.05", {}}, request), "ann:secret");
  EXPECT_THROW(found({{}, "echo secret; exec >&-; exit 3", {}}, request), PasswordError);
}

TEST(Passwords, Netrc) {
  const test::TempFolder folder;
  const std::string path = folder.write("netrc",
                                        "machine mail.example.org login ann password secret\n"
                                        "machine other login bob password b\n");
  EXPECT_EQ(found({{}, {}, path}, kAnn), "ann:secret");
  EXPECT_EQ(found({{}, {}, path}, {"other", "", "root", false}), "bob:b");
  EXPECT_THROW(found({{}, {}, folder.file("nowhere")}, kAnn), PasswordError);
  EXPECT_THROW(found({{}, {}, folder.write("bad", "machine")}, kAnn), PasswordError);
}

TEST(Passwords, TheFileComesFirst) {
  const test::TempFolder folder;
  const std::string netrc = folder.write("netrc", "default login ann password n\n");
  EXPECT_EQ(found({folder.write("f", "f"), "echo c", netrc}, kAnn), "ann:f");
  EXPECT_EQ(found({{}, "echo c", netrc}, kAnn), "ann:c");
}

TEST(Passwords, ATokenIsNoPassword) {
  const auto credentials = find_credentials({{}, "echo token", {}}, {"mail", "ann", "", true});
  EXPECT_TRUE(credentials.password.empty());
  EXPECT_EQ(credentials.oauth_token.reveal(), "token");
  EXPECT_THROW(find_credentials({}, {"mail", "ann", "", true}), PasswordError);
}

}  // namespace
}  // namespace proto::tools
