// chatserver: the tutorial's chat room (Listings 16 to 24), for any number of clients.
#include <CLI/CLI.hpp>
#include <csignal>

#include "common/program.h"
#include "common/server_options.h"
#include "reference/chatserver/chat_server.h"

int main(int argc, char** argv) {
  using namespace proto;
  tools::start_program("chatserver");
  tools::ServerFlags flags;
  flags.port = 2626;
  ChatOptions options;
  flags.idle = options.idle_time;
  flags.drain = options.drain;
  using Seconds = std::chrono::duration<double>;
  double line_time = Seconds(options.line_time).count();
  CLI::App app("A chat room: what one client says, all others hear.", "chatserver");
  tools::add_server_options(app, flags);
  app.add_option("--max-clients", options.max_clients,
                 "At most N at once; 0: as many as there may be descriptors")
      ->type_name("N");
  tools::add_time_options(app, flags);
  app.add_option("--line-time", line_time, "A line that has begun must end within S seconds")
      ->type_name("S")
      ->check(CLI::Range(0.001, 1e6))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads that send; 0: one a core, at most 4")
      ->type_name("N")
      ->check(CLI::Range(0, 64));
  if (const auto status = tools::parse_command_line(
          app, argc, argv,
          "Usage: chatserver [--host ADDR] [--port N] [--max-clients N] [OPTIONS]"))
    return *status;
  try {
    options.address = tools::address_of(flags);
    options.idle_time = flags.idle;
    options.drain = flags.drain;
    options.line_time = std::chrono::ceil<std::chrono::milliseconds>(Seconds(line_time));
    ChatServer server(options);
    server.stop_on({SIGTERM});
    server.run();
    if (server.transcript_is_good()) return 0;
    tools::error_line("cannot write to standard output");
  } catch (const std::exception& e) {
    tools::error_line(e.what());
  }
  return tools::kFailed;
}
