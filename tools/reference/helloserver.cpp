// helloserver: "Hello World!", then good-bye. The tutorial's Listing 2, as a TCPServer.
#include "proto/server.h"

#include <CLI/CLI.hpp>
#include <csignal>

#include "common/log.h"
#include "common/program.h"
#include "common/server_options.h"

namespace {

using namespace proto;

struct Hello : StreamRequestHandler {
  void handle() override { wfile.write("Hello World!\n"); }
};

class HelloServer : public TCPServer {
 public:
  HelloServer(const Address& address, int verbosity)
      : TCPServer(address, handler<Hello>()), verbosity_(verbosity) {}

 protected:
  bool verify_request(const Address& peer) override {
    tools::log_note(verbosity_, "connection from " + peer.to_string());
    return true;
  }
  void handle_error(const Address&, const std::exception& error) override {
    tools::log_note(verbosity_, error.what());
  }

 private:
  int verbosity_;
};

}  // namespace

int main(int argc, char** argv) {
  tools::start_program("helloserver");
  tools::ServerFlags flags;
  flags.port = 2525;
  CLI::App app("Greets whoever connects, and closes.", "helloserver");
  tools::add_server_options(app, flags);
  if (const auto status = tools::parse_command_line(
          app, argc, argv, "Usage: helloserver [--host ADDR] [--port N] [OPTIONS]"))
    return *status;
  try {
    HelloServer server(tools::address_of(flags), flags.verbosity);
    server.shutdown_on({SIGTERM});
    if (!tools::announce("HelloServer started on " + server.server_address().to_string()))
      return tools::kFailed;
    server.serve_forever();
    return 0;
  } catch (const std::exception& e) {
    tools::error_line(e.what());
    return tools::kFailed;
  }
}
