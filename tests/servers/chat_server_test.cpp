#include "reference/chatserver/chat_server.h"

#include <signal.h>
#include <unistd.h>

#include "servers/chat_room.h"

namespace proto {
namespace {

using namespace std::chrono_literals;
using test::ChatClient;
using test::ChatRoom;

// The tutorial's conversation (Listings 22 to 24).
TEST(ChatServer, TheTutorialsTranscripts) {
  ChatRoom room;
  ChatClient first(room);
  ChatClient second(room);
  EXPECT_EQ(first.hear(), "Client joined " + second.name());
  second.say("Hello, is anyone there?\r\n");
  EXPECT_EQ(first.hear(), "[" + second.name() + "] Hello, is anyone there?");
  first.say("Yes, I'm here.\r\n");
  EXPECT_EQ(second.hear(), "[" + first.name() + "] Yes, I'm here.");
  first.leave();
  EXPECT_EQ(second.hear(), "Client left " + first.name());
  room.stop();
  EXPECT_EQ(second.hear_out(), "");
  EXPECT_EQ(room.transcript(), "ChatServer started on port " +
                                   std::to_string(room.address().port()) + "\nClient joined " +
                                   first.name() + "\nClient joined " + second.name() + "\n[" +
                                   second.name() + "] Hello, is anyone there?\n[" + first.name() +
                                   "] Yes, I'm here.\nClient left " + first.name() + "\n");
  EXPECT_TRUE(room.server().transcript_is_good());
}

TEST(ChatServer, NobodyHearsHimself) {
  const ChatRoom room;
  ChatClient first(room), second(room);
  EXPECT_EQ(first.hear(), "Client joined " + second.name());
  first.say("mine 1\nmine 2\n");
  EXPECT_EQ(second.hear(), "[" + first.name() + "] mine 1");
  EXPECT_EQ(second.hear(), "[" + first.name() + "] mine 2");
  second.say("yours\n");
  EXPECT_EQ(first.hear(), "[" + second.name() + "] yours");
}

TEST(ChatServer, LinesArriveWholeHoweverTheyAreSent) {
  const ChatRoom room;
  ChatClient speaker(room), other(room), listener(room);
  EXPECT_EQ(other.hear(), "Client joined " + listener.name());
  for (const char c : std::string_view("in pieces")) {
    speaker.say(std::string_view(&c, 1));
    other.say("between\r\n");
    EXPECT_EQ(listener.hear(), "[" + other.name() + "] between");
  }
  speaker.say("\r\nnext\nhalf");
  EXPECT_EQ(listener.hear(), "[" + speaker.name() + "] in pieces");
  EXPECT_EQ(listener.hear(), "[" + speaker.name() + "] next");
  speaker.leave();
  EXPECT_EQ(listener.hear(), "Client left " + speaker.name());  // and the half is not heard
}

TEST(ChatServer, WhoEndsItsSideStillHearsWhatWasSaidBefore) {
  const ChatRoom room;
  ChatClient listener(room);
  ChatClient brief(room);
  brief.say("hello and good-bye\n");
  brief.end_talking();
  EXPECT_EQ(brief.hear_out(), "");
  EXPECT_EQ(listener.hear(), "Client joined " + brief.name());
  EXPECT_EQ(listener.hear(), "[" + brief.name() + "] hello and good-bye");
  EXPECT_EQ(listener.hear(), "Client left " + brief.name());
}

TEST(ChatServer, ManyLinesOfManyArriveInEachSpeakersOrderAndNoneIsLost) {
  const ChatRoom room;
  constexpr int kClients = 40, kLines = 200;
  std::vector<std::unique_ptr<ChatClient>> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(std::make_unique<ChatClient>(room));
  std::vector<std::jthread> threads;
  for (auto& client : clients) {
    threads.emplace_back([&c = *client] {
      std::jthread speaker([&c] {
        for (int i = 0; i < kLines; ++i) c.say(std::to_string(i) + "\n");
      });
      std::map<std::string, int> next;
      for (int i = 0; i < (kClients - 1) * kLines; ++i) {
        const std::string line = c.hear_talk();
        const std::string name = line.substr(0, line.find("] "));
        ASSERT_EQ(line, name + "] " + std::to_string(next[name]++));
      }
      EXPECT_EQ(next.size(), kClients - 1U);
    });
  }
}

TEST(ChatServer, MoreThanItsShareIsSaidInLaterTurns) {
  const ChatRoom room;
  ChatClient listener(room), speaker(room);
  std::string much;
  for (int i = 0; i < 20000; ++i) much += "\n";
  std::jthread other([&] { speaker.say(much + "end\n"); });
  EXPECT_EQ(listener.hear(), "Client joined " + speaker.name());
  for (int i = 0; i < 20000; ++i) ASSERT_EQ(listener.hear(), "[" + speaker.name() + "] ");
  EXPECT_EQ(listener.hear(), "[" + speaker.name() + "] end");
}

TEST(ChatServer, OneTooManyIsToldSo) {
  ChatOptions options;
  options.max_clients = 2;
  const ChatRoom room(options);
  ChatClient first(room), second(room);
  Socket third = test::connected_to(room.address());
  EXPECT_EQ(test::receive_all(third), "The chatserver is full\r\n");
  second.leave();
  EXPECT_EQ(first.hear(), "Client joined " + second.name());
  EXPECT_EQ(first.hear(), "Client left " + second.name());
  const ChatClient fourth(room);
  EXPECT_EQ(first.hear(), "Client joined " + fourth.name());
}

TEST(ChatServer, OnIpv6AndUnixSockets) {
  ChatOptions options;
  options.address = Address::loopback(Family::ipv6, 0);
  const ChatRoom room(options);
  ChatClient first(room), second(room);
  EXPECT_EQ(first.hear(), "Client joined " + second.name());
  EXPECT_TRUE(second.name().starts_with("[::1]:"));
}

TEST(ChatServer, ATranscriptNobodyReadsStopsNobody) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ChatOptions options;
  options.address = Address("127.0.0.1", 0);
  options.transcript = ends[1];
  ChatServer server(options);
  std::thread thread([&] { server.run(); });
  ChatClient speaker(server.address()), listener(server.address());
  EXPECT_EQ(speaker.hear(), "Client joined " + listener.name());
  const std::string line(1000, 'x');
  for (int i = 0; i < 2000; ++i) {  // 2 MB: more than pipe and transcript hold
    speaker.say(line + "\n");
    ASSERT_EQ(listener.hear(), "[" + speaker.name() + "] " + line);
  }
  std::string transcript;
  std::jthread reader([&] {
    char piece[65536];
    for (ssize_t n; (n = read(ends[0], piece, sizeof piece)) > 0;)
      transcript.append(piece, static_cast<std::size_t>(n));
  });
  server.stop();
  thread.join();
  close(ends[1]);
  reader.join();
  EXPECT_TRUE(transcript.starts_with("ChatServer started on port "));
  EXPECT_LT(transcript.size(), 1200 * 1024U);
  EXPECT_NE(transcript.find("lines are left out here)\n"), std::string::npos);
  close(ends[0]);
}

TEST(ChatServer, ASignalEndsItAndItsSecondIsTheProcesss) {
  ChatOptions options;
  options.address = Address("127.0.0.1", 0);
  options.transcript = -1;
  ChatServer server(options);
  server.stop_on({SIGUSR2});
  kill(getpid(), SIGUSR2);
  server.run();
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGUSR2), 0);
}

