// What hostile clients do to the chat server.
#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <atomic>

#include "servers/chat_room.h"

namespace proto {
namespace {

using namespace std::chrono_literals;
using test::ChatClient;
using test::ChatRoom;
using test::connected_to;
using test::receive_all;

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* const folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

std::chrono::microseconds processor_time() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// Everything up to the end of the connection, which may be a reset.
std::string receive_out(Socket& socket) {
  std::string all;
  try {
    for (std::string piece; !(piece = socket.recv(65536)).empty();) all += piece;
  } catch (const TimeoutError&) {
    throw;
  } catch (const NetworkError&) {
    // A reset.
  }
  return all;
}

TEST(HostileChat, Servers_1000SlowConnectionsAreClosedByTheirLineDeadline) {
  ChatOptions options;
  options.line_time = 300ms;
  const ChatRoom room(options);
  std::vector<Socket> slow;
  ChatClient speaker(room), listener(room);
  for (int i = 0; i < 1000; ++i) {
    slow.push_back(connected_to(room.address()));
    slow.back().send_all("a line that never en");
  }
  // Good clients are served all the while.
  for (int i = 0; i < 100; ++i) {
    speaker.say(std::to_string(i) + "\n");
    ASSERT_EQ(listener.hear_talk(), "[" + speaker.name() + "] " + std::to_string(i));
  }
  for (Socket& socket : slow) {
    EXPECT_EQ(receive_out(socket).find("never en"), std::string::npos);
  }
  speaker.say("still here\n");
  EXPECT_EQ(listener.hear_talk(), "[" + speaker.name() + "] still here");
}

TEST(HostileChat, Servers_DrippingBytesDoesNotExtendTheLineDeadline) {
  ChatOptions options;
  options.line_time = 50ms;
  const ChatRoom room(options);
  Socket slow = connected_to(room.address());
  EXPECT_THROW(
      {
        for (;;) {
          slow.send_all(".");
          static_cast<void>(select({slow}, {}, {}, 5ms));
        }
      },
      NetworkError);
}

TEST(HostileChat, Servers_AClientThatNeverReadsIsCutOffAndNobodyWaitsForIt) {
  ChatOptions options;
  options.max_output = 64 * 1024;
  const ChatRoom room(options);
  ChatClient speaker(room);
  Socket deaf(Family::ipv4);
  deaf.setsockopt(so::rcvbuf, 4096);
  deaf.connect(room.address());
  const std::string name = deaf.getsockname().to_string();
  EXPECT_EQ(speaker.hear(), "Client joined " + name);
  ChatClient listener(room);
  EXPECT_EQ(speaker.hear(), "Client joined " + listener.name());

  talk_past_the_deaf(speaker, listener, name);
}

TEST(HostileChat, Servers_OutOfDescriptorsAtAcceptDoesNotSpinAndRecovers) {
  const ChatRoom room;
  ChatClient speaker(room), listener(room);
  Socket waiting(Family::ipv4);
  waiting.settimeout(30s);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(waiting.fileno()) + 1;
  setrlimit(RLIMIT_NOFILE, &tight);

  waiting.connect(room.address());
  const auto used = processor_time();
  EXPECT_TRUE(select({waiting}, {}, {}, 500ms).read.empty());  // not greeted
  EXPECT_LT(processor_time() - used, 100ms);  // 5 % would be 25 ms; spinning is 500 ms
  speaker.say("those inside notice nothing\n");
  EXPECT_EQ(listener.hear_talk(), "[" + speaker.name() + "] those inside notice nothing");
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(waiting.recv(100).starts_with(test::kGreeting));
}

TEST(HostileChat, Servers_HalfOpenPeersAreTimedOut) {
  ChatOptions options;
  options.idle_time = 50ms;
  const ChatRoom room(options);
  Socket silent = connected_to(room.address());
  EXPECT_TRUE(receive_out(silent).starts_with(test::kGreeting));
}

TEST(HostileChat, Servers_ALineOf100MBIsClosedAt8KiBAndNobodySeesIt) {
  const ChatRoom room;
  ChatClient listener(room);
  Socket flood = connected_to(room.address());
  const std::string name = flood.getsockname().to_string();
  const std::string block(1024 * 1024, 'x');
  EXPECT_THROW(
      {
        for (int i = 0; i < 100; ++i) flood.send_all(block);
      },
      NetworkError);
  EXPECT_EQ(listener.hear(), "Client joined " + name);
  EXPECT_EQ(listener.hear(), "Client left " + name);
}

TEST(HostileChat, ALineAtTheLimitIsHeardAndOneByteMoreIsNot) {
  const ChatRoom room;
  ChatClient listener(room), exact(room), over(room);
  const std::string line(8 * 1024, 'y');
  exact.say(line + "\n");
  EXPECT_EQ(listener.hear_talk(), "[" + exact.name() + "] " + line);
  over.say(line + "z\n");
  EXPECT_EQ(listener.hear(), "Client left " + over.name());
}

TEST(HostileChat, Servers_AFloodLeavesTheOthersTheirShare) {
  const ChatRoom room;
  ChatClient first(room), second(room), flooder(room);
  std::atomic<bool> done = false;
  std::jthread flood([&] {
    const std::string lines = std::string(100, '!') + "\n";
    std::string block;
    for (int i = 0; i < 500; ++i) block += lines;
    try {
      while (!done) flooder.say(block);
    } catch (const NetworkError&) {
    }
  });
  std::jthread drain([&] { flooder.hear_out(); });  // hears what the others say
  const auto hear_from = [](ChatClient& listener, const ChatClient& speaker) {
    for (;;) {
      const std::string line = listener.hear();
      if (line.starts_with("[" + speaker.name())) return line;
    }
  };
  for (int i = 0; i < 50; ++i) {
    first.say("ping\n");
    EXPECT_EQ(hear_from(second, first), "[" + first.name() + "] ping");
    second.say("pong\n");
    EXPECT_EQ(hear_from(first, second), "[" + second.name() + "] pong");
  }
  done = true;
  flood.join();
  flooder.end_talking();
}

TEST(HostileChat, Servers_10000ConnectAndResetGiveTheirDescriptorsBack) {
  const ChatRoom room;
  ChatClient listener(room);
  const std::size_t before = open_descriptors();
  std::atomic<bool> done = false;
  std::jthread ears([&] {
    while (listener.hear() != "[" + room.address().to_string() + "] end" && !done) continue;
  });
  for (int i = 0; i < 10000; ++i) {
    Socket brief = connected_to(room.address());
    brief.setsockopt(so::linger, Linger(0s));
  }
  done = true;
  ChatClient last(room);
  last.say("the end\n");
  ears.join();
  last.leave();
  EXPECT_TRUE(test::wait_until([&] { return open_descriptors() <= before; }));
}

TEST(HostileChat, Servers_ControlCharactersAreShownEscapedAndNobodyForgesANameTag) {
  ChatRoom room;
  ChatClient listener(room), forger(room);
  EXPECT_EQ(listener.hear(), "Client joined " + forger.name());
  const std::string tag = "[" + forger.name() + "] ";
  forger.say("a\r[127.0.0.1:1] b\r\n");
  EXPECT_EQ(listener.hear(), tag + "a\\r[127.0.0.1:1] b");
  forger.say("\x1b[2K\x1b[1G[127.0.0.1:1] c\n");
  EXPECT_EQ(listener.hear(), tag + "\\x1b[2K\\x1b[1G[127.0.0.1:1] c");
  forger.say("\x9b\x31K\xc2\x9b\x31K\n");
  EXPECT_EQ(listener.hear().find_first_of("\x9b\xc2"), std::string::npos);
  forger.say(std::string("nul\0nul\n", 8));
  EXPECT_EQ(listener.hear(), tag + "nul\\x00nul");
  forger.say(
      "Gr\xc3\xbc\xc3\x9f"
      "e\n");
  EXPECT_EQ(listener.hear(), tag +
                                 "Gr\xc3\xbc\xc3\x9f"
                                 "e");
  room.stop();
  const std::string transcript = room.transcript();
  EXPECT_EQ(transcript.find_first_of("\x1b\r\x9b"), std::string::npos);
  EXPECT_NE(transcript.find(tag + "a\\r[127.0.0.1:1] b\n"), std::string::npos);
}

TEST(HostileChat, Servers_StopDeliversWhatWasSaidAndThenCloses) {
  ChatRoom room;
  ChatClient speaker(room), listener(room);
  EXPECT_EQ(speaker.hear(), "Client joined " + listener.name());
  std::string all;
  for (int i = 0; i < 1000; ++i) all += std::to_string(i) + "\n";
  speaker.say(all);
  EXPECT_EQ(listener.hear(), "[" + speaker.name() + "] 0");
  room.stop();
  // Whole lines, in order, without a gap.
  const std::string rest = listener.hear_out();
  std::string wanted;
  for (int i = 1; i < 1000; ++i) wanted += "[" + speaker.name() + "] " + std::to_string(i) + "\r\n";
  EXPECT_TRUE(wanted.starts_with(rest));
  EXPECT_TRUE(rest.ends_with("\r\n"));
  EXPECT_THROW(connected_to(room.address()), NetworkError);
}

TEST(HostileChat, Servers_StopWaitsForADeafClientNoLongerThanTheDrain) {
  ChatOptions options;
  options.drain = 20ms;
  options.max_output = 64 * 1024 * 1024;
  ChatRoom room(options);
  ChatClient speaker(room);
  Socket deaf(Family::ipv4);
  deaf.setsockopt(so::rcvbuf, 4096);
  deaf.connect(room.address());
  EXPECT_TRUE(speaker.hear().starts_with("Client joined"));
  const std::string line(8000, 'x');
  for (int i = 0; i < 1000; ++i) speaker.say(line + "\n");
  room.stop();
}

// Clients that come, talk, stall, reset and go in every order, and one pair that must not notice.
TEST(HostileChat, AStormOfClientsOfAllKinds) {
  ChatOptions options;
  options.max_output = 32 * 1024;
  options.threads = 4;
  const ChatRoom room(options);
  ChatClient speaker(room), listener(room);
  std::atomic<bool> done = false;
  std::vector<std::jthread> storm;
  for (unsigned kind = 0; kind < 4; ++kind) {
    storm.emplace_back([&, kind] {
      std::vector<Socket> some;
      for (unsigned i = 0; !done; ++i) {
        try {
          some.push_back(connected_to(room.address()));
          if (kind == 0) some.back().setsockopt(so::linger, Linger(0s));
          if (kind != 1) some.back().send_all("from the storm\nhalf a li");
          if (kind == 2) some.back().send_all(std::string(9000, 'x'));
        } catch (const NetworkError&) {
        }
        if (some.size() > 20) some.erase(some.begin(), some.begin() + 10);
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    const std::string text = "line " + std::to_string(i);
    speaker.say(text + "\n");
    for (;;) {
      const std::string heard = listener.hear_talk();
      if (!heard.starts_with("[" + speaker.name())) continue;
      ASSERT_EQ(heard, "[" + speaker.name() + "] " + text);
      break;
    }
    while (!select({speaker.fileno()}, {}, {}, 0ms).read.empty()) speaker.hear();
  }
  done = true;
}

}  // namespace
}  // namespace proto
