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
  double idle = 3600, drain = 5;
  CLI::App app("A chat room: what one client says, all others hear.", "chatserver");
  tools::add_server_options(app, flags);
  app.add_option("--max-clients", options.max_clients,
                 "At most N at once; 0: as many as there may be descriptors")
      ->type_name("N");
  app.add_option("--idle", idle,
                 "Cut off who neither says nor hears anything for S seconds; 0: never")
      ->type_name("S")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--drain", drain,
                 "After SIGTERM, wait S seconds for clients to take what is theirs")
      ->type_name("S")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads that send; 0: one a core, at most 4")
      ->type_name("N")
      ->check(CLI::Range(0, 64));
  if (const auto status = tools::parse_command_line(
          app, argc, argv,
          "Usage: chatserver [--host ADDR] [--port N] [--max-clients N] [OPTIONS]"))
    return *status;
  try {
    using Seconds = std::chrono::duration<double>;
    options.address = tools::address_of(flags);
    options.idle_time = std::chrono::duration_cast<std::chrono::milliseconds>(Seconds(idle));
    options.drain = std::chrono::duration_cast<std::chrono::milliseconds>(Seconds(drain));
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
