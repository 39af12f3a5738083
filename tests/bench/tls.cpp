// What TLS over a Transport costs against plain SSL_read() and SSL_write() on a socket, in one run:
// bulk in both directions, and small exchanges. Rounds are interleaved, each the other way round
// than the one before; figures are medians, ratios are of the pairs.
//
// Client and server share one core. On two, how much one recv() brings depends on who happens to
// be ahead, and with it the client's CPU: the same program then costs half or twice as much.
#include <openssl/ssl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/socket_transport.h"
#include "proto/address.h"
#include "proto/tls.h"
#include "support/tls_authority.h"

namespace {

using namespace proto;
using namespace std::chrono_literals;

constexpr std::size_t kBulkBytes = 64 << 20;
constexpr std::size_t kBlock = 64 * 1024;
constexpr int kExchanges = 5000;
constexpr std::size_t kRequest = 120, kReply = 600;
constexpr int kRounds = 21;

enum class Work : char { download = 'd', upload = 'u', exchange = 'x' };

struct Cost {
  double cpu = 0, wall = 0;
  std::size_t calls = 0;  // of recv() and send()
};

// Of this process, in the kernel too; finer than getrusage(), which may count ticks.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void stay_on_one_core() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(sched_getcpu()), &set);
  sched_setaffinity(0, sizeof set, &set);
}

void read_exactly(SSL* ssl, char* into, std::size_t size) {
  std::size_t got = 0;
  while (size > 0 && SSL_read_ex(ssl, into, size, &got) == 1) into += got, size -= got;
}

// One connection: what the work is, then the work.
void serve(SSL_CTX* context, int fd) {
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  std::vector<char> block(kBlock);
  char work = 0;
  if (SSL_accept(ssl) == 1) read_exactly(ssl, &work, 1);
  std::size_t n = 0;
  if (work == static_cast<char>(Work::download)) {
    for (std::size_t sent = 0; sent < kBulkBytes; sent += n) {
      if (SSL_write_ex(ssl, block.data(), block.size(), &n) != 1) break;
    }
  } else if (work == static_cast<char>(Work::upload)) {
    for (std::size_t got = 0; got < kBulkBytes; got += n) {
      if (SSL_read_ex(ssl, block.data(), block.size(), &n) != 1) break;
    }
    SSL_write_ex(ssl, block.data(), 1, &n);
  } else {
    for (int i = 0; i < kExchanges; ++i) {
      read_exactly(ssl, block.data(), kRequest);
      SSL_write_ex(ssl, block.data(), kReply, &n);
    }
  }
  read_exactly(ssl, &work, 1);  // the client's end
  SSL_free(ssl);
  close(fd);
}

// A server in a process of its own, so that our CPU is the client's.
class Server {
 public:
  Server() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    const Address any = Address::loopback(Family::ipv4, 0);
    if (bind(listener_, static_cast<const sockaddr*>(any.data()),
             static_cast<socklen_t>(any.size())) != 0 ||
        listen(listener_, 8) != 0)
      std::perror("bench: listen"), std::exit(1);
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size);
    address_ = Address::from_raw(&bound, size);
    identity_ = std::make_unique<test::Identity>(test::test_server());
    child_ = fork();
    if (child_ == 0) run();
  }
  ~Server() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    close(listener_);
  }
  int connect() const {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(fd, static_cast<const sockaddr*>(address_.data()),
                  static_cast<socklen_t>(address_.size())) != 0)
      std::perror("bench: connect"), std::exit(1);
    return fd;
  }

 private:
  [[noreturn]] void run() const {
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_chain_file(context, identity_->certificate_file().c_str());
    SSL_CTX_use_PrivateKey_file(context, identity_->key_file().c_str(), SSL_FILETYPE_PEM);
    for (;;) serve(context, accept(listener_, nullptr, nullptr));
  }

  int listener_;
  Address address_;
  std::unique_ptr<test::Identity> identity_;
  pid_t child_ = -1;
};

// What a client does, whatever it is made of.
struct Client {
  std::function<std::size_t(char*, std::size_t)> read;
  std::function<std::size_t(const char*, std::size_t)> write;
  std::function<std::size_t()> calls;
};

