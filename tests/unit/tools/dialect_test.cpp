#include "sendmail-lite/dialect.h"

#include <gtest/gtest.h>

#include <sstream>

namespace proto::sendmail {
namespace {

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::string joined(const Translation& t) {
  std::string out;
  for (const auto& a : t.arguments) out += (out.empty() ? "" : " ") + a;
  for (const auto& w : t.warnings) out += " !" + w;
  return out;
}

std::string translated(const std::vector<std::string>& arguments,
                       std::string_view program = "/usr/sbin/sendmail") {
  return joined(translate(program, arguments, [](std::string_view name) {
    return name == "--host" || name == "--subject";
  }));
}

std::string translated(const char* line) {
  return translated(words(line));
}

// The callers, as they call.
TEST(Dialect, Cronie) {
  EXPECT_EQ(translated("-FCronDaemon -i -odi -oem -oi -t -f root"),
            "--full-name=CronDaemon --ignore-dots --ignore-dots --read-recipients "
            "--envelope-from=root");
}
TEST(Dialect, DebianCron) {
  EXPECT_EQ(translated("-FCronDaemon -i -B8BITMIME -oem root"),
            "--full-name=CronDaemon --ignore-dots --body-type=8BITMIME -- root");
}
TEST(Dialect, VixieCron) {
  EXPECT_EQ(translated("-FCronDaemon -odi -oem -oi -t"),
            "--full-name=CronDaemon --ignore-dots --read-recipients");
}
TEST(Dialect, SystemdCron) {
  EXPECT_EQ(translated("-i -B 8BITMIME user"), "--ignore-dots --body-type=8BITMIME -- user");
}
TEST(Dialect, Busybox) {
  EXPECT_EQ(translated("-ti"), "--read-recipients --ignore-dots");
}
TEST(Dialect, Anacron) {
  EXPECT_EQ(translated("-FAnacron -odi root"), "--full-name=Anacron -- root");
}
TEST(Dialect, Atd) {
  EXPECT_EQ(translated("-i user"), "--ignore-dots -- user");
}
TEST(Dialect, Mdadm) {
  EXPECT_EQ(translated("-t -froot@host"), "--read-recipients --envelope-from=root@host");
}
TEST(Dialect, SNail) {
  EXPECT_EQ(translated("-i -- a@example.org -b@example.org"),
            "--ignore-dots -- a@example.org -b@example.org");
}
TEST(Dialect, Git) {
  EXPECT_EQ(translated("-i a@example.org b@example.org"),
            "--ignore-dots -- a@example.org b@example.org");
  EXPECT_EQ(translated("-i -f me@example.org a@example.org"),
            "--ignore-dots --envelope-from=me@example.org -- a@example.org");
}
TEST(Dialect, Php) {
  EXPECT_EQ(translated("-t -i"), "--read-recipients --ignore-dots");
  EXPECT_EQ(translated("-t -i -fwww@example.org"),
            "--read-recipients --ignore-dots --envelope-from=www@example.org");
}
TEST(Dialect, Mutt) {
  EXPECT_EQ(translated("-oem -oi -f me@example.org -- a@example.org"),
            "--ignore-dots --envelope-from=me@example.org -- a@example.org");
}

TEST(Dialect, GroupsMayEndInAValue) {
  EXPECT_EQ(translated("-tif me@example.org"),
            "--read-recipients --ignore-dots --envelope-from=me@example.org");
  EXPECT_EQ(translated("-itFName"), "--ignore-dots --read-recipients --full-name=Name");
}

TEST(Dialect, TheNullSender) {
  EXPECT_EQ(translated({"-f", "", "a"}), "--envelope-from=<> -- a");
  EXPECT_EQ(translated("-f <> a"), "--envelope-from=<> -- a");
  EXPECT_EQ(translated("-f<> a"), "--envelope-from=<> -- a");
  EXPECT_EQ(translated("-r me a"), "--envelope-from=me -- a");
}

TEST(Dialect, OTakesOneValue) {
  EXPECT_EQ(translated("-o i a"), "--ignore-dots -- a");
  EXPECT_EQ(translated("-o em a"), "-- a");
  EXPECT_EQ(translated("-odq a"), "--queue-only -- a");
  EXPECT_EQ(translated("-oQ/var/spool -oA/etc/aliases a"), "-- a");
}

TEST(Dialect, WhatMeansNothingHereIsTaken) {
  EXPECT_EQ(translated("-m -U -G -L tag -O a=b -OTimeout=1 -em -ep -e m -odb -Am -Ac -d0.1 -h5 "
                       "-X /tmp/log -C/etc/sendmail.cf -p ESMTP a"),
            "-- a");
}

TEST(Dialect, DeliveryStatus) {
  EXPECT_EQ(translated("-N never -R hdrs -V id1 a"),
            "--dsn-notify=never --dsn-return=hdrs --dsn-envid=id1 -- a");
}

TEST(Dialect, Modes) {
  EXPECT_EQ(translated("-bm a"), "-- a");
  EXPECT_EQ(translated("-b m a"), "-- a");
  EXPECT_EQ(translated("-bp"), "--list-queue");
  EXPECT_EQ(translated("-bs"), "--smtp");
  EXPECT_EQ(translated("-bv a"), "--check -- a");
  EXPECT_EQ(translated("-bi"), "--newaliases");
  EXPECT_EQ(translated("-I"), "--newaliases");
  EXPECT_EQ(translated("-q"), "--flush-queue");
  EXPECT_EQ(translated("-qf"), "--flush-queue");
  EXPECT_EQ(translated("-bx a"), "-- a !-bx: unknown mode: mail is sent");
  EXPECT_EQ(translated("-bd -q30m"),
            "--daemon --flush-queue !-q30m: the queue is sent once, all of what is due");
}

TEST(Dialect, TheProgramsNameDecides) {
  EXPECT_EQ(translated(std::vector<std::string>(), "/usr/bin/mailq"), "--list-queue");
  EXPECT_EQ(translated(std::vector<std::string>(), "newaliases"), "--newaliases");
  EXPECT_EQ(translated(std::vector<std::string>{"-v"}, "mailq"), "--list-queue --verbose");
}

// Else the file would be one of the recipients.
TEST(Dialect, OurOwnLetters) {
  EXPECT_EQ(translated("-k -E ours.pem -4 you"), "--insecure --cert=ours.pem --ipv4 -- you");
}
TEST(Dialect, AnUnknownFlagIsAWarning) {
  EXPECT_EQ(translated("-Zfoo -i a"), "--ignore-dots -- a !-Z: unknown option ignored");
  EXPECT_EQ(translated("a -f"), "-- a !-f: no value: ignored");
}

TEST(Dialect, LongOptionsKeepTheirValues) {
  EXPECT_EQ(translated("--host mail.example.org --subject=x -t"),
            "--host=mail.example.org --subject=x --read-recipients");
  EXPECT_EQ(translated({"--subject", "-t", "--host", "--", "a"}), "--subject=-t --host=-- -- a");
}

TEST(Dialect, AnEmptyValueStaysOne) {
  const auto takes = [](std::string_view name) { return name == "--body"; };
  const std::vector<std::string> want{"--body", "", "--", "a"};
  EXPECT_EQ(translate("x", {"--body", "", "a"}, takes).arguments, want);
  EXPECT_EQ(translate("x", {"--body=", "a"}, takes).arguments, want);
}

TEST(Dialect, OperandsMayStandBeforeOptions) {
  EXPECT_EQ(translated("a -i b"), "--ignore-dots -- a b");
  EXPECT_EQ(translated(std::vector<std::string>{"-", "a"}), "-- - a");
  EXPECT_EQ(translated(std::vector<std::string>{"", "a"}), "-- a");
}

}  // namespace
}  // namespace proto::sendmail
