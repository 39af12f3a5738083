// Lists the subjects of a mailbox, as the tutorial does (Listing 27). The server is a few lines
// that know one mail by heart, so that this runs anywhere.
#include <proto/pop3.h>
#include <proto/server.h>

#include <iostream>
#include <thread>

struct OneMail : proto::StreamRequestHandler {
  void handle() override {
    wfile.write("+OK ready\r\n");
    for (;;) {
      const std::string line(rfile.read_line(512));
      if (line.starts_with("CAPA")) wfile.write("+OK\r\nTOP\r\nPIPELINING\r\n.\r\n");
      if (line.starts_with("USER") || line.starts_with("PASS")) wfile.write("+OK\r\n");
      if (line.starts_with("STAT")) wfile.write("+OK 1 24\r\n");
      if (line.starts_with("TOP")) wfile.write("+OK\r\nSubject: Hello World!\r\n\r\n.\r\n");
      if (line.starts_with("QUIT")) return wfile.write("+OK\r\n");
    }
  }
};

int main() {
  proto::TCPServer server({"127.0.0.1", 0}, proto::handler<OneMail>());
  const std::jthread thread([&] { server.handle_request(); });

  proto::POP3 pop("127.0.0.1", server.server_address().port());
  pop.user("ann");
  pop.pass_("secret");
  const auto [count, octets] = pop.stat();
  std::cout << "Number of messages " << count << "\nMailbox size " << octets << "\n\n";
  pop.top({1, count}, 0, [](const proto::POP3Item& item) {
    for (std::string_view rest = item.text; !rest.empty();) {
      const auto line = rest.substr(0, rest.find('\n') + 1);
      if (line.starts_with("Subject:")) std::cout << line;
      rest.remove_prefix(line.size());
    }
  });
  pop.quit();
}