Cost measure(Work work, const Client& client) {
  std::vector<char> block(kBlock);
  block[0] = static_cast<char>(work);
  client.write(block.data(), 1);
  const std::size_t calls = client.calls();
  const double cpu = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  if (work == Work::download) {
    for (std::size_t got = 0; got < kBulkBytes;) got += client.read(block.data(), block.size());
  } else if (work == Work::upload) {
    for (std::size_t sent = 0; sent < kBulkBytes;) sent += client.write(block.data(), block.size());
    client.read(block.data(), 1);
  } else {
    for (int i = 0; i < kExchanges; ++i) {
      client.write(block.data(), kRequest);
      for (std::size_t got = 0; got < kReply;) got += client.read(block.data(), block.size());
    }
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  return {cpu_seconds() - cpu, wall.count(), client.calls() - calls};
}

// Counts reads and writes of the socket BIO.
long count_calls(BIO* bio, int operation, const char*, std::size_t, int, long, int result,
                 std::size_t*) {
  if (operation == BIO_CB_READ || operation == BIO_CB_WRITE)
    ++*reinterpret_cast<std::size_t*>(BIO_get_callback_arg(bio));
  return result;
}

Cost raw(Work work, SSL_CTX* context, int fd) {
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  std::size_t calls = 0;
  BIO_set_callback_ex(SSL_get_rbio(ssl), count_calls);
  BIO_set_callback_arg(SSL_get_rbio(ssl), reinterpret_cast<char*>(&calls));
  if (SSL_connect(ssl) != 1) std::fprintf(stderr, "bench: handshake\n"), std::exit(1);
  std::size_t n = 0;
  const auto moved = [&n](int result) {
    if (result != 1) std::fprintf(stderr, "bench: connection lost\n"), std::exit(1);
    return n;
  };
  const Cost cost = measure(
      work,
      {.read = [&](char* p, std::size_t size) { return moved(SSL_read_ex(ssl, p, size, &n)); },
       .write = [&](const char* p,
                    std::size_t size) { return moved(SSL_write_ex(ssl, p, size, &n)); },
       .calls = [&] { return calls; }});
  SSL_free(ssl);
  close(fd);
  return cost;
}

class Counting final : public Transport {
 public:
  Counting(int fd, std::size_t& calls) : lower_(fd, "bench", Canceller()), calls_(calls) {}
  std::size_t read_some(std::span<char> into, Patience patience) override {
    ++calls_;
    return lower_.read_some(into, patience);
  }
  std::size_t write_some(std::span<const std::string_view> parts, Patience patience) override {
    ++calls_;
    return lower_.write_some(parts, patience);
  }
  Ready wait(Ready wanted, Deadline deadline) override { return lower_.wait(wanted, deadline); }
  void shutdown_write() noexcept override { lower_.shutdown_write(); }
  void close() noexcept override { lower_.close(); }
  const std::string& peer() const noexcept override { return lower_.peer(); }

 private:
  SocketTransport lower_;
  std::size_t& calls_;
};

Cost ours(Work work, const std::shared_ptr<const TLSContext>& context, int fd) {
  std::size_t calls = 0;
  const auto tls = TLSTransport::connect(std::make_unique<Counting>(fd, calls), context,
                                         "localhost", 443, Deadline::after(60s));
  return measure(work, {.read =
                            [&](char* p, std::size_t size) {
                              return tls->read_some({p, size}, Deadline::after(60s));
                            },
                        .write =
                            [&](const char* p, std::size_t size) {
                              const std::string_view part(p, size);
                              return tls->write_some({&part, 1}, Deadline::after(60s));
                            },
                        .calls = [&] { return calls; }});
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(static_cast<double>(values.size() - 1) * share)];
}
double median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  stay_on_one_core();
  const Server server;
  TLSOptions options;
  options.ca_file = test::test_root().certificate_file();
  options.resume_sessions = false;
  const auto context = TLSContext::client(options);
  SSL_CTX* raw_context = SSL_CTX_new(TLS_client_method());
  std::printf("%-16s %9s %9s %15s %9s %9s %10s %10s\n", "TLS 1.3", "raw CPU s", "ours/raw",
              "half of them in", "raw s", "raw/ours", "raw calls", "our calls");
  struct Row {
    Work work;
    const char* name;
  };
  for (const Row row : {Row{Work::download, "64 MiB down"}, Row{Work::upload, "64 MiB up"},
                        Row{Work::exchange, "5,000 exchanges"}}) {
    std::vector<double> cpu, ratio, wall, rate;
    Cost r, o;
    for (int round = 0; round < kRounds; ++round) {
      if (round % 2 == 0) r = raw(row.work, raw_context, server.connect());
      o = ours(row.work, context, server.connect());
      if (round % 2 != 0) r = raw(row.work, raw_context, server.connect());
      cpu.push_back(r.cpu);
      ratio.push_back(o.cpu / r.cpu);
      wall.push_back(r.wall);
      rate.push_back(r.wall / o.wall);
    }
    std::printf("%-16s %9.4f %9.3f %7.3f %7.3f %9.3f %9.3f %10zu %10zu\n", row.name, median(cpu),
                median(ratio), quantile(ratio, 0.25), quantile(ratio, 0.75), median(wall),
                median(rate), r.calls, o.calls);
  }
  std::printf("%-16s %9s %9s\n", "the bar, down", "", "<= 1.03");
  std::printf("%-16s %9s %9s %15s %9s %9s\n", "the bar, small", "", "", "", "", ">= 0.95");
  SSL_CTX_free(raw_context);
  return 0;
}
