// helloserver: "Hello World!", then good-bye. The tutorial's Listing 2, as a TCPServer.
#include <csignal>

#include "common/logging_server.h"
#include "common/program.h"
#include "common/server_command_line.h"

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
  tools::ServerCommandLine line("helloserver", "Greets whoever connects, and closes.",
                                "Usage: helloserver [--host ADDR] [--port N] [OPTIONS]");
  line.add_server_options(flags);
  if (const auto status = line.parse(argc, argv)) return *status;
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
