#include "sendmail-lite/options.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "sendmail-lite/kept_words.h"
#include "support/process.h"

namespace proto::sendmail {
namespace {

class SendmailOptions : public ::testing::Test {
 protected:
  // No configuration of whoever runs the tests.
  void SetUp() override { setenv("XDG_CONFIG_HOME", folder_.path().c_str(), 1); }
  void TearDown() override { unsetenv("XDG_CONFIG_HOME"); }

  Parsed parse(std::vector<std::string> words) {
    return parse_command_line("sendmail-lite", words);
  }
  Parsed with_config(const std::string& text, std::vector<std::string> words = {}) {
    words.insert(words.begin(), "--config=" + folder_.write("c.toml", text));
    return parse(words);
  }
  test::TempFolder folder_;
};

TEST_F(SendmailOptions, Defaults) {
  const Options o = parse({"a@example.org"}).options;
  EXPECT_EQ(o.mode, Mode::send);
  EXPECT_EQ(o.relay.host, "localhost");
  EXPECT_TRUE(o.dot_ends);
  EXPECT_FALSE(o.sender);
  EXPECT_EQ(o.recipients, std::vector<std::string>{"a@example.org"});
}

TEST_F(SendmailOptions, OfCron) {
  const Options o =
      parse({"-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "root"}).options;
  EXPECT_EQ(o.full_name, "CronDaemon");
  EXPECT_FALSE(o.dot_ends);
  EXPECT_TRUE(o.from_header);
  EXPECT_EQ(o.sender, "root");
}

TEST_F(SendmailOptions, Modes) {
  EXPECT_EQ(parse({"-bp"}).options.mode, Mode::list);
  EXPECT_EQ(parse({"-q"}).options.mode, Mode::flush);
  EXPECT_EQ(parse({"-bs"}).options.mode, Mode::smtp);
  EXPECT_EQ(parse({"--check"}).options.mode, Mode::check);
  EXPECT_EQ(parse({"--status", "--json"}).options.mode, Mode::status);
  EXPECT_EQ(parse({"-bd"}).options.mode, Mode::daemon);
  EXPECT_TRUE(parse({"--help"}).print->find("--host") != std::string::npos);
  EXPECT_TRUE(parse({"--version"}).print);
}

TEST_F(SendmailOptions, EveryLongOptionIsAKey) {
  const Parsed parsed = with_config(
      "host = \"mail.example.org\"\nport = 587\ntls = \"starttls\"\nuser = \"me\"\n"
      "from = \"me@example.org\"\naliases = \"/etc/aliases\"\nlmtp = false\ntimeout = 12.5\n"
      "fallback-host = \"other\"\ncacert = \"/ca.pem\"\npassword-file = \"/pw\"\nno-syslog = "
      "true\n");
  EXPECT_EQ(parsed.config_error, "");
  const Options& o = parsed.options;
  EXPECT_EQ(o.relay.host, "mail.example.org");
  EXPECT_EQ(o.relay.port, 587);
  EXPECT_EQ(o.relay.tls, "starttls");
  EXPECT_EQ(o.relay.timeout, 12.5);
  EXPECT_EQ(o.relay.connection.ca_file, "/ca.pem");
  EXPECT_EQ(o.relay.passwords.file, "/pw");
  EXPECT_EQ(o.from, "me@example.org");
  EXPECT_EQ(o.fallback.host, "other");
  EXPECT_TRUE(o.no_syslog);
  EXPECT_EQ(with_config("check = false\nstatus = true\n").options.mode, Mode::status);
  const Options flags =
      with_config("tlsv1.3 = true\nqueue-only = true\nno-aliases = true\n").options;
  EXPECT_TRUE(flags.relay.connection.tls13 && flags.queue_only && flags.no_aliases);
  EXPECT_NE(with_config("flush-queue = true\n").config_error, "") << "mail would not be sent";
}

// What cannot be looked at may be there: mail must not go another way meanwhile.
TEST_F(SendmailOptions, AConfigurationThatCannotBeLookedAtIsABadOne) {
  const std::string loop = folder_.file("sendmail-lite");
  std::filesystem::create_symlink("sendmail-lite", loop);
  EXPECT_NE(parse({"a"}).config_error, "");
}

TEST_F(SendmailOptions, TheCommandLineOverridesTheConfiguration) {
  EXPECT_EQ(with_config("host = \"a\"\n", {"--host", "b"}).options.relay.host, "b");
}

TEST_F(SendmailOptions, ABadConfigurationIsSaidAndTheCommandLineStays) {
  for (const char* text : {"hosst = \"a\"\n", "port = 99999\n", "tls = \"maybe\"\n",
                           "port = \"x\"\n", "from = \"me@@x\"\n", "domain = \"a b\"\n"}) {
    const Parsed parsed = with_config(text, {"--queue-dir=/q", "a"});
    EXPECT_NE(parsed.config_error, "") << text;
    EXPECT_EQ(parsed.options.queue_dir, "/q");
  }
  const Parsed missing = parse({"--config=/nonexistent.toml", "a"});
  EXPECT_NE(missing.config_error, "");
}

TEST_F(SendmailOptions, ABadConfigurationIsSaidInAUsersWords) {
  EXPECT_TRUE(with_config("hosst = 1\n").config_error.ends_with(": no such key: hosst"));
  EXPECT_EQ(parse({"--config=/nonexistent.toml", "a"}).config_error,
            "/nonexistent.toml: cannot be read");
}

TEST_F(SendmailOptions, AHostMayNameItsPort) {
  const Options o = parse({"--host", "[::1]:2525", "--fallback-host=mx:26", "a"}).options;
  EXPECT_EQ(o.relay.host, "::1");
  EXPECT_EQ(o.relay.port, 2525);
  EXPECT_EQ(o.fallback.host, "mx");
  EXPECT_EQ(o.fallback.port, 26);
  EXPECT_EQ(parse({"--host=mx:26", "--port=25", "a"}).options.relay.port, 25);
  EXPECT_EQ(with_config("host = \"mx:26\"\n", {"a"}).options.relay.port, 26);
  EXPECT_NE(with_config("host = \"mx:x\"\n", {"a"}).config_error, "");
}

TEST_F(SendmailOptions, WhoNamedTheQueueIsKnown) {
  const std::string text = "queue-dir = \"/q\"\n";
  EXPECT_TRUE(with_config(text, {"a"}).options.queue_dir_by_config);
  EXPECT_FALSE(with_config(text, {"--queue-dir=/q", "a"}).options.queue_dir_by_config);
  EXPECT_FALSE(with_config("", {"a"}).options.queue_dir_by_config);
}

TEST_F(SendmailOptions, UsageErrorsNameTheOption) {
  for (const char* word : {"--port=x", "--port=0", "--tls=maybe", "--frobnicate", "--timeout=-1",
                           "--host=mx:x", "--fallback-host=:1"}) {
    try {
      parse({word});
      ADD_FAILURE() << word;
    } catch (const UsageError& e) {
      const std::string name = std::string(word).substr(0, std::string(word).find('='));
      EXPECT_NE(std::string(e.what()).find(name), std::string::npos) << e.what();
    }
  }
}

TEST_F(SendmailOptions, WhatSaysTheRelayStaysWithTheMessage) {
  const Options o =
      parse({"--host", "h", "--port=25", "-k", "--subject=x", "--cacert=ca.pem", "--password-file",
             "/pw", "--queue-dir=/q", "-t", "--", "--host=operand"})
          .options;
  EXPECT_EQ(o.relay_words,
            (std::vector<std::string>{"--host=h", "--port=25", "--insecure",
                                      "--cacert=" + std::filesystem::absolute("ca.pem").string(),
                                      "--password-file=/pw", "--queue-dir=/q"}));
  EXPECT_EQ(o.recipients, std::vector<std::string>{"--host=operand"});
}

TEST_F(SendmailOptions, WhatPreparesAMessageIsKeptForOneThatCouldNotBe) {
  const Options o = parse({"--aliases", "al", "-FCron\tDaemon", "-n", "--from=me@x.org", "--host=h",
                           "-Nnever", "--subject=x", "-f", "root", "a"})
                        .options;
  EXPECT_EQ(o.preparation_words,
            (std::vector<std::string>{"--aliases=" + std::filesystem::absolute("al").string(),
                                      "--full-name=Cron Daemon", "--no-aliases", "--from=me@x.org",
                                      "--dsn-notify=never"}));
  std::vector<std::string> all = o.relay_words;
  all.insert(all.end(), o.preparation_words.begin(), o.preparation_words.end());
  EXPECT_EQ(relay_words_of(all), std::vector<std::string>{"--host=h"});
  EXPECT_EQ(parse_options(all).options.full_name, "Cron Daemon");
}

TEST_F(SendmailOptions, LaterWordsWin) {
  const Options o = parse_options({"--host=a", "--lmtp", "--password-file=/1", "--host=b", "--lmtp",
                                   "--password-file=/2"})
                        .options;
  EXPECT_EQ(o.relay.host, "b");
  EXPECT_TRUE(o.relay.lmtp);
  EXPECT_EQ(o.relay.passwords.file, "/2");
}

TEST_F(SendmailOptions, AControlCharacterIsAUsageError) {
  EXPECT_THROW(parse({"--host=a\r\nb", "x"}), UsageError);
}

TEST_F(SendmailOptions, Compose) {
  const Options o = parse({"--to", "a", "--to", "b", "--subject", "-s", "--body", "", "--attach",
                           "f;type=text/csv", "--header", "X: y"})
                        .options;
  EXPECT_TRUE(o.compose.wanted);
  EXPECT_EQ(o.compose.to, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(o.compose.subject, "-s");
  EXPECT_EQ(o.compose.attach, std::vector<std::string>{"f;type=text/csv"});
}

}  // namespace
}  // namespace proto::sendmail
