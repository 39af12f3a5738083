// Socket servers, as Python's socketserver has them: an address, a handler, serve_forever().
//
//   struct Hello : proto::StreamRequestHandler {
//     void handle() override { wfile.write("Hello World!\n"); }
//   };
//
//   int main() {
//     proto::TCPServer server({"127.0.0.1", 2525}, proto::handler<Hello>());
//     server.serve_forever();
//   }
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proto/address.h"
#include "proto/socket.h"
#include "proto/stream.h"

namespace proto {

// Python's ThreadingMixIn and ForkingMixIn, as a choice.
enum class Concurrency {
  sequential,  // one request after the other, on the thread that is in serve_forever()
  threads,     // a thread each
  processes,   // a process each (fork)
};

struct ServerOptions {
  Concurrency concurrency = Concurrency::sequential;
  // Threads or processes at once.
  std::size_t max_workers = 64;
  // Requests that wait for a thread; beyond them connections wait in the kernel's queue.
  std::size_t max_waiting = 64;
  // The kernel's queue of connections that are not accepted yet.
  int request_queue_size = 1024;
  // A port in TIME_WAIT does not keep a server from starting again.
  bool allow_reuse_address = true;
  // Several servers share the address, and the kernel deals connections out to them.
  bool allow_reuse_port = false;
  // Not null: every connection starts with TLS.
  std::shared_ptr<const TLSContext> tls;
  // Each wait for a byte that moves, and all of one connection.
  std::chrono::milliseconds idle = Timeouts().idle;
  std::chrono::milliseconds total = Timeouts().total;
  // How long handlers may go on after shutdown(); then their streams throw CancelledError. A
  // process gets SIGTERM then, and SIGKILL a second later.
  std::chrono::milliseconds drain{std::chrono::seconds(10)};
  // service_actions() is called at least so often.
  std::chrono::milliseconds poll_interval{500};
};

// What TCPServer and UDPServer share. The socket is bound, and listens, from construction on: an
// address with port 0 has its real one in server_address(). Throws NetworkError, and
// std::invalid_argument where max_workers is 0.
class BaseServer {
 public:
  virtual ~BaseServer();
  BaseServer(const BaseServer&) = delete;
  BaseServer& operator=(const BaseServer&) = delete;

  const Address& server_address() const noexcept;
  // The listening socket's, for select(): handle_request() does not wait where it is readable. -1
  // once serve_forever() has ended it; not to be called from another thread while that serves.
  int fileno() const noexcept;

  // Serves until shutdown(), and returns when the last handler has: they have options.drain for
  // that. No handler ends it: what one throws goes to handle_error(). Where the process has no
  // descriptors left, it waits for some.
  void serve_forever();
  // One request, on this thread; false, after handle_timeout(), where none came in time. Nothing:
  // waits for one.
  bool handle_request(std::optional<std::chrono::milliseconds> timeout = std::nullopt);
  // Ends serve_forever(), now or as soon as it is called, and for good: the socket is closed before
  // the handlers are waited for, so that a successor can have the address. From any thread, and
  // from a signal handler; does not wait.
  void shutdown() noexcept;
  // Has these signals call shutdown(). Each is given back then: the same one again has the effect
  // it had before, which ends most programs at once. Call it before threads are started.
  void shutdown_on(std::initializer_list<int> signals);

 protected:
  // One request, before it is served. `socket` is the connection's (TCP), `packet` the datagram
  // (UDP).
  struct Request {
    Socket socket;
    std::string packet;
    Address peer;
  };

  BaseServer(Socket socket, ServerOptions options);

  // False: not served, its connection closed at once.
  virtual bool verify_request(const Address& peer);
  // What a handler threw, or verify_request, or TLS; and what keeps us from accepting (`peer` is
  // unspecified then). Called on the thread or in the process where it happened. Nothing unless
  // overridden.
  virtual void handle_error(const Address& peer, const std::exception& error);
  virtual void handle_timeout();
  // After each turn of serve_forever().
  virtual void service_actions();

  const ServerOptions& options() const noexcept;
  Socket& socket() noexcept;
  const Canceller& canceller() const noexcept;