TEST(Output, SendsWhatOthersSaidAndNotItsOwn) {
  auto [a, b] = Socket::pair();
  Output output;
  output.add(std::make_shared<const std::string>("greeting "));
  output.exclude(0, 2);
  output.exclude(2, 4);
  output.exclude(6, 8);
  output.add_turn(std::make_shared<const std::string>("aabbccddee"));
  EXPECT_EQ(output.pending(), 9 + 4U);
  EXPECT_TRUE(output.send(a));
  EXPECT_EQ(b.recv(100), "greeting ccee");
  EXPECT_EQ(output.pending(), 0U);
}

TEST(Output, KeepsWhatTheSocketDoesNotTake) {
  auto [a, b] = Socket::pair();
  Output output;
  std::string wanted;
  for (int i = 0; i < 3000; ++i) {
    const auto text =
        std::make_shared<const std::string>(std::to_string(i) + std::string(500, '.'));
    output.add(text);
    wanted += *text;
  }
  EXPECT_FALSE(output.send(a));
  EXPECT_FALSE(output.send(a));
  std::string got;
  while (got.size() < wanted.size()) {
    got += b.recv(7000);
    output.send(a);
  }
  EXPECT_TRUE(got == wanted);
}

TEST(Team, DoesAllTheWorkOnceHoweverMany) {
  for (const std::size_t helpers : {0, 1, 3}) {
    Team team(helpers);
    for (const std::size_t count : {0, 1, 31, 32, 33, 1000}) {
      for (int round = 0; round < 20; ++round) {
        std::vector<int> done(count);
        team.for_each(count, [&](std::size_t i) { ++done[i]; });
        EXPECT_EQ(std::count(done.begin(), done.end(), 1), static_cast<std::ptrdiff_t>(count));
      }
    }
  }
}

}  // namespace
}  // namespace proto
