// sendmail-lite through an outage: down, queued, up, flushed; what is refused; what is large.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "sendmail-lite/queue.h"
#include "support/mail_sink.h"
#include "support/sendmail_program.h"

namespace proto::test {
namespace {

const std::vector<std::string> kWords{"-f", "me@x.org", "you@x.org"};

std::string message(const std::string& subject, const std::string& body = "body\n") {
  return "Subject: " + subject + "\n\n" + body;
}

TEST(SendmailOutage, QueuedWhileDownDeliveredOnceWhenUp) {
  std::optional<RefusingPort> nobody(std::in_place);
  const std::uint16_t port = nobody->port();
  const SendmailLite program(port);
  const auto down = program.run(kWords, message("alert"));
  EXPECT_EQ(down.status, 0) << down.describe();
  EXPECT_EQ(down.err, "");
  EXPECT_EQ(program.run({"--status"}).status, 75);
  EXPECT_NE(program.run({"-bp"}).out.find("you@x.org"), std::string::npos);
  nobody.reset();
  const MailSink sink({}, port);
  const auto flushed = program.run({"-q"});
  EXPECT_EQ(flushed.status, 0) << flushed.describe();
  EXPECT_EQ(program.run({"-q"}).status, 0);
  EXPECT_EQ(sink.count("Subject: alert"), 1U);
  EXPECT_EQ(program.run({"--status"}).status, 0);
}

// The message brings its relay along; what -q is told itself counts more.
TEST(SendmailOutage, TheRelayStaysWithTheMessage) {
  const MailSink sink;
  const SendmailLite program(sink.port());
  ASSERT_EQ(program.run({"-odq", "-f", "me@x.org", "you@x.org"}, message("one")).status, 0);
  const auto flush = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {our_program("sendmail-lite"), "--queue-dir=" + program.queue(),
                                 "--no-syslog", "-q"});
    return run(words, program.options("")).status;
  };
  EXPECT_EQ(flush({}), 0);
  EXPECT_EQ(sink.count("Subject: one"), 1U);
  const RefusingPort nobody;
  ASSERT_EQ(program.run({"-odq", "-f", "me@x.org", "you@x.org"}, message("two")).status, 0);
  EXPECT_EQ(flush({"--port=" + std::to_string(nobody.port())}), 75);
  EXPECT_EQ(sink.count("Subject: two"), 0U);
}

TEST(SendmailOutage, SomeTakenSomeRefusedSomeLater) {
  SinkRules rules;
  rules.on_rcpt = [later = std::make_shared<int>(0)](const std::string& to) -> std::string {
    if (to[0] == 'b') return "550 5.1.1 no such user";
    if (to[0] == 'c' && (*later)++ == 0) return "450 4.7.1 greylisted";
    return "250 2.1.5 ok";
  };
  const MailSink sink(rules);
  const SendmailLite program(sink.port());
  const auto sent = program.run({"-f", "me@x.org", "a@x.org", "b@x.org", "c@x.org"}, message("m"));
  EXPECT_EQ(sent.status, 67) << sent.describe();
  EXPECT_NE(sent.err.find("b@x.org: 550 5.1.1 no such user"), std::string::npos) << sent.err;
  EXPECT_EQ(program.run({"--status"}).status, 75);
  program.run({"-q"});
  // The one who was refused: in failed/, beside the reason.
  EXPECT_EQ(program.run({"--status"}).status, 69);
  std::vector<std::string> taken;
  for (const auto& mail : sink.mails()) taken.insert(taken.end(), mail.to.begin(), mail.to.end());
  EXPECT_EQ(taken, (std::vector<std::string>{"a@x.org", "c@x.org"}));
}

