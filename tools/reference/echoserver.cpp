// echoserver: what comes in goes back. The tutorial's Listings 9 and 11.
#include <csignal>
#include <memory>

#include "common/descriptor_limit.h"
#include "common/logging_server.h"
#include "common/program.h"
#include "common/server_command_line.h"

namespace {

using namespace proto;

// A thread each.
constexpr std::size_t kMaxConnections = 4000;

struct Echo : StreamRequestHandler {
  void handle() override {
    while (rfile.fill()) {
      wfile.write(rfile.peek());
      rfile.consume(rfile.peek().size());
    }
  }
};

struct DatagramEcho : DatagramRequestHandler {
  void handle() override { reply(packet()); }
};

std::unique_ptr<BaseServer> make_server(const tools::ServerFlags& flags, bool udp) {
  const Address address = tools::address_of(flags);
  ServerOptions options;
  options.idle = flags.idle;
  options.drain = flags.drain;
  if (udp) {
    return std::make_unique<tools::LoggingServer<UDPServer>>(address, handler<DatagramEcho>(),
                                                             options, flags.verbosity);
  }
  options.concurrency = Concurrency::threads;
  options.max_workers = kMaxConnections;
  return std::make_unique<tools::LoggingServer<TCPServer>>(address, handler<Echo>(), options,
                                                           flags.verbosity);
}

}  // namespace

int main(int argc, char** argv) {
  tools::start_program("echoserver");
  tools::ServerFlags flags;
  flags.port = 23000;
  bool udp = false;
  tools::ServerCommandLine line("echoserver", "Sends back what it receives, until the peer closes.",
                                "Usage: echoserver [--host ADDR] [--port N] [--udp] [OPTIONS]");
  line.add_server_options(flags);
  line.add_time_options(flags);
  line.add_flag("--udp", udp, "Datagrams, one by one");
  if (const auto status = line.parse(argc, argv)) return *status;
  tools::raise_descriptor_limit();
  try {
    const auto server = make_server(flags, udp);
    server->shutdown_on({SIGTERM});
    if (!tools::announce("EchoServer started on " + server->server_address().to_string()))
      return tools::kFailed;
    server->serve_forever();
    return 0;
  } catch (const std::exception& e) {
    tools::error_line(e.what());
    return tools::kFailed;
  }
}