 private:
  struct State;

  // Takes one request off the socket; TimeoutError: there is none.
  virtual Request get_request() = 0;
  virtual void finish_request(Request& request) = 0;

  void process_request(Request& request);
  void accept_request();
  void pause(const Address& peer, const std::exception& why);
  void turn(std::chrono::milliseconds timeout);
  void drain();

  std::unique_ptr<State> state_;
};

class TCPServer;

// What a handler serves.
struct Connection {
  Stream stream;
  Address peer;
  TCPServer& server;
};

// Called for each connection, which is closed after it: first our side (FIN, or TLS close_notify),
// so that all that was written arrives. With Concurrency::threads, by several threads at once.
using ConnectionHandler = std::function<void(Connection&)>;

// A handler as a class: one object for each connection. finish() comes after setup() and handle(),
// whatever they throw.
class StreamRequestHandler {
 public:
  StreamRequestHandler() = default;
  StreamRequestHandler(const StreamRequestHandler&) = delete;
  StreamRequestHandler& operator=(const StreamRequestHandler&) = delete;
  virtual ~StreamRequestHandler() = default;
  void serve(Connection& connection);

 protected:
  virtual void setup() {}
  virtual void handle() = 0;
  virtual void finish() {}

  const Address& client_address() const noexcept { return connection_->peer; }
  TCPServer& server() const noexcept { return connection_->server; }

 private:
  Connection* connection_ = nullptr;
  Stream stream_;

 protected:
  // The connection: both are one Stream, which reads through a buffer and writes without.
  Stream& rfile = stream_;
  Stream& wfile = stream_;
};

// A ConnectionHandler that makes a Handler of copies of `arguments` for each connection.
template <std::derived_from<StreamRequestHandler> Handler, typename... Arguments>
ConnectionHandler handler(Arguments... arguments) {
  return [arguments...](Connection& connection) {
    Handler made(arguments...);
    made.serve(connection);
  };
}

class TCPServer : public BaseServer {
 public:
  // A Unix address will do.
  TCPServer(const Address& address, ConnectionHandler handler, ServerOptions options = {});

 private:
  Request get_request() override;
  void finish_request(Request& request) override;

  ConnectionHandler handler_;
};

// At a path, which goes with it. One that a dead server left behind is replaced.
class UnixStreamServer : public TCPServer {
 public:
  UnixStreamServer(std::string_view path, ConnectionHandler handler, ServerOptions options = {});
  ~UnixStreamServer() override;
};

class UDPServer;

// What a datagram handler serves.
struct Datagram {
  std::string packet;
  Address peer;
  UDPServer& server;
  // Sends one datagram to the peer.
  void reply(std::string_view data) const;
};

using DatagramHandler = std::function<void(Datagram&)>;

// A handler as a class, as StreamRequestHandler.
class DatagramRequestHandler {
 public:
  DatagramRequestHandler() = default;
  DatagramRequestHandler(const DatagramRequestHandler&) = delete;
  DatagramRequestHandler& operator=(const DatagramRequestHandler&) = delete;
  virtual ~DatagramRequestHandler() = default;
  void serve(Datagram& datagram);

 protected:
  virtual void setup() {}
  virtual void handle() = 0;
  virtual void finish() {}

  const std::string& packet() const noexcept { return datagram_->packet; }
  const Address& client_address() const noexcept { return datagram_->peer; }
  void reply(std::string_view data) const { datagram_->reply(data); }

 private:
  Datagram* datagram_ = nullptr;
};

template <std::derived_from<DatagramRequestHandler> Handler, typename... Arguments>
DatagramHandler handler(Arguments... arguments) {
  return [arguments...](Datagram& datagram) {
    Handler made(arguments...);
    made.serve(datagram);
  };
}

class UDPServer : public BaseServer {
 public:
  // Of the options, those about connections mean nothing here.
  UDPServer(const Address& address, DatagramHandler handler, ServerOptions options = {});

 private:
  friend struct Datagram;
  Request get_request() override;
  void finish_request(Request& request) override;

  DatagramHandler handler_;
};

}  // namespace proto