TEST(SendmailOutage, RefusedForGoodInTheQueueGoesToFailed) {
  SinkRules rules;
  rules.on_message = [](const SunkMail&) { return std::string("554 5.7.1 spam"); };
  const MailSink sink(rules);
  const SendmailLite program(sink.port());
  ASSERT_EQ(program.run({"-odq", "-f", "me@x.org", "you@x.org"}, message("m")).status, 0);
  const auto flushed = program.run({"-q"});
  EXPECT_EQ(flushed.status, 0) << flushed.describe();
  EXPECT_NE(flushed.err.find("554 5.7.1 spam"), std::string::npos);
  const sendmail::Queue queue(sendmail::real_file_system(), program.queue());
  ASSERT_EQ(queue.failed().size(), 1U);
  const std::string reason =
      read_file(program.queue() + "/failed/" + queue.failed()[0] + ".reason");
  EXPECT_NE(reason.find("you@x.org: refused: 554 5.7.1 spam"), std::string::npos) << reason;
  EXPECT_NE(reason.find("> RCPT TO:<you@x.org>"), std::string::npos) << reason;
}

TEST(SendmailOutage, TwentyMebibytesArriveAsTheyWere) {
  std::string body;
  while (body.size() < (20U << 20))
    body += "line " + std::to_string(body.size()) + " of some length\r\n";
  const MailSink sink;
  const SendmailLite program(sink.port());
  ASSERT_EQ(program.run({"-odq", "-f", "me@x.org", "you@x.org"}, message("big", body)).status, 0);
  const auto flushed = program.run({"-q"});
  EXPECT_EQ(flushed.status, 0) << flushed.describe();
  ASSERT_EQ(sink.mails().size(), 1U);
  const std::string got = sink.mails()[0].message;
  EXPECT_TRUE(got.ends_with("\r\n\r\n" + body));
}

TEST(SendmailOutage, AThousandMessagesGoOverFewConnections) {
  const MailSink sink;
  const SendmailLite program(sink.port());
  {
    const sendmail::Queue queue(sendmail::real_file_system(), program.queue());
    sendmail::QueuedEnvelope envelope;
    envelope.from = "me@x.org";
    envelope.to = {"you@x.org"};
    envelope.options = {"--host=127.0.0.1", "--port=" + std::to_string(sink.port())};
    sendmail::Queue writer(sendmail::real_file_system(), program.queue());
    for (int i = 0; i < 1000; ++i) {
      const std::string text = message("number " + std::to_string(i) + ".");
      const std::string_view parts[] = {text};
      writer.add(envelope, parts, sendmail::Time(std::chrono::seconds(1700000000 + i)));
    }
  }
  const auto flushed = program.run({"-q"});
  EXPECT_EQ(flushed.status, 0) << flushed.describe();
  EXPECT_EQ(sink.mails().size(), 1000U);
  EXPECT_LE(sink.connections(), 2U);
  for (const int i : {0, 500, 999})
    EXPECT_EQ(sink.count("Subject: number " + std::to_string(i) + ".\r\n"), 1U);
}

// No 8-bit to a server without 8BITMIME, and no line over 998 bytes to any.
TEST(SendmailOutage, WhatTheServerCannotTakeIsReencoded) {
  SinkRules rules;
  rules.ehlo = "250 PIPELINING";
  const MailSink sink(rules);
  const SendmailLite program(sink.port());
  const std::string body = "Grüße\n" + std::string(3000, 'x') + "\n";
  ASSERT_EQ(program
                .run(kWords, "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n" +
                                 message("m", body))
                .status,
            0);
  const std::string got = sink.mails().at(0).message;
  for (std::size_t at = 0; at < got.size(); at = got.find('\n', at) + 1)
    EXPECT_LE(got.find('\n', at) - at, 999U);
  EXPECT_TRUE(std::all_of(got.begin(), got.end(), [](char c) { return c >= 0; }));
  EXPECT_NE(got.find("Content-Transfer-Encoding: "), std::string::npos) << got;
}

TEST(SendmailOutage, ABadConfigurationKeepsTheMail) {
  const MailSink sink;
  const SendmailLite program(sink.port());
  const std::string config = program.folder().write("bad.toml", "hosst = \"x\"\n");
  const auto sent =
      program.run({"--config=" + config, "-f", "me@x.org", "you@x.org"}, message("m"));
  EXPECT_EQ(sent.status, 78) << sent.describe();
  EXPECT_NE(sent.err.find("kept in the queue"), std::string::npos);
  EXPECT_EQ(program.run({"-q", "--all"}).status, 75);  // the message's own --config is still bad
  program.folder().write("bad.toml", "verbose = 0\n");
  EXPECT_EQ(program.run({"-q", "--all"}).status, 0);
  EXPECT_EQ(sink.count("Subject: m"), 1U);
}

