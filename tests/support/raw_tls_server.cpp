#include "support/raw_tls_server.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <utility>

namespace proto::test {

std::pair<int, int> socket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    throw std::runtime_error("socketpair");
  return {fds[0], fds[1]};
}

std::string ssl_read(SSL* ssl, std::size_t size) {
  std::string data(size, '\0');
  std::size_t have = 0, got = 0;
  while (have < size && SSL_read_ex(ssl, data.data() + have, size - have, &got) == 1) have += got;
  data.resize(have);
  return data;
}

void ssl_write(SSL* ssl, const std::string& data) {
  std::size_t sent = 0;
  SSL_write_ex(ssl, data.data(), data.size(), &sent);
}

RawTLSServer::RawTLSServer(const Identity& identity, const std::function<void(SSL_CTX*)>& configure,
                           std::function<void(SSL*)> serve)
    : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, 0);
  if (SSL_CTX_use_certificate_chain_file(context, identity.certificate_file().c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, identity.key_file().c_str(), SSL_FILETYPE_PEM) != 1)
    throw std::runtime_error("raw TLS server: certificate");
  configure(context);
  std::tie(client_fd_, server_fd_) = socket_pair();
  thread_ = std::thread([this, serve = std::move(serve)] {
    // OpenSSL writes without MSG_NOSIGNAL.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    SSL* ssl = SSL_new(context_.get());
    SSL_set_fd(ssl, server_fd_);
    handshake_done_ = SSL_accept(ssl) == 1;
    if (handshake_done_) serve(ssl);
    ERR_clear_error();
    SSL_free(ssl);
    ::shutdown(server_fd_, SHUT_RDWR);
  });
}

RawTLSServer::~RawTLSServer() {
  if (client_fd_ >= 0) ::close(client_fd_);
  finish();
  ::close(server_fd_);
}

std::unique_ptr<Transport> RawTLSServer::take_client(const Canceller& canceller) {
  return std::make_unique<SocketTransport>(std::exchange(client_fd_, -1), "peer", canceller);
}

bool RawTLSServer::finish() {
  if (thread_.joinable()) thread_.join();
  return handshake_done_;
}

}  // namespace proto::test
