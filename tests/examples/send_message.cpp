// A message with an umlaut in its subject and an attachment.
//   send_message HOST PORT FROM TO
// Without arguments it sends to a server of its own, so that it runs as a test.
#include "proto/message.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "proto/server.h"
#include "proto/smtp.h"

namespace {

void send(const std::string& host, std::uint16_t port, const char* from, const char* to) {
  proto::Message message;
  message.from(from).to(to).subject("Grüße aus Köln");
  message.text("Hallo,\nder Bericht hängt an.\n");
  message.attach("Bericht für März.txt", "Im März war es kalt.\n");
  proto::SMTP smtp(host, port);
  smtp.send_message(message);
  smtp.quit();
}

// The least that takes a message.
void serve(proto::Connection& connection) {
  proto::Stream& stream = connection.stream;
  stream.write("220 localhost\r\n");
  for (std::string line;;) {
    line = stream.read_line(1000);
    if (line == "DATA") {
      stream.write("354 go\r\n");
      while (stream.read_line(1000) != ".") {
      }
    }
    stream.write(line == "QUIT" ? "221 bye\r\n" : "250 ok\r\n");
    if (line == "QUIT") return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5) {
    send(argv[1], static_cast<std::uint16_t>(std::atoi(argv[2])), argv[3], argv[4]);
    return 0;
  }
  proto::TCPServer server(proto::Address("127.0.0.1", 0), serve);
  std::jthread serving([&server] { server.handle_request(); });
  send("127.0.0.1", server.server_address().port(), "me@example.org", "you@example.net");
  std::puts("sent");
  return 0;
}
