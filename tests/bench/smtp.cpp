// SMTP against a plain blocking socket with ready-made commands, and against libcurl, POCO and
// Python's smtplib: ratios to the raw limit of the same round, then the median of the rounds;
// client and server on one core.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <strings.h>
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
#include <Poco/Net/MailMessage.h>
#include <Poco/Net/MailRecipient.h>
#include <Poco/Net/SMTPClientSession.h>
#endif

#include "proto/smtp.h"
#include "support/delaying_relay.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The server: takes everything, answers a flight by one send. A process of its own.
void serve(int client) {
  std::string in, out;
  std::size_t at = 0;
  bool in_data = false;
  out = "220 bench\r\n";
  for (;;) {
    if (!out.empty()) {
      if (::send(client, out.data(), out.size(), MSG_NOSIGNAL) < 0) return;
      out.clear();
    }
    in.erase(0, at);
    at = 0;
    char buffer[256 * 1024];
    const ssize_t n = ::recv(client, buffer, sizeof buffer, 0);
    if (n <= 0) return;
    in.append(buffer, static_cast<std::size_t>(n));
    for (;;) {
      if (in_data) {
        const std::size_t end = in.find("\r\n.\r\n", at);
        if (end == std::string::npos) {
          at = in.size() > at + 4 ? in.size() - 4 : at;
          break;
        }
        at = end + 5;
        in_data = false;
        out += "250 ok\r\n";
        continue;
      }
      const std::size_t end = in.find("\r\n", at);
      if (end == std::string::npos) break;
      const char* line = in.data() + at;
      if (::strncasecmp(line, "BDAT", 4) == 0) {
        const std::size_t size = std::strtoul(line + 5, nullptr, 10);
        if (in.size() < end + 2 + size) break;
        at = end + 2 + size;
        out += "250 ok\r\n";
        continue;
      }
      if (::strncasecmp(line, "EHLO", 4) == 0) {
        out += "250-bench\r\n250-SIZE\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 CHUNKING\r\n";
      } else if (::strncasecmp(line, "DATA", 4) == 0) {
        out += "354 go\r\n";
        in_data = true;
      } else if (::strncasecmp(line, "QUIT", 4) == 0) {
        out += "221 bye\r\n";
      } else {
        out += "250 ok\r\n";
      }
      at = end + 2;
    }
  }
}

class Server {
 public:
  Server() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener, 64);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    child_ = ::fork();
    if (child_ != 0) {
      ::close(listener);
      return;
    }
    for (;;) {
      const int client = ::accept(listener, nullptr, nullptr);
      const int on = 1;
      ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      serve(client);
      ::close(client);
    }
  }
  ~Server() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;
  pid_t child_ = -1;
};

std::string message_of(std::size_t size) {
  std::string text = "From: me@example.org\r\nTo: you@example.net\r\nSubject: bench\r\n\r\n";
  while (text.size() < size) text += std::string(70, 'x') + "\r\n";
  return text;
}

const std::string kCommands = "MAIL FROM:<me@example.org>\r\nRCPT TO:<you@example.net>\r\n";

class Raw {
 public:
  explicit Raw(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    lines(1);
    send("EHLO x\r\n");
    lines(5);
  }
  ~Raw() { ::close(socket_); }
  void send(const std::string& data) {
    for (std::size_t at = 0; at < data.size();) {
      at += static_cast<std::size_t>(::send(socket_, data.data() + at, data.size() - at, 0));
    }
  }
  void lines(std::ptrdiff_t count) {
    char buffer[65536];
    while (count > 0) {
      const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
      if (n <= 0) std::abort();
      count -= std::count(buffer, buffer + n, '\n');
    }
  }

 private:
  int socket_;
};

proto::SMTP connect(std::uint16_t port) {
  proto::SMTPOptions options;
  options.helo_name = "x";
  return proto::SMTP("127.0.0.1", port, options);
}

// Messages a second, and what they cost.
using Sender = std::function<void(std::uint16_t port, const std::string& message, int count)>;

void raw_data(std::uint16_t port, const std::string& message, int count) {
  Raw raw(port);
  const std::string next = message + ".\r\n" + kCommands + "DATA\r\n";
  raw.send(kCommands + "DATA\r\n");
  raw.lines(3);
  for (int i = 1; i < count; ++i) {
    raw.send(next);
    raw.lines(4);
  }
  raw.send(message + ".\r\n");
  raw.lines(1);
}

void raw_bdat(std::uint16_t port, const std::string& message, int count) {
  Raw raw(port);
  const std::string one =
      kCommands + "BDAT " + std::to_string(message.size()) + " LAST\r\n" + message;
  std::string batch;
  for (int i = 0; i < 16; ++i) batch += one;
  for (int i = 0; i < count; i += 16) {
    raw.send(batch);
    raw.lines(3 * 16);
  }
}

void ours(std::uint16_t port, const std::string& message, int count,
          proto::SendOptions::Transfer transfer) {
  const proto::Envelope envelope{"me@example.org", {"you@example.net"}, "", ""};
  proto::SMTP smtp = connect(port);
  proto::SendOptions options;
  options.transfer = transfer;
  const std::vector<proto::SMTP::Outgoing> batch(static_cast<std::size_t>(count),
                                                 {&envelope, message});
  smtp.send_all(
      batch,
      [](std::size_t, const proto::SendResult& r) {
        if (!r.all(proto::Verdict::accepted)) std::abort();
      },
      options);
}

