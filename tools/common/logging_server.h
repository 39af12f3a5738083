// TCPServer or UDPServer with the log that -v shows.
#pragma once

#include <exception>
#include <utility>

#include "common/log.h"
#include "proto/server.h"

namespace proto::tools {

template <typename Server>
class LoggingServer : public Server {
 public:
  template <typename Handler>
  LoggingServer(const Address& address, Handler handler, ServerOptions options, int verbosity)
      : Server(address, std::move(handler), std::move(options)), verbosity_(verbosity) {}

 protected:
  bool verify_request(const Address& peer) override {
    if (verbosity_ > 0) log_note(verbosity_, "request from " + peer.to_string());
    return true;
  }
  void handle_error(const Address& peer, const std::exception& error) override {
    if (verbosity_ > 0) log_note(verbosity_, peer.to_string() + ": " + error.what());
  }

 private:
  int verbosity_;
};

}  // namespace proto::tools
