#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <stdexcept>
#include <vector>

#include "replies.h"

namespace bench {

namespace {

// One connection, until its client goes.
class Conversation {
 public:
  Conversation(int fd, SSL_CTX* context, std::map<std::string, Reply>& replies)
      : fd_(fd), replies_(replies) {
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (context == nullptr) return;
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd_);
    open_ = SSL_accept(ssl_) == 1;
  }
  ~Conversation() {
    SSL_free(ssl_);
    close(fd_);
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  void serve() {
    std::vector<char> buffer(std::size_t{64} * 1024);
    std::string heads;
    for (std::size_t n = 0; open_ && (n = receive(buffer)) != 0;) {
      heads.append(buffer.data(), n);
      std::size_t begin = 0;
      for (std::size_t end = 0; (end = heads.find("\r\n\r\n", begin)) != std::string::npos;) {
        const std::size_t target = heads.find(' ', begin) + 1;
        answer(heads.substr(target, heads.find(' ', target) - target));
        begin = end + 4;
      }
      heads.erase(0, begin);
      flush();
    }
  }

 private:
  // Heads that come together are answered together.
  void answer(const std::string& target) {
    const auto [found, fresh] = replies_.try_emplace(target);
    if (fresh) found->second = reply_for(target);
    const Reply& reply = found->second;
    out_ += reply.head;
    if (reply.blocks != 0) flush();
    for (std::uint64_t i = 0; i < reply.blocks && open_; ++i) send_all(reply.block);
    out_ += reply.end;
  }
  void flush() {
    if (!out_.empty()) send_all(out_);
    out_.clear();
  }
  void send_all(const std::string& bytes) {
    std::size_t sent = 0;
    while (open_ && sent < bytes.size()) {
      std::size_t n = 0;
      if (ssl_ != nullptr) {
        open_ = SSL_write_ex(ssl_, bytes.data() + sent, bytes.size() - sent, &n) == 1;
      } else {
        const ssize_t went = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        open_ = went > 0;
        n = open_ ? static_cast<std::size_t>(went) : 0;
      }
      sent += n;
    }
  }
  std::size_t receive(std::vector<char>& buffer) {
    std::size_t n = 0;
    if (ssl_ != nullptr) return SSL_read_ex(ssl_, buffer.data(), buffer.size(), &n) == 1 ? n : 0;
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }

  int fd_;
  SSL* ssl_ = nullptr;
  bool open_ = true;
  std::string out_;
  std::map<std::string, Reply>& replies_;
};

[[noreturn]] void serve_forever(int listener, const std::string& certificate,
                                const std::string& key) {
  SSL_CTX* context = nullptr;
  if (!certificate.empty()) {
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_chain_file(context, certificate.c_str());
    SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM);
  }
  std::map<std::string, Reply> replies;
  for (;;) {
    const int fd = accept(listener, nullptr, nullptr);
    if (fd >= 0) Conversation(fd, context, replies).serve();
  }
}

}  // namespace

void run_on(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
  const sched_param priority{.sched_priority = 1};
  sched_setscheduler(0, SCHED_FIFO, &priority);
}

void run_anywhere() {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int core = 0; core < CPU_SETSIZE; ++core) CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
  const sched_param priority{.sched_priority = 0};
  sched_setscheduler(0, SCHED_OTHER, &priority);
}

Server::Server(int core, const std::string& certificate, const std::string& key)
    : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 16) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("bench: cannot listen");
  port_ = ntohs(address.sin_port);
  child_ = fork();
  if (child_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_IGN);
  run_on(core);
  serve_forever(listener_, certificate, key);
}

Server::~Server() {
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
  close(listener_);
}

}  // namespace bench