#ifdef HAVE_CURL
void with_curl(std::uint16_t port, const std::string& message, int count) {
  struct Upload {
    const std::string* text;
    std::size_t at;
  };
  CURL* const curl = curl_easy_init();
  curl_slist* const to = curl_slist_append(nullptr, "<you@example.net>");
  const std::string url = "smtp://127.0.0.1:" + std::to_string(port) + "/x";
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, "<me@example.org>");
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(
      curl, CURLOPT_READFUNCTION, +[](char* into, std::size_t size, std::size_t n, void* data) {
        auto& upload = *static_cast<Upload*>(data);
        const std::size_t taken = upload.text->copy(into, size * n, upload.at);
        upload.at += taken;
        return taken;
      });
  for (int i = 0; i < count; ++i) {
    Upload upload{&message, 0};
    curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
    if (curl_easy_perform(curl) != CURLE_OK) std::abort();
  }
  curl_slist_free_all(to);
  curl_easy_cleanup(curl);
}

#endif

#ifdef HAVE_POCO
void with_poco(std::uint16_t port, const std::string& message, int count) {
  Poco::Net::SMTPClientSession session("127.0.0.1", port);
  session.login("x");
  for (int i = 0; i < count; ++i) {
    Poco::Net::MailMessage mail;
    mail.setSender("me@example.org");
    mail.addRecipient({Poco::Net::MailRecipient::PRIMARY_RECIPIENT, "you@example.net"});
    mail.setContent(message, Poco::Net::MailMessage::ENCODING_7BIT);
    session.sendMessage(mail);
  }
  session.close();
}

#endif

void with_python(std::uint16_t port, const std::string& message, int count) {
  const std::string program = "import smtplib\ns=smtplib.SMTP('127.0.0.1'," + std::to_string(port) +
                              ")\nm='From: me@example.org\\r\\n\\r\\n'+('x'*70+'\\r\\n')*" +
                              std::to_string(message.size() / 72) + "\nfor i in range(" +
                              std::to_string(count) +
                              "): s.sendmail('me@example.org',['you@example.net'],m)\n";
  const pid_t child = ::fork();
  if (child == 0) {
    ::execlp("python3", "python3", "-c", program.c_str(), nullptr);
    ::_exit(127);
  }
  ::waitpid(child, nullptr, 0);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Row {
  const char* name;
  Sender send;
  int share;  // of the count, for those that are slow
};

void table(const char* title, std::uint16_t port, const std::string& message, int count, int rounds,
           const std::vector<Row>& rows) {
  std::printf("%s\n  %-16s %12s %10s\n", title, "", "messages/s", "/ raw");
  std::vector<std::vector<double>> rates(rows.size()), ratios(rows.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const int n = std::max(1, count / rows[i].share);
      const auto begin = Clock::now();
      rows[i].send(port, message, n);
      rates[i].push_back(n / seconds_since(begin));
      ratios[i].push_back(rates[i].back() / rates[0].back());
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::printf("  %-16s %12.0f %10.4f\n", rows[i].name, median(rates[i]), median(ratios[i]));
  }
}

}  // namespace

int main() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  ::sched_setaffinity(0, sizeof one, &one);
  const Server server;
  using Transfer = proto::SendOptions::Transfer;
  const auto by_data = [](std::uint16_t p, const std::string& m, int n) {
    ours(p, m, n, Transfer::data);
  };
  const auto by_bdat = [](std::uint16_t p, const std::string& m, int n) {
    ours(p, m, n, Transfer::bdat);
  };
  std::vector<Row> peers;
#ifdef HAVE_CURL
  peers.push_back({"libcurl", with_curl, 4});
#endif
  peers.push_back({"smtplib", with_python, 4});
#ifdef HAVE_POCO
  peers.push_back({"POCO", with_poco, 400});
#endif
  const auto with_peers = [&](std::vector<Row> rows) {
    rows.insert(rows.end(), peers.begin(), peers.end());
    return rows;
  };
  table("2 KiB messages on one connection", server.port(), message_of(2048), 4000, 21,
        with_peers({{"raw DATA", raw_data, 1},
                    {"libproto DATA", by_data, 1},
                    {"raw BDAT", raw_bdat, 1},
                    {"libproto BDAT", by_bdat, 1}}));
  table("one message of 25 MiB", server.port(), message_of(25 << 20), 1, 5,
        with_peers({{"raw DATA", raw_data, 1},
                    {"libproto DATA", by_data, 1},
                    {"libproto BDAT", by_bdat, 1}}));
  const proto::test::DelayingRelay far(server.port(), std::chrono::milliseconds(20));
  table("2 KiB messages at 20 ms round trip", far.port(), message_of(2048), 200, 5,
        with_peers({{"raw DATA", raw_data, 4},
                    {"libproto DATA", by_data, 4},
                    {"raw BDAT", raw_bdat, 1},
                    {"libproto BDAT", by_bdat, 1}}));
  return 0;
}
