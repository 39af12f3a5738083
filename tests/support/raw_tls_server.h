// A TLS server straight on OpenSSL, for what ours never does: old versions, weak ciphers,
// renegotiation, connections that are cut off.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "net/socket_transport.h"
#include "support/tls_authority.h"

namespace proto::test {

class RawTLSServer {
 public:
  // Serves one connection, on a thread: after the handshake `serve` runs, then the connection is
  // closed without close_notify. Security level 0, unless `configure` says otherwise.
  RawTLSServer(
      const Identity& identity, const std::function<void(SSL_CTX*)>& configure,
      std::function<void(SSL*)> serve = [](SSL*) {});
  ~RawTLSServer();
  RawTLSServer(const RawTLSServer&) = delete;
  RawTLSServer& operator=(const RawTLSServer&) = delete;

  // The client's end of the connection.
  std::unique_ptr<Transport> take_client(const Canceller& canceller = {});
  // Waits for the end. Whether the handshake went through.
  bool finish();

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  int client_fd_ = -1;
  int server_fd_ = -1;
  bool handshake_done_ = false;
  std::thread thread_;
};

// Two connected sockets.
std::pair<int, int> socket_pair();

// Reads with SSL_read until `size` bytes came or it fails.
std::string ssl_read(SSL* ssl, std::size_t size);
void ssl_write(SSL* ssl, const std::string& data);

}  // namespace proto::test
