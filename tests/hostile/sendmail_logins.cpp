// Rows 13 to 18 of the SMTP cases, at the tool: what goes without TLS, what a login may say, and
// that no secret is anywhere else.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "proto/tls.h"
#include "support/scripted_peer.h"
#include "support/sendmail_program.h"
#include "support/sendmail_scripts.h"
#include "support/servers.h"

namespace proto::test {
namespace {

TEST(SendmailHostile, Row18TheSecretIsInNoOutput) {
  // The server repeats what it was told.
  ScriptedPeer peer = ScriptedPeer::forever(
      joined(joined(greeted("250-AUTH PLAIN\r\n"), said("535 5.7.8 no: sesame\r\n")), {drain()}));
  const SendmailLite program(peer.port());
  const std::string password = program.folder().write("pw", "sesame\n");
  const ProcessResult result = program.run(
      {"-v", "-v", "-v", "--user=me", "--password-file=" + password, "-f", "me@x.org", "you@x.org"},
      kAlert);
  EXPECT_EQ(result.status, 77) << result.describe();
  EXPECT_EQ((result.out + result.err).find("sesame"), std::string::npos) << result.err;
  EXPECT_NE(program.status().find("\"waiting\":1"), std::string::npos);
  EXPECT_EQ(program.status().find("sesame"), std::string::npos);
}

// None of these says more than EHLO and STARTTLS: no login, no MAIL.
TEST(SendmailHostile, Rows13And14WhereTLSIsWantedNothingGoesWithoutIt) {
  const Script missing = joined(greeted(), {drain()});
  const Script injected =
      joined(greeted("250-STARTTLS\r\n"), joined(said("220 go\r\n250 AUTH PLAIN\r\n"), {drain()}));
  for (const Script& script : {missing, injected}) {
    ScriptedPeer peer = ScriptedPeer::forever(script);
    const SendmailLite program(peer.port());
    const std::string password = program.folder().write("pw", "sesame\n");
    const auto result = program.run({"--tls=starttls", "--user=me", "--password-file=" + password,
                                     "-f", "me@x.org", "you@x.org"},
                                    kAlert);
    EXPECT_TRUE(result.status == 69 || result.status == 76) << result.describe();
    EXPECT_NE(program.status().find("\"waiting\":1"), std::string::npos);
    const std::string said_by_us = peer.received();
    EXPECT_EQ(said_by_us.find("AUTH"), std::string::npos) << said_by_us;
    EXPECT_EQ(said_by_us.find("MAIL"), std::string::npos) << said_by_us;
  }
}

// What stood in the clear could be anybody's: SIZE would refuse the message, AUTH would take the
// password.
TEST(SendmailHostile, Row15CapabilitiesFromBeforeTLSAreForgotten) {
  const auto context =
      TLSContext::server(test_certificates().certificate_file, test_certificates().key_file);
  Script script = joined(greeted("250-STARTTLS\r\n250-AUTH PLAIN\r\n250-SIZE 7\r\n"),
                         {expect_until("\r\n"), send("220 go\r\n"), start_tls(context)});
  script = joined(std::move(script), said("250-mx\r\n250 HELP\r\n"));
  const Script no_login = joined(script, {drain()});
  for (const char* reply : {"250 ok\r\n", "250 ok\r\n", "354 go\r\n"})
    script = joined(std::move(script), said(reply));
  script = joined(std::move(script), {expect_until("\r\n.\r\n"), send("250 ok\r\n"), drain()});
  ScriptedPeer peer({script, no_login});
  const SendmailLite program(peer.port());
  const std::vector<std::string> words{
      "--no-queue", "--tls=starttls", "--cacert=" + test_certificates().ca_file,
      "-f",         "me@x.org",       "you@x.org"};
  const auto sent = program.run(words, kAlert);
  EXPECT_EQ(sent.status, 0) << sent.describe();
  const std::string wire = peer.received(0);
  const std::size_t tls = wire.find("STARTTLS\r\n");
  EXPECT_NE(wire.find("EHLO ", tls), std::string::npos) << wire;
  auto login = words;
  login.insert(login.begin(),
               {"--user=me", "--password-file=" + program.folder().write("pw", "sesame\n")});
  const auto refused = program.run(login, kAlert);
  EXPECT_EQ(refused.status, 77) << refused.describe();
  expect_one_line(refused, true);
  EXPECT_EQ(peer.received(1).find("AUTH"), std::string::npos) << peer.received(1);
}

// Row 12: an old server's HELO would do, but not where TLS or a login is wanted.
TEST(SendmailHostile, Row12NoHELOWhereTLSOrALoginIsWanted) {
  ScriptedPeer peer = ScriptedPeer::forever(
      {send("220 mx\r\n"), expect_until("\r\n"), send("502 no\r\n"), drain()});
  const SendmailLite program(peer.port());
  const std::string password = program.folder().write("pw", "sesame\n");
  for (const auto& wanted :
       {std::vector<std::string>{"--tls=starttls"}, {"--user=me", "--password-file=" + password}}) {
    auto words = wanted;
    words.insert(words.end(), {"-f", "me@x.org", "you@x.org"});
    const auto result = program.run(words, kAlert);
    EXPECT_EQ(result.status, 69) << result.describe();
    expect_one_line(result, true);
  }
  EXPECT_NE(program.status().find("\"waiting\":2"), std::string::npos);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(peer.received(i).find("HELO"), std::string::npos) << peer.received(i);
    EXPECT_EQ(peer.received(i).find("MAIL"), std::string::npos) << peer.received(i);
  }
}

// 0.0.0.0 leads to this machine, and is no loopback address: all that the tool knows of its peer.
TEST(SendmailHostile, Row16NoSecretGoesWithoutTLSToAnotherMachine) {
  ScriptedPeer peer =
      ScriptedPeer::forever(joined(greeted("250-AUTH PLAIN LOGIN CRAM-MD5\r\n"), {drain()}));
  const SendmailLite program(peer.port());
  const std::string password = program.folder().write("pw", "sesame\n");
  for (const char* method : {"auto", "plain", "login", "cram-md5"}) {
    const auto result =
        program.run({"--host=0.0.0.0", "--user=me", "--password-file=" + password,
                     std::string("--auth=") + method, "-f", "me@x.org", "you@x.org"},
                    kAlert);
    EXPECT_EQ(result.status, 69) << result.describe();
    expect_one_line(result, true);
  }
  EXPECT_NE(program.status().find("\"waiting\":4"), std::string::npos);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(peer.received(i).find("AUTH"), std::string::npos) << peer.received(i);
}

// Not the relay's fault, nor the message's.
TEST(SendmailHostile, ACertificateFileThatCannotBeUsedIsABadConfiguration) {
  ScriptedPeer peer = ScriptedPeer::forever(Script{drain()});
  const SendmailLite program(peer.port());
  const std::string none = program.folder().file("none.pem");
  for (const char* option : {"--cacert=", "--capath=", "--cert="}) {
    const auto result = program.run({option + none, "-f", "me@x.org", "you@x.org"}, kAlert);
    EXPECT_EQ(result.status, 78) << result.describe();
    expect_one_line(result, true);
    EXPECT_EQ(program.run({"--check", option + none, "-f", "me@x.org", "you@x.org"}).status, 78);
  }
  EXPECT_NE(program.status().find("\"waiting\":3"), std::string::npos);
  EXPECT_EQ(peer.connections(), 0U);
}

TEST(SendmailHostile, Row17EndlessChallenges) {
  ScriptedPeer peer = ScriptedPeer::forever(
      joined(greeted("250-AUTH LOGIN\r\n"), {repeat(4, said("334 VXNlcm5hbWU6\r\n")), drain()}));
  const SendmailLite program(peer.port());
  const std::string password = program.folder().write("pw", "sesame\n");
  const auto result = program.run(
      {"--no-queue", "--user=me", "--password-file=" + password, "-f", "me@x.org", "you@x.org"},
      kAlert);
  EXPECT_TRUE(result.status == 76 || result.status == 77) << result.describe();
  EXPECT_EQ(result.err.find("sesame"), std::string::npos);
}

// "Log in first" is no word about the recipient: the mail waits, however long.
TEST(SendmailHostile, ALoginWantedAtRCPTKeepsTheMail) {
  ScriptedPeer peer = ScriptedPeer::forever(after(
      joined(joined(greeted(), said("250 ok\r\n")), said("530 5.7.0 authenticate first\r\n")), ""));
  const SendmailLite program(peer.port());
  const auto result = program.run({"-f", "me@x.org", "you@x.org"}, kAlert);
  EXPECT_EQ(result.status, 77) << result.describe();
  EXPECT_NE(program.status().find("\"waiting\":1"), std::string::npos) << program.status();
}

// No password goes where TLS was offered and its certificate is nobody's, loopback or not.
TEST(SendmailHostile, NoPasswordAfterABadCertificate) {
  const auto context =
      TLSContext::server(test_certificates().certificate_file, test_certificates().key_file);
  ScriptedPeer peer = ScriptedPeer::forever(
      joined(greeted("250-STARTTLS\r\n250-AUTH PLAIN\r\n"),
             {expect_until("\r\n"), send("220 go\r\n"), expect_tls_refused(context)}));
  const SendmailLite program(peer.port());
  const std::string password = program.folder().write("pw", "sesame\n");
  const auto result = program.run(
      {"--no-queue", "--user=me", "--password-file=" + password, "-f", "me@x.org", "you@x.org"},
      kAlert);
  EXPECT_EQ(result.status, 69) << result.describe();
  EXPECT_EQ(peer.connections(), 1U);
}

// A method without a user: netrc's.
TEST(SendmailHostile, AMethodAloneLogsInToo) {
  ScriptedPeer peer = ScriptedPeer::forever(
      after(joined(greeted("250-AUTH PLAIN\r\n"), said("535 5.7.8 no\r\n")), ""));
  const SendmailLite program(peer.port());
  const std::string netrc =
      program.folder().write("netrc", "machine 127.0.0.1 login ann password sesame\n");
  const auto result = program.run(
      {"--no-queue", "--auth=plain", "--netrc-file=" + netrc, "-f", "me@x.org", "you@x.org"},
      kAlert);
  EXPECT_EQ(result.status, 77) << result.describe();
  EXPECT_NE(peer.received().find("AUTH PLAIN"), std::string::npos);
}

// The deadline bounds the password's command, and the QUIT of a server that does not answer it.
TEST(SendmailHostile, APasswordCommandThatHangsIsEnded) {
  ScriptedPeer peer = ScriptedPeer::forever(Script{drain()});
  const SendmailLite program(peer.port());
  const auto result =
      program.run({"--deadline=0.3", "--user=me", "--password-command=exec sleep 1000", "-f",
                   "me@x.org", "you@x.org"},
                  kAlert);
  EXPECT_EQ(result.status, 77) << result.describe();
  EXPECT_FALSE(result.timed_out);
  EXPECT_NE(program.status().find("\"waiting\":1"), std::string::npos);
}

// With all that it has started, where no terminal holds them together: a pipe would stay open.
TEST(SendmailHostile, WhatAPasswordCommandStartedIsEndedWithIt) {
  ScriptedPeer peer = ScriptedPeer::forever(Script{drain()});
  const SendmailLite program(peer.port());
  const std::string pipe = program.folder().file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int fd = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  auto words = program.words({"--deadline=1", "--user=me", "-f", "me@x.org", "you@x.org",
                              "--password-command=exec 2>&-; (echo up; exec sleep 1000) > '" +
                                  pipe + "' & exec sleep 1000"});
  const std::string pid = program.folder().file("pid");
  words.insert(words.begin(),
               {"setsid", "--wait", "sh", "-c", "echo $$ > \"$0\"; exec \"$@\"", pid});
  std::array<char, 8> text{};
  const auto is_closed = [&] { return ::read(fd, text.data(), text.size()) == 0; };
  {
    const auto result = run(words, program.options(kAlert));
    EXPECT_EQ(result.status, 77) << result.describe();
    EXPECT_EQ(::read(fd, text.data(), text.size()), 3);
    EXPECT_TRUE(wait_until(is_closed));
  }
  *std::find(words.begin(), words.end(), "--deadline=1") = "--deadline=60";
  Child child(words, program.options(kAlert));
  child.close_stdin();
  ASSERT_TRUE(wait_until([&] { return ::read(fd, text.data(), text.size()) == 3; }));
  ASSERT_EQ(::kill(std::stoi(read_file(pid)), SIGTERM), 0);
  EXPECT_TRUE(wait_until(is_closed)) << "ended by a signal";
  ::close(fd);
}

}  // namespace
}  // namespace proto::test
