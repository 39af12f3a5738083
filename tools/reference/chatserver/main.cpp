// chatserver: the tutorial's chat room (Listings 16 to 24), for any number of clients.
#include <csignal>

#include "common/program.h"
#include "common/server_command_line.h"
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
  tools::ServerCommandLine line(
      "chatserver", "A chat room: what one client says, all others hear.",
      "Usage: chatserver [--host ADDR] [--port N] [--max-clients N] [OPTIONS]");
  line.add_server_options(flags);
  line.describe("--verbose", "Accepted; the transcript says everything already");
  line.add_value("--max-clients", options.max_clients,
                 "At most N at once; 0: as many as there may be descriptors", {"N", false});
  line.add_time_options(flags);
  line.add_number("--line-time", line_time, 0.001, 1e6,
                  "A line that has begun must end within S seconds", {"S", true});
  constexpr std::size_t kMostThreads = 64;
  line.add_number("--threads", options.threads, std::size_t{0}, kMostThreads,
                  "Threads that send; 0: one a core, at most 4", {"N", false});
  if (const auto status = line.parse(argc, argv)) return *status;
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
