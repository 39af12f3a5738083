// helloserver: "Hello World!", then good-bye. The tutorial's Listing 2, as a TCPServer.
#include <CLI/CLI.hpp>
#include <csignal>

#include "common/logging_server.h"
#include "common/program.h"
#include "common/server_options.h"

namespace {

using namespace proto;

struct Hello : StreamRequestHandler {
  void handle() override { wfile.write("Hello World!\n"); }
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
    tools::LoggingServer<TCPServer> server(tools::address_of(flags), handler<Hello>(), {},
                                           flags.verbosity);
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
