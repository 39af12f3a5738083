// POP3: subjects by TOP, against a raw socket with ready-made commands and against other clients.
//   bench_pop3 [MESSAGES [ROUNDS]]
// Client and server share one core. Rates are ratios to the raw limit of the same round, then the
// median of the rounds.
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#ifdef HAVE_CURL
#include <curl/curl.h>
#endif
#ifdef HAVE_POCO
#include <Poco/Net/MessageHeader.h>
#include <Poco/Net/POP3ClientSession.h>
#endif

#include "proto/header_text.h"
#include "proto/pop3.h"
#include "proto/socket.h"
#include "support/delaying_relay.h"

namespace {

using namespace proto;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kHeader =
    "+OK\r\n"
    "Return-Path: <list-bounces@example.org>\r\n"
    "Received: from mx.example.org (mx.example.org [192.0.2.25])\r\n"
    "\tby mail.example.com (Postfix) with ESMTPS id 4F2A71C0042\r\n"
    "\tfor <ann@example.com>; Tue,  2 Jan 2024 15:04:05 +0100 (CET)\r\n"
    "Date: Tue, 02 Jan 2024 15:04:05 +0100\r\n"
    "From: =?UTF-8?Q?J=C3=B6rg?= <joerg@example.org>\r\n"
    "To: ann@example.com\r\n"
    "Subject: =?UTF-8?B?R3LDvMOfZSBhdXMgS8O2bG4=?= and something more\r\n"
    "Message-ID: <20240102150405.4F2A71C0042@mx.example.org>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "\r\n"
    ".\r\n";
constexpr std::string_view kCapabilities = "+OK\r\nTOP\r\nUIDL\r\nUSER\r\nPIPELINING\r\n.\r\n";

// Ready-made replies, many in one send where many commands come in one.
void serve(Socket socket) {
  std::string in;
  std::string out = "+OK ready\r\n";
  for (;;) {
    if (!out.empty()) socket.send_all(std::exchange(out, {}));
    const std::string more = socket.recv(65536);
    if (more.empty()) return;
    in += more;
    std::size_t begin = 0;
    for (auto end = in.find('\n'); end != std::string::npos; end = in.find('\n', begin)) {
      const auto command = std::string_view(in).substr(begin, 4);
      out += command == "TOP " ? kHeader : command == "CAPA" ? kCapabilities : "+OK 0 0\r\n";
      begin = end + 1;
      if (out.size() > 256 * 1024) socket.send_all(std::exchange(out, {}));
    }
    in.erase(0, begin);
  }
}

// In a process of its own, until this one ends.
class ServerProcess {
 public:
  ServerProcess() {
    Socket listener(Family::ipv4);
    listener.bind(Address::loopback(Family::ipv4, 0));
    listener.listen();
    port = listener.getsockname().port();
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // whatever becomes of the bench
    for (;;) {
      try {
        serve(listener.accept().socket);
      } catch (const Error&) {
        continue;  // a client that went away
      }
    }
  }
  ~ServerProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::uint16_t port = 0;

 private:
  pid_t pid_ = -1;
};

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "bench_pop3: %s\n", what);
  std::exit(1);
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Clients: each logs in and lists the subjects of `count` messages.

void raw(std::uint16_t port, int count) {
  Socket socket(Family::ipv4);
  socket.connect(Address::loopback(Family::ipv4, port));
  socket.recv(512);
  for (const char* command : {"USER ann\r\n", "PASS secret\r\n", "STAT\r\n"}) {
    socket.send_all(command);
    socket.recv(512);
  }
  std::string commands;
  for (int i = 1; i <= count; ++i) commands += "TOP " + std::to_string(i) + " 0\r\n";
  std::vector<char> buffer(65536);
  std::size_t missing = kHeader.size() * static_cast<std::size_t>(count);
  for (std::string_view rest = commands; missing > 0;) {
    if (!rest.empty()) rest.remove_prefix(socket.send(rest.substr(0, 16384)));
    // As far ahead as the pipeline goes.
    const std::size_t sent = commands.size() - rest.size();
    const std::size_t answered =
        commands.size() -
        commands.size() * missing / (kHeader.size() * static_cast<std::size_t>(count));
    if (!rest.empty() && sent < answered + 16384) continue;
    missing -= socket.recv_into(buffer);
  }
  socket.send_all("QUIT\r\n");
  socket.recv(512);
}

