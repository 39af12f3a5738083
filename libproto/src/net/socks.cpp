#include "net/socks.h"

#include <stdexcept>
#include <string>

#include "base/characters.h"
#include "proto/error.h"
#include "proto/resolver.h"

namespace proto {

namespace {

constexpr char kVersion5 = 5;
constexpr char kConnect = 1;

class Conversation {
 public:
  Conversation(Transport& transport, Deadline deadline)
      : transport_(transport), deadline_(deadline) {}

  void send(std::string_view bytes) {
    while (!bytes.empty()) bytes.remove_prefix(transport_.write_some({&bytes, 1}, deadline_));
  }
  // Exactly that many: what comes behind them is not ours.
  std::string receive(std::size_t size) {
    std::string out(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const std::size_t n = transport_.read_some({out.data() + have, size - have}, deadline_);
      if (n == 0) fail("it closed the connection");
      have += n;
    }
    return out;
  }
  [[noreturn]] void fail(const std::string& why) const {
    throw SocksError("the SOCKS proxy " + transport_.peer() + " refused: " + why,
                     transport_.peer());
  }

 private:
  Transport& transport_;
  Deadline deadline_;
};

std::string port_bytes(std::uint16_t port) {
  return {static_cast<char>(port >> 8), static_cast<char>(port & 0xff)};
}

void append_counted(std::string& to, std::string_view text) {
  to += static_cast<char>(text.size());
  to += text;
}

void log_in(Conversation& proxy, const SocksProxy& options) {
  const bool login = !options.user.empty();
  proxy.send(login ? std::string_view("\5\2\0\2", 4) : std::string_view("\5\1\0", 3));
  const std::string choice = proxy.receive(2);
  if (choice[0] != kVersion5) proxy.fail("it does not speak SOCKS 5: " + quoted(choice));
  if (choice[1] == 0) return;
  if (choice[1] != 2 || !login) proxy.fail("it wants a login");
  std::string request = "\1";
  append_counted(request, options.user);
  append_counted(request, options.password.reveal());
  proxy.send(request);
  wipe(request.data(), request.size());
  if (proxy.receive(2)[1] != 0) proxy.fail("the login");
}

const char* reason_of(char code) {
  switch (code) {
    case 1:
      return "general failure";
    case 2:
      return "not allowed by its rules";
    case 3:
      return "network unreachable";
    case 4:
      return "host unreachable";
    case 5:
      return "connection refused";
    case 6:
      return "TTL expired";
    case 7:
      return "command not supported";
    case 8:
      return "address type not supported";
    default:
      return "a code that is not known";
  }
}

void connect_5(Conversation& proxy, const SocksProxy& options, std::string_view host,
               std::uint16_t port, Deadline deadline) {
  log_in(proxy, options);
  std::string request{kVersion5, kConnect, 0};
  const bool literal = Address::is_literal(host);
  if (literal || !options.remote_names) {
    const Address address = resolve(host, port, Family::unspecified, deadline).front();
    request += address.family() == Family::ipv4 ? '\1' : '\4';
    request += address.bytes();
  } else {
    request += '\3';
    append_counted(request, host);
  }
  proxy.send(request + port_bytes(port));
  const std::string reply = proxy.receive(4);
  if (reply[0] != kVersion5) proxy.fail("it does not speak SOCKS 5: " + quoted(reply));
  if (reply[1] != 0)
    proxy.fail(std::string(host) + ":" + std::to_string(port) + ": " + reason_of(reply[1]));
  // The bound address, which nobody needs, and its port.
  std::size_t rest = 0;
  if (reply[3] == 1) {
    rest = 4;
  } else if (reply[3] == 4) {
    rest = 16;
  } else if (reply[3] == 3) {
    rest = static_cast<unsigned char>(proxy.receive(1)[0]);
  } else {
    proxy.fail("a bad reply: " + quoted(reply));
  }
  proxy.receive(rest + 2);
}

void connect_4a(Conversation& proxy, const SocksProxy& options, std::string_view host,
                std::uint16_t port) {
  std::string request{4, kConnect};
  request += port_bytes(port);
  const bool v4 = Address::is_literal(host) && Address(host, port).family() == Family::ipv4;
  request += v4 ? Address(host, port).bytes() : std::string("\0\0\0\1", 4);
  request += options.user;
  request += '\0';
  if (!v4) {
    request += host;
    request += '\0';
  }
  proxy.send(request);
  const std::string reply = proxy.receive(8);
  if (reply[0] != 0) proxy.fail("it does not speak SOCKS 4: " + quoted(reply));
  if (reply[1] != 0x5a) proxy.fail(std::string(host) + ":" + std::to_string(port));
}

}  // namespace

void socks_connect(Transport& transport, const SocksProxy& options, std::string_view host,
                   std::uint16_t port, Deadline deadline) {
  if (host.size() > 255 || has_line_break_or_nul(host) || options.user.size() > 255 ||
      options.password.reveal().size() > 255 || options.user.find('\0') != std::string::npos) {
    throw std::invalid_argument("a name or a password is too long for SOCKS, or has a NUL");
  }
  Conversation proxy(transport, deadline);
  if (options.version == 4) {
    connect_4a(proxy, options, host, port);
  } else {
    connect_5(proxy, options, host, port, deadline);
  }
}

}  // namespace proto
