#include "support/server_program.h"

#include <cerrno>
#include <chrono>

#include "proto/error.h"
#include "support/chat_client.h"
#include "support/running_server.h"

namespace proto::test {

std::string name_of(ServerKind kind) {
  constexpr const char* kNames[] = {"Echo", "Hello", "Chat", "Http", "Smtp", "Pop3"};
  return kNames[static_cast<std::size_t>(kind)];
}

ServerProgram::ServerProgram(ServerKind kind, const std::vector<std::string>& options)
    : kind_(kind), child_(command(options)) {
  const std::string line = child_.read_line();
  const std::string where = line.substr(line.rfind(' ') + 1);
  address_ = Address::parse(kind == ServerKind::chat ? "127.0.0.1:" + where : where);
}

std::vector<std::string> ServerProgram::command(const std::vector<std::string>& options) const {
  std::vector<std::string> argv;
  const auto program = [&](const char* name, const char* port_option) {
    for (const std::string& word : {our_program(name), std::string(port_option), std::string("0")})
      argv.push_back(word);
  };
  const auto with_folder = [&](const char* option, const std::string& folder) {
    argv.emplace_back(option);
    argv.push_back(folder);
  };
  switch (kind_) {
    case ServerKind::echo:
      program("echoserver", "--port");
      break;
    case ServerKind::hello:
      program("helloserver", "--port");
      break;
    case ServerKind::chat:
      program("chatserver", "--port");
      break;
    case ServerKind::http:
      folder_.write("www/hello.txt", "Hello\n");
      folder_.write("www/large", std::string(kLargeFile, 'L'));
      program("protod", "--http-port");
      with_folder("--root", folder_.file("www"));
      break;
    case ServerKind::smtp:
      program("protod", "--smtp-port");
      with_folder("--maildir", folder_.file("mail"));
      break;
    case ServerKind::pop3:
      program("protod", "--pop3-port");
      with_folder("--maildir", folder_.file("mail"));
      break;
  }
  argv.insert(argv.end(), options.begin(), options.end());
  return argv;
}

Socket ServerProgram::connect() const {
  return connected_to(address_);
}

namespace {

// Up to and with a line end.
std::string receive_line(Socket& client) {
  std::string line;
  while (!line.ends_with('\n')) {
    const std::string next = client.recv(1);
    if (next.empty()) break;
    line += next;
  }
  return line;
}

}  // namespace

void ServerProgram::talk(Socket& client) const {
  switch (kind_) {
    case ServerKind::echo:
      client.send_all("hello");
      EXPECT_EQ(receive_exactly(client, 5), "hello");
      break;
    case ServerKind::hello:
      EXPECT_EQ(receive_all(client), "Hello World!\n");
      break;
    case ServerKind::chat:
      EXPECT_TRUE(receive_line(client).starts_with(kGreeting));
      break;
    case ServerKind::http:
      client.send_all(request());
      for (std::string line; (line = receive_line(client)) != "\r\n";) ASSERT_FALSE(line.empty());
      EXPECT_EQ(receive_exactly(client, 6), "Hello\n");
      break;
    case ServerKind::smtp:
      EXPECT_TRUE(receive_line(client).starts_with("220 "));
      client.send_all(request());
      EXPECT_TRUE(receive_line(client).starts_with("250 "));
      break;
    case ServerKind::pop3:
      EXPECT_TRUE(receive_line(client).starts_with("+OK "));
      client.send_all("USER demo\r\n");
      EXPECT_EQ(receive_line(client), "+OK\r\n");
      break;
  }
}

void ServerProgram::visit() const {
  Socket client = connect();
  talk(client);
}

std::string_view ServerProgram::request() const {
  switch (kind_) {
    case ServerKind::echo:
      return "sixteen bytes...";
    case ServerKind::hello:
      return "not read";
    case ServerKind::chat:
      return "a line\r\n";
    case ServerKind::http:
      return "GET /hello.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";
    case ServerKind::smtp:
      return "NOOP\r\n";
    case ServerKind::pop3:
      break;
  }
  return "CAPA\r\n";
}

std::string_view ServerProgram::half_a_request() const {
  return request().substr(0, 3);
}

bool is_cut_off_while_sending(Socket& client, std::string_view block, int times) {
  try {
    for (int i = 0; i < times; ++i) client.send_all(block);
    return false;
  } catch (const TimeoutError&) {
    throw;
  } catch (const NetworkError&) {
    return true;
  }
}

std::string receive_out(Socket& client) {
  std::string all;
  try {
    for (std::string piece; !(piece = client.recv(65536)).empty();) all += piece;
  } catch (const TimeoutError&) {
    throw;
  } catch (const NetworkError&) {
    // A reset.
  }
  return all;
}

bool wait_until_refused(const Address& address) {
  return wait_until([&] {
    try {
      connected_to(address);
    } catch (const NetworkError& e) {
      return e.code() == ECONNREFUSED;
    }
    return false;
  });
}

}  // namespace proto::test
