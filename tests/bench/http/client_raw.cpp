// The limit: a blocking socket, ready-made requests, no parsing.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <stdexcept>
#include <vector>

#include "client.h"
#include "replies.h"

namespace bench {

namespace {

class Raw final : public Client {
 public:
  explicit Raw(const Place& place) : fd_(socket(AF_INET, SOCK_STREAM, 0)), buffer_(kRead) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(place.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("raw: cannot connect");
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (place.ca.empty()) return;
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_load_verify_file(context, place.ca.c_str());
    ssl_ = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(ssl_, fd_);
    if (SSL_connect(ssl_) != 1) throw std::runtime_error("raw: no handshake");
  }
  ~Raw() override {
    SSL_free(ssl_);
    close(fd_);
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  std::uint64_t get(const std::string& target) override { return pipelined(target, 1); }

  std::uint64_t pipelined(const std::string& target, int depth) override {
    Exchange& exchange = exchanges_[target];
    if (exchange.depth != depth) {
      exchange = {.request = {}, .bytes = 0, .depth = depth};
      for (int i = 0; i < depth; ++i) exchange.request += request_for(target);
      exchange.bytes = reply_for(target).size() * static_cast<std::uint64_t>(depth);
    }
    send_all(exchange.request);
    for (std::uint64_t got = 0; got < exchange.bytes;) got += receive();
    return exchange.bytes;
  }

 private:
  struct Exchange {
    std::string request;
    std::uint64_t bytes = 0;
    int depth = 0;
  };

  void send_all(const std::string& bytes) {
    std::size_t sent = 0;
    const bool done = ssl_ != nullptr ? SSL_write_ex(ssl_, bytes.data(), bytes.size(), &sent) == 1
                                      : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                                            static_cast<ssize_t>(bytes.size());
    if (!done) throw std::runtime_error("raw: cannot send");
  }
  std::uint64_t receive() {
    std::size_t got = 0;
    if (ssl_ != nullptr) {
      if (SSL_read_ex(ssl_, buffer_.data(), buffer_.size(), &got) == 1) return got;
    } else if (const ssize_t n = recv(fd_, buffer_.data(), buffer_.size(), 0); n > 0) {
      return static_cast<std::uint64_t>(n);
    }
    throw std::runtime_error("raw: cannot receive");
  }

  int fd_;
  SSL* ssl_ = nullptr;
  std::vector<char> buffer_;
  std::map<std::string, Exchange> exchanges_;
};

}  // namespace

std::unique_ptr<Client> make_client(const Place& place) {
  return std::make_unique<Raw>(place);
}

}  // namespace bench