// What is queued while the configuration is bad goes out as if it never had been: with its aliases,
// the one sender, the domain; and before that not at all.
TEST(SendmailOutage, WhatABadConfigurationKeptIsPreparedBeforeItGoes) {
  SinkRules rules;
  rules.on_rcpt = [](const std::string& to) {
    return std::string(to == "admin@example.org" ? "250 2.1.5 ok" : "550 5.1.1 no such user");
  };
  const MailSink sink(rules);
  const SendmailLite program(sink.port());
  const std::string bad = program.folder().write("config.toml", "hosst = \"x\"\n");
  const std::string aliases = program.folder().file("aliases");
  const std::vector<std::string> cron{"-i", "-FCronDaemon", "-t", "-f", "root"};
  const std::string message = "From: \"(Cron Daemon)\" <root>\nTo: root\nSubject: cron\n\nx\n";
  const auto submit = [&](std::vector<std::string> words, const std::string& input) {
    words.insert(words.begin(), "--config=" + bad);
    const auto sent = program.run(words, input);
    EXPECT_EQ(sent.status, 78) << sent.describe();
  };
  submit(cron, message);
  submit({"--to", "root", "--subject", "composed", "--body", "x\n"}, "");
  program.folder().write("config.toml", "from = \"alerts@example.com\"\naliases = \"" + aliases +
                                            "\"\nfull-name = \"Box\"\n");
  submit({"-f", "root", "root"}, "To: root\nSubject: no aliases\n\nx\n");
  EXPECT_EQ(program.run({"-q", "--all"}).status, 75);  // the aliases cannot be read
  EXPECT_EQ(sink.connections(), 0U);
  program.folder().write("aliases", "root: admin@example.org\n");
  const auto flushed = program.run({"-q", "--all"});
  EXPECT_EQ(flushed.status, 0) << flushed.describe();
  EXPECT_EQ(program.run({"--status"}).status, 0);
  ASSERT_EQ(sink.mails().size(), 3U);
  for (const auto& mail : sink.mails()) {
    EXPECT_EQ(mail.from, "alerts@example.com");
    EXPECT_EQ(mail.to, std::vector<std::string>{"admin@example.org"});
    EXPECT_NE(mail.message.find("To: root <admin@example.org>\r\n"), std::string::npos);
  }
  EXPECT_EQ(sink.count("Cron Daemon"), 1U);
  EXPECT_EQ(sink.count("From: Box <alerts@example.com>\r\n"), 2U);
}

