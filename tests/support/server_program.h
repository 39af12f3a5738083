// One of our servers as a program, and what a client of each does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/socket.h"
#include "support/process.h"

namespace proto::test {

enum class ServerKind { echo, hello, chat, http, smtp, pop3 };  // the last three are protod's

// For the names of parameterised tests.
std::string name_of(ServerKind kind);

// On a free port of 127.0.0.1.
class ServerProgram {
 public:
  explicit ServerProgram(ServerKind kind, const std::vector<std::string>& options = {});

  Child& child() { return child_; }
  pid_t pid() const { return child_.pid(); }
  const Address& address() const { return address_; }
  Socket connect() const;

  // The shortest conversation there is; expects what is due. The connection stays as the server
  // leaves it.
  void talk(Socket& client) const;
  void visit() const;
  // One request that is answered, for a flood of them; empty where there are none.
  std::string_view request() const;
  // The beginning of one.
  std::string_view half_a_request() const;
  // In the folder that protod serves: 8 MiB.
  static constexpr std::size_t kLargeFile = 8 * 1024 * 1024;

 private:
  std::vector<std::string> command(const std::vector<std::string>& options) const;

  ServerKind kind_;
  TempFolder folder_;
  Child child_;
  Address address_;
};

// Sends `block` up to `times` times; false: all of it was taken. True: the server ended the
// connection meanwhile. Throws TimeoutError where it does neither.
bool is_cut_off_while_sending(Socket& client, std::string_view block, int times);
// Reads up to the end of the connection, which may be a reset. Throws TimeoutError where none
// comes.
std::string receive_out(Socket& client);
// Returns when the address refuses connections.
bool wait_until_refused(const Address& address);

}  // namespace proto::test
