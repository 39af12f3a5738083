// echoclient: sends a text and prints what comes back. The tutorial's Listings 10 and 12.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "common/log.h"
#include "common/program.h"
#include "common/server_command_line.h"
#include "common/text.h"
#include "proto/error.h"
#include "proto/resolver.h"
#include "proto/socket.h"
#include "proto/stream.h"

namespace {

using namespace proto;
using namespace std::chrono_literals;

constexpr auto kPatience = 10s;

struct Options {
  tools::ServerFlags flags;
  std::string host = "127.0.0.1";
  std::string text = "Hello World\n";
  bool udp = false;
};

void print(std::string_view text) {
  static const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  static tools::TerminalText safe;
  const std::string shown = terminal ? safe.feed(text) : std::string(text);
  std::fwrite(shown.data(), 1, shown.size(), stdout);
}

// Reads while it writes: a server that echoes a long text at once must not wait for us.
void echo_stream(const Options& options) {
  ConnectOptions how;
  how.family = tools::family_of(options.flags);
  how.timeouts = {.connect = kPatience, .idle = kPatience};
  how.trace = tools::make_trace(options.flags.verbosity);
  Stream stream = Stream::connect(options.host, options.flags.port, how);
  std::size_t sent = 0, received = 0;
  while (received < options.text.size()) {
    if (sent < options.text.size()) {
      sent += stream.write_until_readable(std::string_view(options.text).substr(sent));
      if (sent == options.text.size()) stream.transport()->shutdown_write();
    }
    if (stream.peek().empty() && !stream.fill()) {
      throw ClosedError("the connection to " + stream.peer() + " was closed after " +
                            std::to_string(received) + " of " +
                            std::to_string(options.text.size()) + " bytes",
                        0, Phase::receive, stream.peer());
    }
    received += stream.peek().size();
    print(stream.peek());
    stream.consume(stream.peek().size());
  }
}

void echo_datagram(const Options& options) {
  const Address server =
      resolve(options.host, options.flags.port, tools::family_of(options.flags)).front();
  Socket socket(server.family(), SocketType::datagram);
  socket.connect(server);  // so that a port where nobody listens is an error
  socket.settimeout(kPatience);
  socket.send(options.text);
  print(socket.recv(65535));
}

}  // namespace

int main(int argc, char** argv) {
  tools::start_program("echoclient");
  Options options;
  options.flags.port = 23000;
  tools::ServerCommandLine line("echoclient",
                                "Sends TEXT to an echo server and prints what comes back.",
                                "Usage: echoclient [--udp] [OPTIONS] [HOST [PORT [TEXT]]]");
  line.add_value("host", options.host, "127.0.0.1 unless given", {"", false});
  line.add_value("port", options.flags.port, "23000 unless given", {"", false});
  line.add_value("text", options.text, "'Hello World' and a line end unless given", {"", false});
  line.add_flag("--udp", options.udp, "By one datagram");
  line.add_family_options(options.flags);
  if (const auto status = line.parse(argc, argv)) return *status;
  if (options.flags.ipv6 && !line.given("host")) options.host = "::1";
  try {
    (options.udp ? echo_datagram : echo_stream)(options);
  } catch (const std::exception& e) {
    tools::flush_stdout();
    tools::error_line(e.what());
    return tools::kFailed;
  }
  if (tools::flush_stdout()) return 0;
  tools::error_line("cannot write to standard output");
  return tools::kFailed;
}
