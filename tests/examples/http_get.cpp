// The tutorial's Listing 25 (S14): a page and its head by HTTPConnection. Without arguments it
// talks to a server of its own, so that it runs anywhere; else: http_get HOST PATH.
#include <cstdlib>
#include <iostream>
#include <thread>

#include "proto/http.h"
#include "proto/server.h"

namespace {

int show(const std::string& host, std::uint16_t port, const std::string& path) {
  proto::HTTPConnection connection(host, port);
  connection.request("GET", path);
  auto response = connection.getresponse();
  std::cout << response.status() << ' ' << response.reason() << '\n' << response.read() << '\n';
  connection.request("HEAD", path);
  response = connection.getresponse();
  for (const auto [name, value] : response.headers()) std::cout << name << ": " << value << '\n';
  connection.close();
  return response.status() == 200 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3) return show(argv[1], 0, argv[2]);
  proto::TCPServer server({"127.0.0.1", 0}, [](proto::Connection& connection) {
    while (!connection.stream.peek().empty() || connection.stream.fill()) {
      const bool head = connection.stream.read_line(1000).starts_with("HEAD");
      while (!connection.stream.read_line(1000).empty()) {
      }
      connection.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
      if (!head) connection.stream.write("Hello!");
    }
  });
  std::jthread serving([&server] { server.serve_forever(); });
  const int status = show("127.0.0.1", server.server_address().port(), "/index.html");
  server.shutdown();
  return status;
}