// The queue that a configuration names is not known while it is bad. What waits elsewhere meanwhile
// is seen, and goes, once it can be read.
TEST(SendmailOutage, WhatABadConfigurationKeptIsFoundBesidesItsQueue) {
  const MailSink sink;
  const SendmailLite program(sink.port());
  const std::string queue = program.folder().file("spool");
  const auto configure = [&](const std::string& text) {
    program.folder().write("config/sendmail-lite/config.toml",
                           "queue-dir = \"" + queue + "\"\nno-syslog = true\n" + text);
  };
  const std::string port = "--port=" + std::to_string(sink.port());
  const auto call = [&](std::vector<std::string> words, const std::string& input = {}) {
    words.insert(words.begin(), {our_program("sendmail-lite"), "--host=127.0.0.1", port});
    return run(words, program.options(input));
  };
  configure("");
  ASSERT_EQ(call({"-odq", "-f", "me@x.org", "you@x.org"}, message("good")).status, 0);
  configure("hosst = \"x\"\n");
  EXPECT_EQ(call({"--status"}).status, 78);
  EXPECT_EQ(call(kWords, message("bad")).status, 78);
  const auto bad = call({"--status"});
  EXPECT_EQ(bad.status, 75) << bad.describe();
  EXPECT_NE(bad.out.find("1 waiting"), std::string::npos) << bad.out;
  EXPECT_NE(bad.out.find("waits for a usable configuration"), std::string::npos) << bad.out;
  EXPECT_NE(bad.err.find("hosst"), std::string::npos) << bad.err;
  EXPECT_EQ(call({"-q"}).status, 78);
  configure("");
  const auto mended = call({"--status"});
  EXPECT_EQ(mended.status, 75) << mended.describe();
  EXPECT_NE(mended.out.find("2 waiting"), std::string::npos) << mended.out;
  const std::string own = program.folder().file("state/sendmail-lite/queue");
  EXPECT_NE(call({"-bp"}).out.find("In " + own + ":\n"), std::string::npos);
  // Who names a queue means that one alone.
  const auto named = call({"-q", "--all", "--queue-dir=" + queue});
  EXPECT_EQ(named.status, 0) << named.describe();
  EXPECT_EQ(sink.count("Subject: bad"), 0U);
  EXPECT_EQ(call({"-q", "--all"}).status, 0);
  EXPECT_EQ(call({"--status"}).status, 0);
  EXPECT_EQ(sink.count("Subject: good"), 1U);
  EXPECT_EQ(sink.count("Subject: bad"), 1U);
}

// The first relay answers, and never takes it: what has waited long enough goes by the second.
TEST(SendmailOutage, TheSecondRelayTakesWhatTheFirstPutsOff) {
  SinkRules rules;
  rules.on_rcpt = [](const std::string& to) {
    return std::string(to[0] == 'a' ? "250 2.1.5 ok" : "450 4.7.1 greylisted");
  };
  const MailSink first(rules), second;
  const SendmailLite program(first.port());
  const auto words = [&](const char* hours) {
    return std::vector<std::string>{"--fallback-host=127.0.0.1",
                                    "--fallback-port=" + std::to_string(second.port()),
                                    std::string("--fallback-after=") + hours};
  };
  auto send = words("4");
  send.insert(send.end(), {"-f", "me@x.org", "a@x.org", "b@x.org"});
  EXPECT_EQ(program.run(send, message("m")).status, 0);
  EXPECT_EQ(program.run({"-q", "--all"}).status, 75);
  EXPECT_EQ(second.connections(), 0U);
  auto flush = words("0");
  flush.insert(flush.end(), {"-q", "--all"});
  const auto flushed = program.run(flush);
  EXPECT_EQ(flushed.status, 0) << flushed.describe();
  ASSERT_EQ(first.mails().size(), 1U);
  EXPECT_EQ(first.mails()[0].to, std::vector<std::string>{"a@x.org"});
  ASSERT_EQ(second.mails().size(), 1U);
  EXPECT_EQ(second.mails()[0].to, std::vector<std::string>{"b@x.org"});
  EXPECT_EQ(program.run({"--status"}).status, 0);
}

TEST(SendmailOutage, AQueueThatCannotBeWrittenDoesNotKeepMailBack) {
  const MailSink sink;
  const SendmailLite program(sink.port());
  program.folder().write("file", "");
  const std::string no_queue = "--queue-dir=" + program.folder().file("file");
  EXPECT_EQ(program.run({no_queue, "-f", "me@x.org", "you@x.org"}, message("m")).status, 0);
  EXPECT_EQ(sink.count("Subject: m"), 1U);
  const RefusingPort nobody;
  const auto failed = program.run(
      {no_queue, "--port=" + std::to_string(nobody.port()), "-f", "me@x.org", "you@x.org"},
      message("m"));
  EXPECT_EQ(failed.status, 73) << failed.describe();
  EXPECT_EQ(std::count(failed.err.begin(), failed.err.end(), '\n'), 1) << failed.err;
  EXPECT_NE(failed.err.find("Not a directory; cannot connect"), std::string::npos) << failed.err;
}

