// TCPServer, UnixStreamServer and their handlers.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "proto/error.h"
#include "proto/server.h"

namespace proto {

namespace {

Socket listening(const Address& address, const ServerOptions& options) {
  Socket socket(address.family());
  if (address.family() != Family::local) {
    socket.setsockopt(so::reuseaddr, options.allow_reuse_address);
    if (options.allow_reuse_port) socket.setsockopt(so::reuseport, true);
  }
  socket.bind(address);
  socket.listen(options.request_queue_size);
  socket.settimeout(std::chrono::milliseconds(0));  // a peer that is gone by accept() costs no wait
  return socket;
}

// What a peer sent that nobody read would turn our close into a reset, which takes back what it has
// not read of ours. Only what is here already: nobody is waited for.
void discard_unread(int fd) {
  std::array<char, 16384> sink;
  for (int i = 0; i < 16; ++i) {
    if (::recv(fd, sink.data(), sink.size(), MSG_DONTWAIT) <= 0) return;
  }
}

void finish(Stream& stream) {
  if (!stream.is_open()) return;
  Transport& transport = *stream.transport();
  transport.shutdown_write();
  if (transport.plain_fd() >= 0) discard_unread(transport.plain_fd());
  stream.close();
}

}  // namespace

TCPServer::TCPServer(const Address& address, ConnectionHandler handler, ServerOptions options)
    : BaseServer(listening(address, options), std::move(options)), handler_(std::move(handler)) {}

BaseServer::Request TCPServer::get_request() {
  auto [accepted, peer] = socket().accept();
  return {.socket = std::move(accepted), .packet = {}, .peer = peer};
}

void TCPServer::finish_request(Request& request) {
  // Writes are gathered by us: Nagle would only wait for a delayed ACK.
  if (request.peer.family() != Family::local) request.socket.setsockopt(so::nodelay, true);
  Connection connection{
      Stream(make_transport(std::move(request.socket), canceller()), options().idle), request.peer,
      *this};
  connection.stream.set_deadline(Deadline::after(options().total));
  if (options().tls) connection.stream.accept_tls(options().tls);
  handler_(connection);
  finish(connection.stream);
}

void StreamRequestHandler::serve(Connection& connection) {
  connection_ = &connection;
  stream_ = std::move(connection.stream);
  try {
    setup();
    handle();
  } catch (...) {
    finish();
    throw;
  }
  finish();
  connection.stream = std::move(stream_);
}

namespace {

// Unlinks a socket that nobody listens on any more: a server that was killed leaves its path
// behind.
const Address& without_leftover(const Address& address) {
  const std::string path = address.host();
  if (path.starts_with('@')) return address;
  try {
    Socket(Family::local).connect(address);
  } catch (const NetworkError& e) {
    if (e.code() == ECONNREFUSED) ::unlink(path.c_str());
  }
  return address;
}

}  // namespace

UnixStreamServer::UnixStreamServer(std::string_view path, ConnectionHandler handler,
                                   ServerOptions options)
    : TCPServer(without_leftover(Address::local(path)), std::move(handler), std::move(options)) {}

UnixStreamServer::~UnixStreamServer() {
  const std::string path = server_address().host();
  if (!path.starts_with('@')) ::unlink(path.c_str());
}

}  // namespace proto
