#include "proto/selector.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>

#include "proto/error.h"

namespace proto {
namespace {

using namespace std::chrono_literals;

TEST(Select, GivesWhatIsReadyOfEachList) {
  auto [a, b] = Socket::pair();
  auto [c, d] = Socket::pair();
  b.send_all("x");
  const auto [read, write, except] = select({a, c}, {a, d}, {a, c});
  EXPECT_EQ(read, std::vector<Descriptor>{a});
  EXPECT_EQ(write, (std::vector<Descriptor>{a, d}));
  EXPECT_TRUE(except.empty());
}

TEST(Select, EndOfStreamIsReadableAndABrokenSocketBoth) {
  auto [a, b] = Socket::pair();
  b.close();
  const auto [read, write, except] = select({a}, {a}, {});
  EXPECT_EQ(read.size(), 1U);
  EXPECT_EQ(write.size(), 1U);
}

TEST(Select, ReturnsEmptyListsAfterItsTimeout) {
  auto [a, b] = Socket::pair();
  const auto selected = select({a}, {}, {a}, 1ms);
  EXPECT_TRUE(selected.read.empty() && selected.write.empty() && selected.except.empty());
  EXPECT_TRUE(select({}, {}, {}, 0s).read.empty());
}

TEST(Select, UrgentDataIsExceptional) {
  Socket listener(Family::ipv4);
  listener.bind(Address::loopback(Family::ipv4, 0));
  listener.listen();
  Socket client(Family::ipv4);
  client.connect(listener.getsockname());
  const Socket server = listener.accept().socket;
  client.send("!", MessageFlags::oob);
  const auto selected = select({}, {}, {server});
  EXPECT_EQ(selected.except, std::vector<Descriptor>{server});
}

TEST(Select, RefusesWhatIsNotOpen) {
  Socket closed(Family::ipv4);
  closed.close();
  EXPECT_THROW(select({closed}, {}, {}, 1s), NetworkError);
  auto [a, b] = Socket::pair();
  const int number = a.fileno();
  a.close();
  EXPECT_THROW(select({number}, {}, {}, 1s), NetworkError);
}

// A socket whose descriptor is far above FD_SETSIZE.
TEST(Select, KnowsNoLimitOf1024) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  ASSERT_GE(limit.rlim_max, 1200U);
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, 1200);
  setrlimit(RLIMIT_NOFILE, &limit);
  auto [a, b] = Socket::pair();
  const Socket high = Socket::fromfd(fcntl(a.fileno(), F_DUPFD_CLOEXEC, 1100));
  b.send_all("x");
  EXPECT_EQ(select({high}, {}, {}).read, std::vector<Descriptor>{high});
}

TEST(Selector, CallsTheHandlerOfWhatIsReady) {
  Selector selector;
  auto [a, b] = Socket::pair();
  std::string got;
  selector.add(a, {.read = true}, [&, &peer = a](Readiness ready) {
    EXPECT_TRUE(ready.read && !ready.write);
    got += peer.recv(1);
  });
  EXPECT_FALSE(selector.run_once(0ms));
  b.send_all("xy");
  EXPECT_TRUE(selector.run_once());
  EXPECT_TRUE(selector.run_once());
  EXPECT_EQ(got, "xy");
  selector.modify(a, {.write = true});
  EXPECT_THROW(selector.add(a, {}, {}), std::logic_error);
  selector.remove(a);
  selector.remove(a);
  EXPECT_THROW(selector.modify(a, {}), std::logic_error);
}

TEST(Selector, AHangUpThatNobodyIsInterestedInDoesNotSpin) {
  Selector selector;
  auto [a, b] = Socket::pair();
  int calls = 0;
  selector.add(a, {}, [&](Readiness) { ++calls; });
  b.close();
  EXPECT_FALSE(selector.run_once(0ms));
  selector.modify(a, {.read = true});
  EXPECT_TRUE(selector.run_once(0ms));
  selector.modify(a, {});
  EXPECT_FALSE(selector.run_once(0ms));
  EXPECT_EQ(calls, 1);
}