// A queue on the command line that is not ours to use: mail waits in the user's own meanwhile, and
// is found by whoever names that queue again; nothing else is.
TEST(SendmailOutage, WhatWasSentToAQueueThatIsNotOursIsFoundByItsName) {
  std::optional<RefusingPort> nobody(std::in_place);
  const std::uint16_t port = nobody->port();
  const SendmailLite program(port);
  const std::string spool = program.folder().file("spool");
  std::filesystem::create_directory(spool);
  std::filesystem::permissions(spool, std::filesystem::perms(0777));
  const std::string named = "--queue-dir=" + spool;
  ASSERT_EQ(program.run({named, "-f", "me@x.org", "you@x.org"}, message("meant")).status, 0);
  const std::vector<std::string> own{our_program("sendmail-lite"), "--host=127.0.0.1",
                                     "--port=" + std::to_string(port), "--no-syslog"};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.begin(), own.begin(), own.end());
    return words;
  };
  ASSERT_EQ(run(with({"you@x.org"}), program.options(message("other"))).status, 0);
  std::filesystem::permissions(spool, std::filesystem::perms(0700));
  const auto status = program.run({named, "--status", "--json"});
  EXPECT_EQ(status.status, 75) << status.describe();
  EXPECT_NE(status.out.find("\"waiting\":1"), std::string::npos) << status.out;
  nobody.reset();
  const MailSink sink({}, port);
  EXPECT_EQ(program.run({named, "-q"}).status, 0);
  EXPECT_EQ(sink.count("Subject: meant"), 1U);
  EXPECT_EQ(sink.count("Subject: other"), 0U);
  EXPECT_EQ(run(with({"-q"}), program.options("")).status, 0);
  EXPECT_EQ(sink.count("Subject: other"), 1U);
}

TEST(SendmailOutage, Compose) {
  const MailSink sink;
  const SendmailLite program(sink.port());
  const std::string file = program.folder().write("bericht für märz.csv", "a;b\n");
  const auto sent = program.run({"--to", "Ann <ann@x.org>", "--bcc", "hidden@x.org", "--from",
                                 "Me <me@x.org>", "--subject", "Grüße", "--body", "Hallo\n",
                                 "--attach", file + ";type=text/csv", "--header", "X-Mine: yes"});
  ASSERT_EQ(sent.status, 0) << sent.describe();
  const SunkMail mail = sink.mails().at(0);
  EXPECT_EQ(mail.to, (std::vector<std::string>{"ann@x.org", "hidden@x.org"}));
  EXPECT_EQ(mail.message.find("hidden"), std::string::npos);
  for (const char* part : {"To: Ann <ann@x.org>\r\n", "From: Me <me@x.org>\r\n", "X-Mine: yes\r\n",
                           "Content-Type: multipart/mixed", "text/csv"})
    EXPECT_NE(mail.message.find(part), std::string::npos) << part << mail.message;
}

// Whoever is named in the header is sent to.
TEST(SendmailOutage, ComposeWithRecipientsAmongTheFields) {
  const MailSink sink;
  const SendmailLite program(sink.port());
  const auto sent = program.run({"--to=Ann <a@x.org>, b@x.org", "--header=Cc: c@x.org",
                                 "--header=Bcc: d@x.org", "--body=x", "e@x.org"});
  ASSERT_EQ(sent.status, 0) << sent.describe();
  const SunkMail mail = sink.mails().at(0);
  EXPECT_EQ(mail.to,
            (std::vector<std::string>{"e@x.org", "a@x.org", "b@x.org", "c@x.org", "d@x.org"}));
  EXPECT_EQ(mail.message.find("Bcc"), std::string::npos) << mail.message;
}

