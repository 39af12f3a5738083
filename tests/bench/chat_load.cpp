// Load for a chat server: connects many clients, lets some of them talk, and measures how soon the
// others hear it. Says which client lost a line, and then exits 1.
//
//   bench_chat_load PORT CLIENTS SENDERS IN_FLIGHT SECONDS [PID]     a steady talk
//   bench_chat_load PORT CLIENTS broadcast COUNT [PID]               one line at a time, to all
//
// A line of 64 bytes is in flight until every client that does not talk itself has it. PID is the
// server's, for its processor time.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLineBytes = 64;
constexpr std::size_t kRing = 1 << 16;  // more lines than can be in flight
constexpr int kFewEvents = 32;
constexpr auto kNap = std::chrono::microseconds(200);
constexpr int kSampled = 8;  // every so manieth listener's lines are timed one by one

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "chat_load: %s\n", what.c_str());
  std::exit(1);
}

double milliseconds_since(Clock::time_point when) {
  return std::chrono::duration<double, std::milli>(Clock::now() - when).count();
}

// Seconds that the process has had of the processors.
double processor_seconds(int pid) {
  if (pid <= 0) return 0;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string all((std::istreambuf_iterator<char>(file)), {});
  all.erase(0, all.rfind(')') + 2);
  long user = 0, system = 0;
  if (std::sscanf(all.c_str(), "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user,
                  &system) != 2)
    return 0;
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double own_processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

struct Client {
  int fd = -1;
  std::uint64_t lines = 0;    // heard, since the talk began
  std::uint64_t own = 0;      // said
  std::uint64_t notices = 0;  // before the talk began
  bool sampled = false;
  std::string partial;
};

class Load {
 public:
  Load(int port, std::size_t clients, std::size_t senders) : senders_(senders), clients_(clients) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    connect_all(port);
    if (std::any_of(clients_.begin(), clients_.end(),
                    [&](const Client& c) { return c.notices < expected_notices(c); }))
      fail("not every client heard of all who joined");
    talking_ = true;
    listeners_at_[0] = clients_.size() - senders_;
    latencies_.reserve(10'000'000);
  }

  void talk(std::size_t in_flight, double seconds) {
    const double used = own_processor_seconds();
    const auto start = Clock::now();
    while (milliseconds_since(start) < seconds * 1000) {
      while (sent_ - complete_ < in_flight) say();
      if (poll(5000) == 0) fail("nobody hears anything any more");
    }
    elapsed_ = milliseconds_since(start) / 1000;
    settle();
    own_processor_ = own_processor_seconds() - used;
  }

  void broadcast(std::size_t count) {
    const double used = own_processor_seconds();
    const auto start = Clock::now();
    for (std::size_t i = 0; i < count; ++i) {
      say();
      while (complete_ < sent_) {
        if (poll(5000) == 0) fail("nobody hears anything any more");
      }
    }
    elapsed_ = milliseconds_since(start) / 1000;
    settle();
    own_processor_ = own_processor_seconds() - used;
  }

  void print(double processor) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double q) {
      return latencies_[static_cast<std::size_t>(q * static_cast<double>(latencies_.size() - 1))];
    };
    std::printf("%6zu clients  %10.0f deliveries/s  p50 %7.2f ms  p99 %7.2f ms  max %7.2f ms",
                clients_.size(), static_cast<double>(heard_) / elapsed_, at(0.5), at(0.99), at(1));
    if (processor > 0)
      std::printf("  server %.3f us a delivery, load %.3f",
                  processor * 1e6 / static_cast<double>(heard_),
                  own_processor_ * 1e6 / static_cast<double>(heard_));
    std::printf("\n");
  }

 private:
  // The n-th client hears of each that joins after it, and its greeting.
  std::uint64_t expected_notices(const Client& c) const {
    return clients_.size() - static_cast<std::size_t>(&c - clients_.data());
  }

  void connect_all(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      Client& c = clients_[i];
      c.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const int on = 1;
      ::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (::connect(c.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        fail("cannot connect client " + std::to_string(i) + ": " + std::strerror(errno));
      // An acknowledgement for each message would be a third of this program's time, on the
      // server's processor too: they are delayed, as for anybody who also writes.
      const int off = 0;
      ::setsockopt(c.fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
      c.sampled = i >= senders_ && i % kSampled == 0;
      epoll_event event{};
      event.events = EPOLLIN | EPOLLET;  // hear() takes all that is there
      event.data.u64 = i;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
      if (i % 64 == 63) poll(0);
    }
    while (joined_ < clients_.size()) {
      if (poll(10000) == 0) break;
    }
  }

  void say() {
    Client& c = clients_[sent_ % senders_];
    std::array<char, kLineBytes> line;
    line.fill('x');
    std::snprintf(line.data(), line.size(), "#%012llu", static_cast<unsigned long long>(sent_));
    line[13] = ' ';
    line.back() = '\n';
    said_at_[sent_ % kRing] = Clock::now();
    if (::send(c.fd, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
      fail("cannot send");
    ++c.own;
    ++sent_;
  }

  int poll(int timeout) {
    std::array<epoll_event, 512> events;
    const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < n; ++i) hear(clients_[events[static_cast<std::size_t>(i)].data.u64]);
    // Faster than the server, it would be woken for every message, at the server's cost.
    if (talking_ && n > 0 && n < kFewEvents) std::this_thread::sleep_for(kNap);
    return n;
  }

  void hear(Client& c) {
    static std::array<char, 256 * 1024> buffer;
    for (;;) {
      const ssize_t n = ::recv(c.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n <= 0) {
        if (n < 0 && errno == EAGAIN) return;
        fail("client " + std::to_string(&c - clients_.data()) + " was cut off");
      }
      heard(c, std::string_view(buffer.data(), static_cast<std::size_t>(n)));
      if (static_cast<std::size_t>(n) < buffer.size()) return;  // that was all of it
    }
  }

  static std::uint64_t lines_in(std::string_view data) {
    std::uint64_t lines = 0;
    for (std::size_t at = 0; (at = data.find('\n', at)) != std::string_view::npos; ++at) ++lines;
    return lines;
  }

  void heard(Client& c, std::string_view data) {
    const std::uint64_t lines = lines_in(data);
    if (!talking_) {
      const std::uint64_t all = expected_notices(c);
      const bool before = c.notices >= all;
      c.notices += lines;
      if (!before && c.notices >= all) ++joined_;
      return;
    }
    heard_ += lines;
    if (c.sampled) time(c, data);
    if (static_cast<std::size_t>(&c - clients_.data()) >= senders_) {
      --listeners_at_[c.lines % kRing];
      ++listeners_at_[(c.lines + lines) % kRing];
    }
    c.lines += lines;
    // A line that no listener stands before has reached them all.
    while (complete_ < sent_ && listeners_at_[complete_ % kRing] == 0) ++complete_;
  }

  void time(Client& c, std::string_view data) {
    const auto now = Clock::now();
    c.partial += data;
    std::size_t begin = 0;
    for (std::size_t end; (end = c.partial.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      const std::size_t number = c.partial.find('#', begin);
      if (number >= end) continue;
      const auto line = std::strtoull(c.partial.c_str() + number + 1, nullptr, 10);
      latencies_.push_back(
          std::chrono::duration<double, std::milli>(now - said_at_[line % kRing]).count());
    }
    c.partial.erase(0, begin);
  }

  // Everybody hears everything, or lost it.
  void settle() {
    const auto missing = [&](const Client& c) { return c.lines != sent_ - c.own; };
    const auto start = Clock::now();
    while (milliseconds_since(start) < 10000 &&
           std::any_of(clients_.begin(), clients_.end(), missing))
      poll(100);
    const auto lost = std::count_if(clients_.begin(), clients_.end(), missing);
    if (lost > 0) fail(std::to_string(lost) + " clients lost lines");
  }

  std::size_t senders_;
  std::vector<Client> clients_;
  int epoll_;
  bool talking_ = false;
  std::size_t joined_ = 0;
  std::uint64_t sent_ = 0, complete_ = 0, heard_ = 0;
  double elapsed_ = 0;
  double own_processor_ = 0;
  std::vector<Clock::time_point> said_at_ = std::vector<Clock::time_point>(kRing);
  // How many listeners have heard so many lines.
  std::vector<std::size_t> listeners_at_ = std::vector<std::size_t>(kRing);
  std::vector<double> latencies_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5)
    fail(
        "usage: PORT CLIENTS SENDERS IN_FLIGHT SECONDS [PID], or PORT CLIENTS broadcast COUNT "
        "[PID]");
  const bool broadcast = std::string_view(argv[3]) == "broadcast";
  if (!broadcast && argc < 6) fail("for how many seconds?");
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);

  const auto clients = static_cast<std::size_t>(std::atoll(argv[2]));
  const auto start = Clock::now();
  Load load(std::atoi(argv[1]), clients,
            broadcast ? 1 : static_cast<std::size_t>(std::atoll(argv[3])));
  std::fprintf(stderr, "all joined after %.0f ms\n", milliseconds_since(start));
  const int pid = argc > (broadcast ? 5 : 6) ? std::atoi(argv[broadcast ? 5 : 6]) : 0;
  const double before = processor_seconds(pid);
  if (broadcast) {
    load.broadcast(static_cast<std::size_t>(std::atoll(argv[4])));
  } else {
    load.talk(static_cast<std::size_t>(std::atoll(argv[4])), std::atof(argv[5]));
  }
  load.print(processor_seconds(pid) - before);
  return 0;
}
