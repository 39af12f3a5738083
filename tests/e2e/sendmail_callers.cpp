// The programs that send mail by sendmail, sending by sendmail-lite: Debian's cron, s-nail, git.
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/mail_sink.h"
#include "support/sendmail_program.h"

namespace proto::test {
namespace {

struct Callers : ::testing::Test {
  MailSink sink;
  SendmailLite program{sink.port()};
};

// A job's output, by cron itself, in a mount namespace of its own where /usr/sbin/sendmail is ours.
// "@reboot" runs at once. Where only root may do that, the line that cron calls stands for it.
TEST_F(Callers, DebianCron) {
  const std::string sendmail = program.as_sendmail();
  if (::geteuid() != 0) {
    const auto result = run({sendmail, "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "me@x.org"},
                            program.options("From: root (Cron Daemon)\nTo: me@x.org\n"
                                            "Subject: Cron\n\nhello from cron\n"));
    ASSERT_EQ(result.status, 0) << result.describe();
  } else {
    const std::string crontab =
        program.folder().write("crontab", "MAILTO=me@x.org\n@reboot echo hello from cron\n");
    const std::string pam =
        program.folder().write("pam",
                               "auth required pam_permit.so\naccount required pam_permit.so\n"
                               "session required pam_permit.so\n");
    const std::string script =
        "set -e; mount -t tmpfs none /run; mount -t tmpfs none /var/spool/cron;"
        "mkdir -m 1730 /var/spool/cron/crontabs; chgrp crontab /var/spool/cron/crontabs;"
        "mount -t tmpfs none /etc/cron.d; mount --bind /dev/null /etc/crontab;"
        "mount --bind " +
        pam + " /etc/pam.d/cron; mount --bind " + sendmail +
        " /usr/sbin/sendmail;"
        "install -m 600 " +
        crontab + " /var/spool/cron/crontabs/root; exec " + find_program("cron", "cron") + " -f";
    Child cron({"unshare", "--mount", "sh", "-c", script}, program.options(""));
    EXPECT_TRUE(wait_until([&] { return sink.count("hello from cron") == 1; }))
        << cron.stop().describe();
  }
  ASSERT_EQ(sink.mails().size(), 1U);
  EXPECT_EQ(sink.mails()[0].to, std::vector<std::string>{"me@x.org"});
  EXPECT_NE(sink.mails()[0].message.find("Subject: Cron"), std::string::npos);
}

TEST_F(Callers, SNail) {
  const auto result =
      run({find_program("s-nail", "s-nail"), "-:/", "-S", "mta=" + program.as_sendmail(), "-r",
           "joe@x.org", "-s", "Hello", "-b", "hidden@x.org", "me@x.org"},
          program.options("How are you?\n"));
  ASSERT_EQ(result.status, 0) << result.describe();
  EXPECT_TRUE(wait_until([&] { return sink.count("How are you?") == 1; }));
  const SunkMail mail = sink.mails().at(0);
  EXPECT_EQ(mail.to, (std::vector<std::string>{"me@x.org", "hidden@x.org"}));
  EXPECT_EQ(mail.from, "joe@x.org");
  EXPECT_EQ(mail.message.find("hidden"), std::string::npos);
}

TEST_F(Callers, GitSendEmail) {
  ProcessOptions options = program.options("");
  options.folder = program.folder().path();
  options.env["GIT_CONFIG_NOSYSTEM"] = "1";
  options.env["GIT_CONFIG_GLOBAL"] = "/dev/null";
  for (const char* who : {"GIT_AUTHOR", "GIT_COMMITTER"}) {
    options.env[who + std::string("_NAME")] = "Jörg";
    options.env[who + std::string("_EMAIL")] = "joerg@x.org";
  }
  const std::string git = find_program("git", "git-email");
  const std::string script = "set -e; " + git + " init -q repo; cd repo; echo x > f; " + git +
                             " add f; " + git + " commit -qm 'Größe: fix it'; " + git +
                             " format-patch -q -1 --root; " + git +
                             " -c sendemail.sendmailCmd=" + program.as_sendmail() +
                             " send-email --quiet --confirm=never --envelope-sender=auto "
                             "--from='Jörg <joerg@x.org>' --to=me@x.org"
                             " --cc=list@x.org 0001-*.patch";
  const auto result = run({"sh", "-c", script}, options);
  ASSERT_EQ(result.status, 0) << result.describe();
  ASSERT_EQ(sink.mails().size(), 1U);
  const SunkMail mail = sink.mails().at(0);
  EXPECT_EQ(mail.from, "joerg@x.org");
  EXPECT_EQ(mail.to, (std::vector<std::string>{"me@x.org", "list@x.org", "joerg@x.org"}));
  EXPECT_NE(mail.message.find("+x\r\n"), std::string::npos);
}

// By the names that callers know it by.
TEST_F(Callers, MailqAndNewaliases) {
  const std::string folder = program.folder().path();
  for (const char* name : {"mailq", "newaliases"})
    std::filesystem::create_symlink(our_program("sendmail-lite"), folder + "/" + name);
  const auto listed = run({folder + "/mailq"}, program.options(""));
  EXPECT_EQ(listed.out, "Mail queue is empty\n") << listed.describe();
  EXPECT_EQ(listed.status, 0);
  EXPECT_EQ(run({folder + "/newaliases"}, program.options("")).status, 0);
}

}  // namespace
}  // namespace proto::test