TEST(SendmailOutage, CheckTriesWhomAMessageWouldGoTo) {
  const MailSink sink;
  const SendmailLite program(sink.port());
  const std::string aliases = "--aliases=" + program.folder().write("aliases", "root: a@x.org\n");
  const auto checked = program.run({"-bv", "-f", "Me <me@x.org>", aliases, "root, B <b@x.org>",
                                    "--to=c@x.org", "--header=Bcc: d@x.org"});
  EXPECT_EQ(checked.status, 0) << checked.describe();
  for (const char* line : {"MAIL: <me@x.org> taken", "RCPT: <a@x.org> 250", "RCPT: <b@x.org> 250",
                           "RCPT: <c@x.org> 250", "RCPT: <d@x.org> 250"})
    EXPECT_NE(checked.out.find(line), std::string::npos) << checked.out;
  EXPECT_EQ(program.run({"--check", "a@x.org", "no address@"}).status, 64);
  EXPECT_EQ(program.run({"--check", "-f", "<>"}).status, 64) << "nobody to try";
  EXPECT_EQ(program.run({"--check", "--aliases=/nonexistent", "a@x.org"}).status, 78);
  EXPECT_TRUE(sink.mails().empty());
}

TEST(SendmailOutage, CheckAndDryRunSendNothing) {
  SinkRules rules;
  rules.on_rcpt = [](const std::string& to) {
    return std::string(to == "bad@x.org" ? "550 5.1.1 no" : "250 ok");
  };
  const MailSink sink(rules);
  const SendmailLite program(sink.port());
  const auto checked = program.run({"--check", "-f", "me@x.org", "you@x.org"});
  EXPECT_EQ(checked.status, 0) << checked.describe();
  EXPECT_NE(checked.out.find("RCPT: <you@x.org> 250"), std::string::npos) << checked.out;
  EXPECT_EQ(program.run({"--check", "-f", "me@x.org", "bad@x.org"}).status, 67);
  EXPECT_EQ(program.run({"--dry-run", "--aliases=/nonexistent", "root"}, message("m")).status, 78);
  const auto dry = program.run({"--dry-run", "-f", "me@x.org", "you@x.org"}, message("m"));
  EXPECT_EQ(dry.status, 0);
  EXPECT_TRUE(dry.out.starts_with("MAIL FROM:<me@x.org>\nRCPT TO:<you@x.org>\nDATA\n")) << dry.out;
  for (const auto& words : {std::vector<std::string>{"-t"}, {"--to=you@x.org", "--body=a\r\nb"}}) {
    auto all = words;
    all.emplace_back("--dry-run");
    const auto shown = program.run(all, "To: you@x.org\r\n\r\na\rb\r\n");
    EXPECT_TRUE(shown.out.ends_with("\n\na\nb\n")) << shown.out;
    EXPECT_EQ(shown.out.find('\r'), std::string::npos) << shown.out;
  }
  EXPECT_TRUE(sink.mails().empty());
  EXPECT_EQ(program.run({"--status"}).status, 0);
}

TEST(SendmailOutage, SMTPOnStandardInput) {
  const MailSink sink;
  const SendmailLite program(sink.port());
  const auto served = program.run({"-bs"},
                                  "EHLO me\r\nMAIL FROM:<me@x.org>\r\nRCPT TO:<you@x.org>\r\n"
                                  "DATA\r\nSubject: by bs\r\n\r\nx\r\n.\r\nQUIT\r\n");
  EXPECT_EQ(served.status, 0) << served.describe();
  EXPECT_EQ(sink.count("Subject: by bs"), 1U);
}

TEST(SendmailOutage, AliasesAndOneSender) {
  const MailSink sink;
  const SendmailLite program(sink.port());
  const std::string aliases = program.folder().write("aliases", "root: admin@example.org\n");
  const auto sent = program.run({"--aliases=" + aliases, "--from=alerts@example.com",
                                 "-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "root"},
                                "From: \"(Cron Daemon)\" <root>\nTo: root\nSubject: cron\n\nx\n");
  ASSERT_EQ(sent.status, 0) << sent.describe();
  const SunkMail mail = sink.mails().at(0);
  EXPECT_EQ(mail.from, "alerts@example.com");
  EXPECT_EQ(mail.to, std::vector<std::string>{"admin@example.org"});
  EXPECT_NE(mail.message.find("To: root <admin@example.org>\r\n"), std::string::npos);
  EXPECT_NE(mail.message.find("<alerts@example.com>\r\n"), std::string::npos) << mail.message;
}

}  // namespace
}  // namespace proto::test