void ours(std::uint16_t port, int count) {
  POP3 pop("127.0.0.1", port);
  pop.capa();
  pop.user("ann");
  pop.pass("secret");
  pop.stat();
  std::size_t bytes = 0;
  pop.top({1, static_cast<std::uint32_t>(count)}, 0, [&](const POP3Item& item) {
    bytes += find_header_field(item.text, "Subject")->text().size();
  });
  pop.quit();
  require(
      bytes == std::strlen("Grüße aus Köln and something more") * static_cast<std::size_t>(count),
      "a subject is wrong");
}

#ifdef HAVE_CURL
std::size_t count_bytes(char*, std::size_t size, std::size_t n, void*) {
  return size * n;
}

void by_curl(std::uint16_t port, int count) {
  CURL* curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_USERPWD, "ann:secret");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_bytes);
  for (int i = 1; i <= count; ++i) {
    const std::string n = std::to_string(i);
    curl_easy_setopt(curl, CURLOPT_URL,
                     ("pop3://127.0.0.1:" + std::to_string(port) + "/" + n).c_str());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, ("TOP " + n + " 0").c_str());
    const CURLcode code = curl_easy_perform(curl);
    require(code == CURLE_OK, curl_easy_strerror(code));
  }
  curl_easy_cleanup(curl);
}
#endif

#ifdef HAVE_POCO
void by_poco(std::uint16_t port, int count) {
  Poco::Net::POP3ClientSession session("127.0.0.1", port);
  session.login("ann", "secret");
  for (int i = 1; i <= count; ++i) {
    Poco::Net::MessageHeader header;
    session.retrieveHeader(i, header);
  }
  session.close();
}
#endif

void by_python(std::uint16_t port, int count) {
  const std::string program =
      "import poplib\np=poplib.POP3('127.0.0.1'," + std::to_string(port) +
      ")\np.user('ann');p.pass_('secret');p.stat()\nfor i in range(1," + std::to_string(count + 1) +
      "):\n  [l for l in p.top(i,0)[1] if l.startswith(b'Subject:')]\np.quit()";
  require(std::system(("python3 -c \"" + program + "\"").c_str()) == 0, "python3 failed");
}

struct Client {
  const char* name;
  void (*run)(std::uint16_t port, int count);
  int share;  // it lists one message of so many: the others would take minutes
};

const std::vector<Client>& clients() {
  static const std::vector<Client> kClients = {
      {"raw", raw, 1},           {"libproto", ours, 1},
#ifdef HAVE_CURL
      {"libcurl", by_curl, 10},
#endif
#ifdef HAVE_POCO
      {"POCO", by_poco, 10},
#endif
      {"poplib", by_python, 10},
  };
  return kClients;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void on_loopback(std::uint16_t port, int count, int rounds) {
  std::vector<std::vector<double>> times(clients().size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < clients().size(); ++i) {
      const Client& client = clients()[i];
      const int n = std::max(1, count / client.share);
      times[i].push_back(seconds_of([&] { client.run(port, n); }) / n);
    }
  }
  std::printf("%d subjects, loopback\n", count);
  for (std::size_t i = 0; i < clients().size(); ++i) {
    std::vector<double> ratios;
    for (int round = 0; round < rounds; ++round)
      ratios.push_back(times[0][static_cast<std::size_t>(round)] /
                       times[i][static_cast<std::size_t>(round)]);
    std::printf("  %-9s %9.0f/s   rate / raw %5.2f\n", clients()[i].name, 1 / median(times[i]),
                median(ratios));
  }
}

void far_away(std::uint16_t port, int count) {
  constexpr std::chrono::milliseconds kRoundTrip(20);
  std::printf("%d subjects, %lld ms round trip\n", count,
              static_cast<long long>(kRoundTrip.count()));
  for (const Client& client : clients()) {
    const test::DelayingRelay relay(port, kRoundTrip);
    // One round trip a message: a hundred of them tell.
    const int n = client.share == 1 ? count : std::min(count, 100);
    const double seconds = seconds_of([&] { client.run(relay.port(), n); }) * count / n;
    std::printf("  %-9s %9.3f s%s\n", client.name, seconds,
                n == count ? "" : "   (from 100 messages)");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 10000;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  // As performance.md has it: across two cores the wake-ups of a virtual machine hide the client.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(::sched_getcpu()), &one);
  require(::sched_setaffinity(0, sizeof one, &one) == 0, "cannot stay on one core");
  const ServerProcess server;
  on_loopback(server.port, count, rounds);
  far_away(server.port, 1000);
  far_away(server.port, 10000);
}