TEST(Selector, AHandlerMayRemoveItselfAndOthersThatAreReady) {
  Selector selector;
  auto [a, b] = Socket::pair();
  int calls = 0;
  const auto once = [&, pa = &a, pb = &b](Readiness) {
    ++calls;
    selector.remove(*pa);
    selector.remove(*pb);
  };
  selector.add(a, {.write = true}, once);
  selector.add(b, {.write = true}, once);
  EXPECT_TRUE(selector.run_once(0ms));
  EXPECT_FALSE(selector.run_once(0ms));
  EXPECT_EQ(calls, 1);
}

TEST(Selector, ADescriptorUsedAgainIsNotTakenForItsFormerOwner) {
  Selector selector;
  auto [a, b] = Socket::pair();
  auto [c, d] = Socket::pair();
  int wrong = 0;
  Socket again;
  // Whichever is called first closes the other, and opens a socket under the same number.
  const auto replace = [&](Socket& other) {
    const int number = other.fileno();
    selector.remove(other);
    other.close();
    again = Socket(Family::ipv4, SocketType::datagram);
    ASSERT_EQ(again.fileno(), number);
    selector.add(again, {.read = true}, [&](Readiness) { ++wrong; });
  };
  selector.add(a, {.write = true}, [&, other = &c](Readiness) { replace(*other); });
  selector.add(c, {.write = true}, [&, other = &a](Readiness) { replace(*other); });
  EXPECT_TRUE(selector.run_once(0ms));
  EXPECT_EQ(wrong, 0);
}

TEST(Selector, TimersComeInTheirOrderAndNotWhenCancelled) {
  Selector selector;
  std::string order;
  selector.after(2ms, [&] { order += 'b'; });
  selector.after(1ms, [&] {
    order += 'a';
    selector.after(0ms, [&] {
      order += 'n';
      selector.after(20ms, [&] { selector.stop(); });
    });
  });
  const auto never = selector.after(1ms, [&] { order += 'x'; });
  selector.cancel(never);
  selector.cancel(never);
  selector.run();
  EXPECT_TRUE(order == "anb" || order == "abn") << order;
}

TEST(Selector, IsWokenAndStoppedFromOtherThreads) {
  Selector selector;
  int posted = 0;
  std::jthread other([&] {
    for (int i = 0; i < 1000; ++i) selector.post([&] { ++posted; });
    selector.post([&] { selector.stop(); });
  });
  selector.run();
  EXPECT_EQ(posted, 1000);
  selector.stop();
  selector.run();  // returns: the stop came before
}

TEST(Selector, TakesSignalsAndGivesThemBack) {
  sigset_t before, within, after;
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  int signals = 0;
  {
    Selector selector;
    selector.on_signal(SIGUSR1, [&] { ++signals; });
    selector.on_signal(SIGUSR2, [&] { selector.stop(); });
    pthread_sigmask(SIG_BLOCK, nullptr, &within);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR2);
    selector.run();
  }
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  EXPECT_EQ(signals, 1);
  EXPECT_EQ(sigismember(&within, SIGUSR1), 1);
  EXPECT_EQ(sigismember(&after, SIGUSR1), sigismember(&before, SIGUSR1));
}

TEST(Selector, AFileIsAlwaysReady) {
  const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  Selector selector;
  int calls = 0;
  selector.add(file, {.read = true}, [&](Readiness) {
    if (++calls == 3) selector.remove(file);
  });
  while (selector.run_once(0ms)) continue;
  EXPECT_EQ(calls, 3);
  close(file);
}

TEST(Selector, GoesOnAfterAHandlerThrew) {
  Selector selector;
  selector.after(0ms, [] { throw std::runtime_error("thrown"); });
  EXPECT_THROW(selector.run(), std::runtime_error);
  selector.after(0ms, [&] { selector.stop(); });
  selector.run();
}

}  // namespace
}  // namespace proto
