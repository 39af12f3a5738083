// The POP3 rows of the hostile cases again, at the tool: an exit status that is not 0, one line on
// stderr without control characters, no more than 16 MiB above the idle program.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "support/pop3_scripts.h"
#include "support/process.h"

namespace proto {
namespace {

using namespace test;

struct Tool {
  Tool() { password = folder.write("password", "secret\n"); }

  std::vector<std::string> argv(const ScriptedPeer& peer,
                                const std::vector<std::string>& more) const {
    std::vector<std::string> all = {our_program("popsubjects"),
                                    "--host",
                                    peer.host(),
                                    "--port",
                                    std::to_string(peer.port()),
                                    "--user",
                                    "ann",
                                    "--auth",
                                    "user",
                                    "--password-file",
                                    password};
    const auto add_unless = [&](const char* option, const char* value) {
      if (std::find(more.begin(), more.end(), option) == more.end())
        all.insert(all.end(), {option, value});
    };
    add_unless("--tls", "none");
    add_unless("--deadline", "30");
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  ProcessResult run(const ScriptedPeer& peer, const std::vector<std::string>& more = {}) const {
    return test::run(argv(peer, more));
  }

  TempFolder folder;
  std::string password;
};

long memory_bound() {
  static const long kKib = memory_bound_kib(test::run({our_program("popsubjects"), "--version"}));
  return kKib;
}

void expect_failure(const ProcessResult& result, int status, const std::string& what) {
  EXPECT_EQ(result.status, status) << what << ": " << result.describe();
  EXPECT_FALSE(result.timed_out) << what;
  EXPECT_TRUE(result.err.starts_with("popsubjects: ")) << what << ": " << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  for (const char c : result.err) {
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << what;
  }
  EXPECT_EQ(result.err.find("secret"), std::string::npos) << result.err;
  EXPECT_LE(result.max_rss_kib, memory_bound()) << what;
}

// Up to STAT's command.
Script asks_stat() {
  return logs_in() + Script{expect_line("STAT")};
}
// A mailbox of `count`, and CAPA's question; PIPELINING, TOP and UIDL are there.
Script has(int count) {
  return asks_stat() + says("+OK " + std::to_string(count) + " 1000\r\n") +
         answers("CAPA", "+OK\r\nPIPELINING\r\nTOP\r\nUIDL\r\nUSER\r\n.\r\n");
}
const Script kGone = {half_close(), drain()};

TEST(HostilePopsubjects, Row1To4AndStlsBeforeLogin) {
  const Tool tool;
  const std::vector<std::pair<std::string, int>> greetings = {{"-ERR not today\r\n", 69},
                                                              {"-ERR [SYS/TEMP] \x1b[2J\r\n", 75},
                                                              {"220 x\r\n", 76},
                                                              {"+OKAY\r\n", 76},
                                                              {"\r\n", 76},
                                                              {"+OK hi", 69},
                                                              {"", 69}};
  for (const auto& [greeting, status] : greetings) {
    ScriptedPeer peer(says(greeting) + kGone);
    expect_failure(tool.run(peer), status, greeting);
  }
  ScriptedPeer endless(Script{send("+OK "), send_endlessly(std::string(4096, 'a'))});
  expect_failure(tool.run(endless), 76, "endless greeting");
  ScriptedPeer injected(greets() + answers("STLS", "+OK\r\n+OK fake\r\n") + Script{drain()});
  expect_failure(tool.run(injected, {"--tls", "starttls"}), 76, "row 20");
  ScriptedPeer missing(greets() + answers("STLS", "-ERR\r\n") + Script{expect_end()});
  expect_failure(tool.run(missing, {"--tls", "starttls"}), 69, "row 21");
}

TEST(HostilePopsubjects, RefusedLogins) {
  const Tool tool;
  const std::vector<std::pair<std::string, int>> replies = {
      {"-ERR wrong \"secret\"\r\n", 77}, {"-ERR [AUTH] no\r\n", 77},
      {"-ERR [IN-USE] x\r\n", 75},       {"-ERR [LOGIN-DELAY] x\r\n", 75},
      {"-ERR [SYS/TEMP] x\r\n", 75},     {"-ERR [SYS/PERM] x\r\n", 69}};
  for (const auto& [reply, status] : replies) {
    ScriptedPeer peer(greets() + answers("USER ann", "+OK\r\n") + answers("PASS secret", reply) +
                      Script{drain()});
    expect_failure(tool.run(peer), status, reply);
  }
}

TEST(HostilePopsubjects, Row6To9BadStat) {
  const Tool tool;
  for (const char* reply : {"+OK -1 10\r\n", "+OK 99999999999999999999 1\r\n", "+OK x y\r\n",
                            "+OK\r\n", "+OK 1 2\r\n-ERR late\r\n"}) {
    ScriptedPeer peer(asks_stat() + says(reply) + Script{drain()});
    expect_failure(tool.run(peer), 76, reply);
  }
  ScriptedPeer huge(asks_stat() + says("+OK 4000000000 1\r\n") +
                    answers("CAPA", "+OK\r\nPIPELINING\r\nTOP\r\n.\r\n") +
                    Script{expect_line("TOP 1 0"), send("+OK\r\nSubject: x\r\n\r\n.\r\n"),
                           half_close(), drain()});
  expect_failure(tool.run(huge), 69, "row 9");
}

TEST(HostilePopsubjects, Row10BadListings) {
  const Tool tool;
  for (const char* lines : {"1 a\r\n1 b\r\n", "3 a\r\n", "0 a\r\n", "1\r\n", "1 a\r\n", ""}) {
    ScriptedPeer peer(asks_stat() + says("+OK 2 10\r\n") +
                      answers("UIDL", std::string("+OK\r\n") + lines + ".\r\n") + Script{drain()});
    expect_failure(tool.run(peer, {"--new", "--state", tool.folder.file("state")}), 76, lines);
  }
}

TEST(HostilePopsubjects, Row11To14EndlessAndTruncated) {
  const Tool tool;
  ScriptedPeer capa(asks_stat() + says("+OK 1 1\r\n") +
                    Script{expect_line("CAPA"), send("+OK\r\n"), send_endlessly("X-Y\r\n")});
  expect_failure(tool.run(capa), 76, "row 11");
  for (const std::string& block : {std::string(4096, 'x'), std::string("Subject: x\r\n")}) {
    ScriptedPeer top(has(1) +
                     Script{expect_line("TOP 1 0"), send("+OK\r\n"), send_endlessly(block)});
    expect_failure(tool.run(top), 76, "rows 12 and 13");
    ScriptedPeer retr(asks_stat() + says("+OK 1 1\r\n") + answers("LIST", "+OK\r\n1 5\r\n.\r\n") +
                      Script{expect_line("RETR 1"), send("+OK\r\n"), send_endlessly(block)});
    expect_failure(tool.run(retr, {"--retr"}), 76, "rows 12 and 13, RETR");
  }
  for (const char* text : {"", "Subject: x\r\n", "Subject: x\r\n.", "Subject: x\r\n.\r"}) {
    ScriptedPeer peer(has(1) + Script{expect_line("TOP 1 0"), send(std::string("+OK\r\n") + text)} +
                      kGone);
    expect_failure(tool.run(peer), 69, text);
  }
}

TEST(HostilePopsubjects, Row17And24ControlCharactersAreEscaped) {
  const Tool tool;
  ScriptedPeer peer(has(1) +
                    answers("TOP 1 0", std::string("+OK\r\nSubject: \x1b[2J\x9b\0\xe2\x80\xae"
                                                   "x\r\n\r\n.\r\n",
                                                   31)) +
                    answers("QUIT", "+OK\r\n"));
  const auto result = tool.run(peer);
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_EQ(result.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(result.out.find("\xe2\x80\xae"), std::string::npos);
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 4) << result.out;
}

TEST(HostilePopsubjects, Row22APlaceholderForOne) {
  const Tool tool;
  Script script = has(10);
  std::string replies;
  std::string wanted = "Number of messages 10\nMailbox size 1000\n\n";
  for (int i = 1; i <= 10; ++i) {
    script.push_back(expect_line("TOP " + std::to_string(i) + " 0"));
    const std::string n = std::to_string(i);
    replies += i == 3 ? "-ERR \x1b damaged\r\n" : "+OK\r\nSubject: " + n + "\r\n\r\n.\r\n";
    wanted += i == 3 ? "Subject: (message 3: \\x1b damaged)\n" : "Subject: " + n + "\n";
  }
  ScriptedPeer peer(script + says(replies) + answers("QUIT", "+OK\r\n"));
  const auto result = tool.run(peer);
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_EQ(result.out, wanted);
}

Script gives(const std::vector<std::string>& subjects) {
  Script script;
  for (std::size_t i = 1; i <= subjects.size(); ++i)
    script.push_back(expect_line("TOP " + std::to_string(i) + " 0"));
  std::string replies;
  for (const auto& subject : subjects) replies += "+OK\r\nSubject: " + subject + "\r\n\r\n.\r\n";
  return script + says(replies);
}

TEST(HostilePopsubjects, NewByADigestWhereUidsAreDoubled) {
  const Tool tool;
  const std::vector<std::string> more = {"--new", "--state", tool.folder.file("state"), "--format",
                                         "{subject}"};
  const auto script = [](const std::vector<std::string>& subjects) {
    const auto n = static_cast<int>(subjects.size());
    std::string uids;
    for (int i = 1; i <= n; ++i) uids += std::to_string(i) + " same\r\n";
    return asks_stat() + says("+OK " + std::to_string(n) + " 1\r\n") +
           answers("UIDL", "+OK\r\n" + uids + ".\r\n") +
           answers("CAPA", "+OK\r\nPIPELINING\r\nTOP\r\nUIDL\r\n.\r\n") + gives(subjects);
  };
  ScriptedPeer peer{script({"a", "b"}) + gives({"a", "b"}) + answers("QUIT", "+OK\r\n"),
                    script({"a", "b", "b"}) + answers("TOP 3 0", "+OK\r\nSubject: b\r\n\r\n.\r\n") +
                        answers("QUIT", "+OK\r\n")};
  const auto first = tool.run(peer, more);
  EXPECT_TRUE(first.out.ends_with("\n\na\nb\n")) << first.describe();
  const auto second = tool.run(peer, more);
  EXPECT_TRUE(second.out.ends_with("\n\nb\n")) << "two alike are two: " << second.describe();
}

// The state says what was shown: nothing is marked where nothing was, or where it may not have
// been.
TEST(HostilePopsubjects, StateIsCommittedAfterTheOutputOnly) {
  const Tool tool;
  const std::string state = tool.folder.file("state");
  const Script uidl = asks_stat() + says("+OK 1 1\r\n") + answers("UIDL", "+OK\r\n1 a\r\n.\r\n") +
                      answers("CAPA", "+OK\r\nTOP\r\n.\r\n");
  {
    ScriptedPeer peer(uidl + Script{expect_line("TOP 1 0"), send("+OK\r\nSubj")} + kGone);
    EXPECT_NE(tool.run(peer, {"--new", "--state", state}).status, 0);
  }
  {
    ScriptedPeer peer(uidl + gives({"x"}) + Script{drain()});
    ProcessOptions full;
    full.stdout_file = "/dev/full";
    const auto result = test::run(tool.argv(peer, {"--new", "--state", state}), full);
    expect_failure(result, 74, "/dev/full");
  }
  {
    ScriptedPeer peer(uidl + gives({"x"}) + Script{drain()});
    ProcessOptions closed;
    closed.closed = {1};
    const auto result = test::run(tool.argv(peer, {"--new", "--state", state}), closed);
    EXPECT_EQ(result.status, 74);
    EXPECT_EQ(result.err, "") << "quietly";
  }
  ScriptedPeer peer(uidl + gives({"x"}) + answers("QUIT", "+OK\r\n"));
  EXPECT_EQ(tool.run(peer, {"--new", "--state", state}).status, 0) << "still new";
  EXPECT_EQ(read_file(state),
            "popsubjects 1 ann@" + peer.host() + ":" + std::to_string(peer.port()) + "\na\n");
}

TEST(Popsubjects, QuietIsQuieterThanCount) {
  const Tool tool;
  ScriptedPeer all(asks_stat() + says("+OK 2 1\r\n") + answers("QUIT", "+OK\r\n"));
  const auto result = tool.run(all, {"--count", "--quiet"});
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_EQ(result.out, "");
  ScriptedPeer fresh(asks_stat() + says("+OK 1 1\r\n") + answers("UIDL", "+OK\r\n1 a\r\n.\r\n") +
                     answers("QUIT", "+OK\r\n"));
  const auto news =
      tool.run(fresh, {"--new", "--state", tool.folder.file("state"), "--count", "--quiet"});
  EXPECT_EQ(news.status, 0) << news.describe();
  EXPECT_EQ(news.out, "");
}

TEST(HostilePopsubjects, AStateThatCannotBeWritten) {
  const Tool tool;
  const std::string state = tool.folder.file("state");
  ScriptedPeer peer(asks_stat() + says("+OK 1 1\r\n") + answers("UIDL", "+OK\r\n1 a\r\n.\r\n") +
                    answers("CAPA", "+OK\r\nTOP\r\n.\r\n") + gives({"x"}) + Script{drain()});
  // No file may have a byte: a full disk, for all that the program sees.
  std::vector<std::string> argv = {"sh", "-c", R"(trap "" XFSZ; ulimit -f 0; exec "$@")", "sh"};
  for (const std::string& word : tool.argv(peer, {"--new", "--state", state})) argv.push_back(word);
  const auto result = test::run(argv);
  expect_failure(result, 74, "the state");
  EXPECT_TRUE(result.out.ends_with("\n\nSubject: x\n")) << result.out;
  EXPECT_FALSE(std::filesystem::exists(state));
}

TEST(HostilePopsubjects, WithoutTopByRetr) {
  const Tool tool;
  ScriptedPeer peer(asks_stat() + says("+OK 2 1\r\n") + answers("CAPA", "-ERR\r\n") +
                    answers("TOP 1 0", "-ERR unknown\r\n") +
                    answers("LIST", "+OK\r\n1 100\r\n2 99999999999\r\n.\r\n") +
                    answers("RETR 1", "+OK\r\nSubject: x\r\n\r\nSubject: body\r\n.\r\n") +
                    answers("QUIT", "+OK\r\n"));
  const auto result = tool.run(peer);
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_TRUE(result.out.ends_with(
      "\n\nSubject: x\nSubject: (message 2: too large to fetch: 99999999999 bytes)\n"))
      << result.out;
}

TEST(HostilePopsubjects, TimeRunsOut) {
  const Tool tool;
  ScriptedPeer silent(greets() + Script{expect_line("USER ann"), stall()});
  expect_failure(tool.run(silent, {"--timeout", "0.2"}), 75, "--timeout");
  ScriptedPeer whole(greets() + Script{expect_line("USER ann"), stall()});
  expect_failure(tool.run(whole, {"--deadline", "0.2"}), 75, "--deadline");
}

// The deadline is for all of it: the password's command, too.
TEST(HostilePopsubjects, TimeRunsOutInThePasswordCommand) {
  const Tool tool;
  ScriptedPeer peer = ScriptedPeer::forever(Script{drain()});
  expect_failure(test::run({our_program("popsubjects"), "--host", peer.host(), "--tls=none",
                            "--password-command=exec sleep 1000", "--deadline=0.2"}),
                 75, "--password-command");
  EXPECT_EQ(peer.connections(), 0U);
}

// As of every command here: what an alias has said, its user may say otherwise.
TEST(Popsubjects, OfAnOptionThatIsGivenTwiceTheLastOneCounts) {
  const Tool tool;
  ScriptedPeer peer(greets() + Script{expect_line("USER joe"), send("+OK\r\n"),
                                      expect_line("PASS secret"), send("+OK\r\n"),
                                      expect_line("STAT"), send("+OK 0 0\r\n"), expect_line("QUIT"),
                                      send("+OK\r\n"), close()});
  const auto result =
      test::run({our_program("popsubjects"), "--host=nowhere.invalid", "--tls=none",
                 "--host=" + peer.host(), "--port=1", "--port=" + std::to_string(peer.port()),
                 "--user=ann", "--user=joe", "--auth=user", "--password-file=" + tool.password});
  EXPECT_EQ(result.status, 0) << result.describe();
}

TEST(HostilePopsubjects, ASignalEndsIt) {
  const Tool tool;
  ScriptedPeer peer(greets() + Script{expect_line("USER ann"), stall()});
  Child child(tool.argv(peer, {}));
  ASSERT_TRUE(wait_until([&] { return !peer.received().empty(); }));
  child.signal(SIGTERM);
  EXPECT_EQ(child.wait().signal, SIGTERM);
}

TEST(Popsubjects, UsageErrorsNameTheOption) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{}, "--host"},
      {{"--host", "x", "--prot", "1"}, "--prot"},
      {{"--host", "x", "--port", "0"}, "--port"},
      {{"--host", "x", "--tls", "maybe"}, "--tls"},
      {{"--host", "x", "--auth", "maybe"}, "--auth"},
      {{"--host", "x", "--limit", "-1"}, "--limit"},
      {{"--host", "x", "--format", "{nothing}"}, "--format"},
      {{"--host", "x", "--baseline"}, "--baseline"},
      {{"--host", "x", "--state", "f"}, "--state"},
      {{"--host", "x", "--auth", "xoauth2"}, "--auth"},
      {{"--host", "x\ny"}, "--host"},
      {{"--host", "x", "--user", "a\rb"}, "--user"},
      {{"--host", "x", "--timeout", "soon"}, "--timeout"},
  };
  for (const auto& [arguments, option] : mistakes) {
    std::vector<std::string> argv = {our_program("popsubjects")};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const auto result = test::run(argv);
    expect_failure(result, 64, option);
    EXPECT_NE(result.err.find(option), std::string::npos) << result.err;
  }
}

TEST(Popsubjects, HelpAndVersion) {
  for (const char* option : {"-h", "--help", "--version"}) {
    const auto result = test::run({our_program("popsubjects"), option});
    EXPECT_EQ(result.status, 0);
    EXPECT_NE(result.out.find("popsubjects"), std::string::npos);
    EXPECT_EQ(result.err, "");
  }
}

TEST(Popsubjects, NoPasswordAnywhere) {
  const TempFolder home;
  ProcessOptions options;
  options.env["HOME"] = home.path();
  const auto result =
      // In a session of its own: nobody is asked on a terminal.
      test::run({"setsid", "--wait", our_program("popsubjects"), "--host", "127.0.0.1"}, options);
  EXPECT_EQ(result.status, 78) << result.describe();
}

TEST(Popsubjects, ConnectionsThatCannotBe) {
  const Tool tool;
  const auto to = [&](const std::string& host) {
    return test::run(
        {our_program("popsubjects"), "--host", host, "--password-file", tool.password});
  };
  const RefusingPort refusing;
  expect_failure(to("127.0.0.1:" + std::to_string(refusing.port())), 69, "refused");
  expect_failure(to("no-such-host.invalid"), 68, "unknown");
}

}  // namespace
}  // namespace proto
