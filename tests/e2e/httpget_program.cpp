// httpget's command line, as people type it: operands, files, heads, limits, odd descriptors.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "support/process.h"
#include "support/scripted_peer.h"

namespace proto {
namespace {

using namespace std::string_literals;
using namespace test;

const std::string kHi = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

ScriptedPeer greeter(ScriptedPeer::On on = ScriptedPeer::On::ipv4) {
  return ScriptedPeer::forever({expect_until("\r\n\r\n"), send(kHi)}, on);
}

ProcessResult httpget(std::vector<std::string> arguments, const ProcessOptions& options = {}) {
  arguments.insert(arguments.begin(), our_program("httpget"));
  return run(arguments, options);
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

TEST(HttpgetProgram, TakesHostAndPathOrUrls) {
  ScriptedPeer four = greeter(), six = greeter(ScriptedPeer::On::ipv6);
  EXPECT_EQ(httpget({four.address(), "/x"}).out, "hi");
  EXPECT_EQ(httpget({six.address(), "/x"}).out, "hi");
  EXPECT_EQ(httpget({"http://user:word@" + six.address() + "/a b?c d#e"}).out, "hi");
  EXPECT_EQ(httpget({four.address() + "/x?to=http://other.example/"}).out, "hi");
  // A literal alone is no list of the option parser's. Its port is 80: whoever listens there is
  // not asked.
  const auto bare = httpget({"--dry-run", "[::1]", "/"});
  EXPECT_TRUE(bare.out.starts_with("GET / HTTP/1.1\r\nHost: [::1]\r\n")) << bare.out + bare.err;
  const auto elsewhere = httpget({"--interface", "::2", six.address(), "/"});
  EXPECT_NE(elsewhere.err.find("httpget: cannot"), std::string::npos) << elsewhere.describe();
}

TEST(HttpgetProgram, OtherSchemesAreBadUrls) {
  for (const char* url : {"file:///etc/passwd", "file:/etc/passwd", "ftp://127.0.0.1/", "http:/x",
                          "http://", "", "http://127.0.0.1:99999/", "http://[::1/"}) {
    const auto result = httpget({url});
    EXPECT_EQ(result.status, 3) << url << ": " << result.describe();
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST(HttpgetProgram, OfAnOptionGivenTwiceTheLastCounts) {
  ScriptedPeer peer({expect_until("User-Agent: two\r\n"), expect_until("\r\n\r\n"), send(kHi)});
  const auto result =
      httpget({"-A", "one", "-A", "two", "-m", "1", "-m", "30", "-L", "-L", peer.address(), "/"});
  EXPECT_EQ(result.status, 0) << result.describe();
}

TEST(HttpgetProgram, UsageErrorsNameTheOption) {
  const std::string long_path(200, 'x');
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"--max-time", {"-m", "abc"}},
      {"--output", {"-o"}},
      {"--nope", {"--nope"}},
      {"--header", {"-H", "A: b\r\nC: d"}},
      {"--user-agent", {"-A", "a\nb"}},
      {"--unix-socket", {"--unix-socket", long_path}},
      {"--proxy", {"-x", "ftp://x"}},
      {"--head", {"-I", "-d", "a=b"}},
      {"--max-filesize", {"--max-filesize", "1x"}},
      {"--resolve", {"--resolve", "a b:1:::1"}},
      {"--max-time", {"-m", ""}},
      {"--retry", {"--retry", ""}},
      {"--pinnedpubkey", {"--pinnedpubkey", "md5//x"}},
      {"--pinnedpubkey", {"--pinnedpubkey", "sha256//!!"}},
      {"--url-query", {"--url-query", "+a\nb"}},
      {"--data", {"-G", "-d", "a\nb"}},
      {"--form", {"-F", "a=b;type=x\ny"}},
      {"--form", {"-F", "a=b;headers=x"}},
      {"--oauth2-bearer", {"--oauth2-bearer", "/dev/null"}}};
  for (const auto& [name, words] : cases) {
    std::vector<std::string> arguments = {"http://127.0.0.1:1/"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const auto result = httpget(arguments);
    EXPECT_EQ(result.status, 2) << name << ": " << result.describe();
    EXPECT_NE(result.err.find(name), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST(HttpgetProgram, HeadsGoWhereTheBodyGoes) {
  const TempFolder folder;
  const std::string file = folder.file("out");
  ScriptedPeer peer = greeter();
  EXPECT_EQ(httpget({"-i", "-o", file, peer.address(), "/"}).out, "");
  EXPECT_EQ(read_file(file), kHi);
  ScriptedPeer other({expect("HEAD "), expect_until("\r\n\r\n"), send(kHi.substr(0, 38))});
  EXPECT_EQ(httpget({"-I", "-o", file, other.address(), "/"}).out, "");
  EXPECT_EQ(read_file(file), kHi.substr(0, 38));
}

TEST(HttpgetProgram, HeadsNeverGoIntoAFileThatIsGoneOnWith) {
  const TempFolder folder;
  const std::string file = folder.file("out");
  std::ofstream(file) << "01234";
  for (const char* heads : {"-i", "-I"}) {
    const auto result = httpget({heads, "-C", "-", "-o", file, "http://127.0.0.1:1/"});
    EXPECT_EQ(result.status, 2) << result.describe();
    EXPECT_NE(result.err.find("--continue-at"), std::string::npos) << result.err;
    EXPECT_EQ(read_file(file), "01234");
  }
  // On stdout nothing is counted afterwards.
  const std::string rest =
      "HTTP/1.1 206 Rest\r\nContent-Range: bytes 5-6/7\r\nContent-Length: 2\r\n\r\n56";
  ScriptedPeer peer({expect_until("\r\n\r\n"), send(rest)});
  EXPECT_EQ(httpget({"-i", "-C", "5", peer.address(), "/"}).out, rest);
  EXPECT_NE(peer.received().find("Range: bytes=5-\r\n"), std::string::npos);
}

TEST(HttpgetProgram, HeadsOfRedirectsAndOfEveryUrlAreShown) {
  const TempFolder folder;
  const std::string moved = "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n";
  const std::string head = kHi.substr(0, kHi.size() - 2);
  const Script script{expect_until("\r\n\r\n"), send(moved), expect_until("\r\n\r\n"), send(kHi),
                      expect_until("\r\n\r\n"), send(kHi)};
  ScriptedPeer peer({script, script});
  const auto dumped =
      httpget({"-L", "-D", folder.file("head"), peer.address() + "/a", peer.address() + "/c"});
  EXPECT_EQ(dumped.out, "hihi") << dumped.describe();
  EXPECT_EQ(read_file(folder.file("head")), moved + head + head);
  const auto shown = httpget({"-L", "-i", peer.address() + "/a", peer.address() + "/c"});
  EXPECT_EQ(shown.out, moved + kHi + kHi) << shown.describe();
}

TEST(HttpgetProgram, HeadsOfRedirectsAreShownThoughTheLastRequestFails) {
  const TempFolder folder;
  const std::string moved =
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
  for (const std::string& program : {our_program("httpget"), find_program("curl", "curl")}) {
    ScriptedPeer peer = ScriptedPeer::forever({expect_until("\r\n\r\n"), send(moved)});
    const std::string url = "http://" + peer.address() + "/", head = folder.file("head");
    const auto dumped = run({program, "-s", "-L", "-D", head, "-w", "%{size_header}", url});
    EXPECT_EQ(dumped.status, 7) << dumped.describe();
    EXPECT_EQ(dumped.out, std::to_string(moved.size()));
    EXPECT_EQ(read_file(head), moved);
    EXPECT_EQ(run({program, "-s", "-L", "-D", "-", url}).out, moved);
    EXPECT_EQ(run({program, "-s", "-L", "-i", url}).out, moved);
    ASSERT_EQ(::unlink(head.c_str()), 0);
  }
}

TEST(HttpgetProgram, CookiesAreKeptThoughTheHeadsAreNot) {
  const TempFolder folder;
  const std::string heads = folder.file("heads"), jar = folder.file("jar"),
                    hsts = folder.file("hsts");
  // Once they are written beside it, their place is taken by a folder.
  const auto take_place = [&] {
    EXPECT_TRUE(wait_until([&] {
      return run({"ls", "-A", folder.path()}).out.find(".heads.") != std::string::npos;
    }));
    EXPECT_EQ(::mkdir(heads.c_str(), 0700), 0);
  };
  ScriptedPeer peer({expect_until("\r\n\r\n"),
                     send("HTTP/1.1 200 OK\r\nSet-Cookie: a=kept\r\nContent-Length: 1\r\n\r\n"),
                     call(take_place), send("x")});
  const auto result = httpget({"-D", heads, "-c", jar, "--hsts", hsts, peer.address(), "/"});
  EXPECT_EQ(result.status, 23) << result.describe();
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_NE(read_file(jar).find("kept"), std::string::npos);
  EXPECT_TRUE(exists(hsts));
}

TEST(HttpgetProgram, MaxFilesizeHoldsWithoutALengthAndOnATerminal) {
  const std::string body(1000, 'x');
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + body + "\r\n0\r\n\r\n";
  for (const std::string& response : {chunked, "HTTP/1.1 200 OK\r\n\r\n" + body}) {
    ScriptedPeer peer =
        ScriptedPeer::forever({expect_until("\r\n\r\n"), send(response), half_close()});
    const auto refused = httpget({"--max-filesize", "100", peer.address(), "/"});
    EXPECT_EQ(refused.status, 63) << refused.describe();
    EXPECT_LE(refused.out.size(), 100U);
    const auto taken = httpget({"--max-filesize", "1000", peer.address(), "/"});
    EXPECT_EQ(taken.status, 0) << taken.describe();
    EXPECT_TRUE(taken.out == body);
    ProcessOptions terminal;
    terminal.terminal = true;
    EXPECT_EQ(httpget({"--max-filesize", "100", peer.address(), "/"}, terminal).status, 63);
  }
}

TEST(HttpgetProgram, Network16_AFullDiskIsAnErrorInEveryTransfer) {
  ScriptedPeer peer = greeter();
  ProcessOptions full;
  full.stdout_file = "/dev/full";
  const std::string url = peer.address() + "/";
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{url},
                                             {"-i", url},
                                             {"-w", "%{http_code}", url},
                                             {"-Z", "-w", "x", url, url, url},
                                             {"--dry-run", url},
                                             {"--help"},
                                             {"--version"}}) {
    EXPECT_EQ(httpget(words, full).status, 23) << words.front();
  }
}

TEST(HttpgetProgram, Network16_AFullDiskForWhatAProxySaysIsAnError) {
  const TempFolder folder;
  ScriptedPeer proxy =
      ScriptedPeer::forever({expect_until("\r\n\r\n"),
                             send("HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno\n"), close()});
  ProcessOptions full;
  full.stdout_file = "/dev/full";
  const std::string url = "https://there.example/", jar = folder.file("jar");
  const std::vector<std::string> words = {"-x", proxy.address(), "-c", jar, url, url};
  EXPECT_EQ(httpget(words, full).status, 23);
  EXPECT_TRUE(exists(jar));
  for (const std::string format : {"", "x"}) {
    std::vector<std::string> parallel = words;
    parallel.insert(parallel.begin(), {"-Z", "-w", format});
    EXPECT_EQ(httpget(parallel, full).status, 23);
    EXPECT_EQ(httpget(parallel).out, "no\n" + format + "no\n" + format);
  }
}

TEST(HttpgetProgram, Network16_AFileThatMayNotGrowIsAnErrorAndLeavesNothing) {
  const TempFolder folder;
  ScriptedPeer peer(
      {expect_until("\r\n\r\n"),
       send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100000, 'x'))});
  const auto result = run({"sh", "-c",
                           "ulimit -f 10; exec '" + our_program("httpget") + "' -o " +
                               folder.file("out") + " " + peer.address() + " /"});
  EXPECT_EQ(result.status, 23) << result.describe();
  EXPECT_EQ(run({"ls", "-A", folder.path()}).out, "");
}

TEST(HttpgetProgram, Network17_ABrokenPipeIsQuiet) {
  const std::string body(1 << 20, 'x');
  ScriptedPeer peer({expect_until("\r\n\r\n"),
                     send("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + body)});
  const auto result = run({"sh", "-c",
                           "{ '" + our_program("httpget") + "' -w done " + peer.address() +
                               " /; echo $? >&2; } | head -c 5"});
  EXPECT_EQ(result.out, "xxxxx");
  EXPECT_EQ(result.err, "23\n");
}

TEST(HttpgetProgram, Network18_AClosedStdinIsNoEmptyBody) {
  ProcessOptions closed;
  closed.closed = {0};
  ScriptedPeer peer = ScriptedPeer::forever({drain()});
  for (const char* option : {"-T", "-d"}) {
    const std::string value = option == std::string("-T") ? "-" : "@-";
    const auto result = httpget({option, value, peer.address(), "/"}, closed);
    EXPECT_EQ(result.status, 26) << result.describe();
    EXPECT_NE(result.err.find("cannot read stdin"), std::string::npos) << result.err;
  }
}

TEST(HttpgetProgram, StdinIsNeverSentByHalf) {
  // The redirect asks for the body again, and there is no more of it.
  ScriptedPeer peer({expect_until("0\r\n\r\n"),
                     send("HTTP/1.1 307 There\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")});
  ProcessOptions options;
  options.input = "body";
  const auto result = httpget({"-L", "-T", "-", peer.address(), "/"}, options);
  EXPECT_EQ(result.status, 26) << result.describe();
}

TEST(HttpgetProgram, SecretsLeaveTheProcessTitle) {
  ScriptedPeer peer({expect_until("\r\n\r\n"), stall()});
  Child child({our_program("httpget"), "-u", "ann:SECRET1", "-bsid=SECRET2",
               "--header=Authorization: SECRET3", "-x", "", "--noproxy", "*",
               "http://ann:SECRET4@" + peer.address() + "/"});
  ASSERT_TRUE(wait_until([&] { return peer.received().ends_with("\r\n\r\n"); }));
  const std::string title = read_file("/proc/" + std::to_string(child.pid()) + "/cmdline");
  EXPECT_EQ(title.find("SECRET"), std::string::npos) << title;
  EXPECT_NE(title.find(peer.address()), std::string::npos);
}

TEST(HttpgetProgram, SecretsOfOptionsGivenTwiceLeaveTheProcessTitle) {
  const TempFolder folder;
  ScriptedPeer peer({expect_until("\r\n\r\n"), stall()});
  Child child({our_program("httpget"),
               "-sLuann:SECRET1",
               "-u",
               "ann:SECRET2",
               "--user=ann:SECRET3",
               "--user",
               "ann:word",
               "-x",
               "http://u:SECRET4@127.0.0.1:1",
               "--proxy=",
               "",
               "-H",
               "Authorization: SECRET5",
               "-HCookie: SECRET6",
               "-H",
               "X-Note: ann:word",
               "--cookie",
               "a=SECRET7",
               "-b",
               "b=SECRET8",
               "-o",
               "-",
               "-D",
               folder.file("-u"),
               "-A",
               "-b",
               "--",
               "u:SECRET9@" + peer.address() + "/ann:word"});
  ASSERT_TRUE(wait_until([&] { return peer.received().ends_with("\r\n\r\n"); }));
  const std::string title = read_file("/proc/" + std::to_string(child.pid()) + "/cmdline");
  EXPECT_EQ(title.find("SECRET"), std::string::npos) << title;
  // What only looks like one of them stays.
  for (const std::string& word :
       {"X-Note: ann:word"s, peer.address() + "/ann:word"s, folder.file("-u"), "-A\0-b\0--"s}) {
    EXPECT_NE(title.find(word), std::string::npos) << word;
  }
}

TEST(HttpgetProgram, SignalsEndItAndItsTemporaryFiles) {
  for (const int number : {SIGINT, SIGTERM}) {
    const TempFolder folder;
    ScriptedPeer peer({expect_until("\r\n\r\n"),
                       send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"), stall()});
    Child child({our_program("httpget"), "-o", folder.file("out"), peer.address(), "/"});
    const auto listing = [&] { return run({"ls", "-A", folder.path()}).out; };
    ASSERT_TRUE(wait_until([&] { return listing().starts_with(".out."); }));
    child.signal(number);
    EXPECT_EQ(child.wait().signal, number);
    EXPECT_EQ(listing(), "");
    EXPECT_FALSE(exists(folder.file("out")));
  }
}

TEST(HttpgetProgram, ATerminalSeesProgressWhereTheBodyGoesToAFile) {
  const TempFolder folder;
  ScriptedPeer peer = greeter();
  ProcessOptions terminal;
  terminal.terminal = true;
  const std::vector<std::string> words = {"-o", folder.file("out"), peer.address(), "/"};
  const auto shown = [&](const std::string& option) {
    std::vector<std::string> all = words;
    if (!option.empty()) all.insert(all.begin(), option);
    return httpget(all, terminal).out.find("100 %") != std::string::npos;
  };
  EXPECT_TRUE(shown(""));
  EXPECT_FALSE(shown("--no-progress"));
  EXPECT_FALSE(shown("-s"));
  EXPECT_EQ(httpget(words).err, "");
  EXPECT_NE(httpget({"--progress-bar", peer.address(), "/"}).err.find("100 %"), std::string::npos);
  EXPECT_EQ(httpget({peer.address(), "/"}, terminal).out, "hi");
}

TEST(HttpgetProgram, ATerminalSeesNoControlCharacters) {
  ScriptedPeer peer(
      {expect_until("\r\n\r\n"),
       send("HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\na\x1b[31mb\x07\tc\r\n\xc2\x9b!\n")});
  ProcessOptions terminal;
  terminal.terminal = true;
  const auto result = httpget({peer.address(), "/"}, terminal);
  EXPECT_EQ(result.status, 0) << result.describe();
  EXPECT_EQ(result.out.find('\x1b'), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("a\\x1b[31mb\\x07\tc\r\n"), std::string::npos) << result.out;
}

}  // namespace
}  // namespace proto
