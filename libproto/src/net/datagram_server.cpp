// UDPServer and its handlers.
#include <utility>

#include "proto/server.h"

namespace proto {

namespace {

constexpr std::size_t kMaxPacketBytes = 65535;  // the largest that there can be

Socket bound(const Address& address, const ServerOptions& options) {
  Socket socket(address.family(), SocketType::datagram);
  if (options.allow_reuse_port) socket.setsockopt(so::reuseport, true);
  socket.bind(address);
  return socket;
}

}  // namespace

UDPServer::UDPServer(const Address& address, DatagramHandler handler, ServerOptions options)
    : BaseServer(bound(address, options), std::move(options)), handler_(std::move(handler)) {}

BaseServer::Request UDPServer::get_request() {
  auto [packet, peer] = socket().recvfrom(kMaxPacketBytes, MessageFlags::dontwait);
  return {.socket = {}, .packet = std::move(packet), .peer = peer};
}

void UDPServer::finish_request(Request& request) {
  Datagram datagram{std::move(request.packet), request.peer, *this};
  handler_(datagram);
}

void Datagram::reply(std::string_view data) const {
  server.socket().sendto(data, peer);
}

void DatagramRequestHandler::serve(Datagram& datagram) {
  datagram_ = &datagram;
  try {
    setup();
    handle();
  } catch (...) {
    finish();
    throw;
  }
  finish();
}

}  // namespace proto
