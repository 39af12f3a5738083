#include "proto/server.h"

#include <pthread.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <utility>

#include "net/server_workers.h"
#include "proto/error.h"
#include "proto/selector.h"

namespace proto {

using namespace std::chrono_literals;

namespace {

// After running out of descriptors: long enough not to spin, short enough not to be noticed.
constexpr auto kPause = 50ms;

}  // namespace

struct BaseServer::State {
  State(Socket bound, ServerOptions wanted) : socket(std::move(bound)), options(std::move(wanted)) {
    address = socket.getsockname();
    pthread_sigmask(SIG_BLOCK, nullptr, &signal_mask);
  }

  Socket socket;
  ServerOptions options;
  Address address;
  Selector selector;
  Canceller canceller;
  std::unique_ptr<Workers> workers;
  bool paused = false;  // the socket is not listened to: no room, or no descriptors
  Deadline::Clock::time_point resume_at{};
  std::atomic<bool> ending = false;
  sigset_t signal_mask{};  // for child processes

  std::unique_ptr<Workers> make_workers();
};

std::unique_ptr<Workers> BaseServer::State::make_workers() {
  switch (options.concurrency) {
    case Concurrency::threads:
      return std::make_unique<ThreadWorkers>(selector, options.max_workers, options.max_waiting);
    case Concurrency::processes:
      return std::make_unique<ProcessWorkers>(selector, options.max_workers, [this] {
        // A child that listened too would keep the address after our end. UDP it answers through.
        if (socket.getsockopt(so::type) == SOCK_STREAM) socket.close();
        pthread_sigmask(SIG_SETMASK, &signal_mask, nullptr);
      });
    case Concurrency::sequential:
      break;
  }
  return std::make_unique<NoWorkers>();
}

BaseServer::BaseServer(Socket socket, ServerOptions options) {
  if (options.max_workers == 0) throw std::invalid_argument("a server needs at least one worker");
  state_ = std::make_unique<State>(std::move(socket), std::move(options));
}

BaseServer::~BaseServer() = default;

const Address& BaseServer::server_address() const noexcept {
  return state_->address;
}
int BaseServer::fileno() const noexcept {
  return state_->socket.fileno();
}
const ServerOptions& BaseServer::options() const noexcept {
  return state_->options;
}
Socket& BaseServer::socket() noexcept {
  return state_->socket;
}
const Canceller& BaseServer::canceller() const noexcept {
  return state_->canceller;
}

bool BaseServer::verify_request(const Address&) {
  return true;
}
void BaseServer::handle_error(const Address&, const std::exception&) {}
void BaseServer::handle_timeout() {}
void BaseServer::service_actions() {}

void BaseServer::shutdown() noexcept {
  state_->ending.store(true);
  state_->selector.wake_up();
}

void BaseServer::shutdown_on(std::initializer_list<int> signals) {
  for (const int number : signals) {
    state_->selector.on_signal(number, [this, number] {
      state_->selector.on_signal(number, {});
      shutdown();
    });
  }
}

void BaseServer::serve_forever() {
  State& s = *state_;
  if (!s.socket.is_open()) throw std::logic_error("the server was shut down");
  s.workers = s.make_workers();
  s.selector.add(s.socket, {.read = true}, [this](Readiness) { accept_request(); });
  try {
    while (!s.ending.load()) {
      turn(s.options.poll_interval);
      service_actions();
    }
    s.selector.remove(s.socket);
    s.socket.close();
    drain();
  } catch (...) {
    if (s.socket.is_open()) s.selector.remove(s.socket);
    s.canceller.cancel();
    s.workers.reset();
    throw;
  }
  s.workers.reset();
}

// Waits for events, and listens again once the reason not to has passed.
void BaseServer::turn(std::chrono::milliseconds timeout) {
  State& s = *state_;
  s.selector.run_once(s.paused ? std::min<std::chrono::milliseconds>(timeout, kPause) : timeout);
  const bool listen = Deadline::Clock::now() >= s.resume_at && s.workers->has_room();
  if (listen != s.paused) return;
  s.paused = !listen;
  s.selector.modify(s.socket, {.read = listen});
}

void BaseServer::accept_request() {
  State& s = *state_;
  auto request = std::make_shared<Request>();
  try {
    *request = get_request();
    s.workers->serve([this, request] { process_request(*request); });
  } catch (const NetworkError& e) {
    if (dynamic_cast<const TimeoutError*>(&e) != nullptr) return;  // gone by now
    if (e.code() == EBADF || e.code() == EINVAL) throw;
    pause(request->peer, e);
  } catch (const std::exception& e) {
    pause(request->peer, e);
  }
}

void BaseServer::pause(const Address& peer, const std::exception& why) {
  state_->resume_at = Deadline::Clock::now() + kPause;
  handle_error(peer, why);
}

void BaseServer::process_request(Request& request) {
  try {
    if (verify_request(request.peer)) finish_request(request);
  } catch (const std::exception& e) {
    handle_error(request.peer, e);
  }
}

bool BaseServer::handle_request(std::optional<std::chrono::milliseconds> timeout) {
  State& s = *state_;
  if (!s.socket.is_open()) throw std::logic_error("the server was shut down");
  const Deadline deadline = timeout ? Deadline::after(*timeout) : Deadline();
  for (;;) {
    std::optional<std::chrono::milliseconds> left;
    if (timeout) left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining());
    if (select({s.socket}, {}, {}, left).read.empty()) {
      handle_timeout();
      return false;
    }
    try {
      Request request = get_request();
      process_request(request);
      return true;
    } catch (const TimeoutError&) {
      // The peer had gone before it was accepted.
    }
  }
}

// The handlers that are left have options.drain to end by themselves.
void BaseServer::drain() {
  State& s = *state_;
  const Deadline deadline = Deadline::after(s.options.drain);
  while (!s.workers->is_idle() && !deadline.expired()) {
    s.selector.run_once(std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining()));
  }
  s.canceller.cancel();
  s.workers->hurry();
}

}  // namespace proto
