// Waiting for many descriptors at once: select(), as the tutorial has it, and the event loop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "proto/deadline.h"
#include "proto/socket.h"

namespace proto {

// What can be waited on: a Socket, or a descriptor such as 0, standard input. It owns nothing.
class Descriptor {
 public:
  Descriptor(int fd) noexcept : fd_(fd) {}  // NOLINT: select({0, socket}, ...)
  Descriptor(const Socket& socket) noexcept : fd_(socket.fileno()) {}  // NOLINT: the same
  int fileno() const noexcept { return fd_; }
  friend bool operator==(Descriptor, Descriptor) noexcept = default;

 private:
  int fd_;
};

// Those that are ready, of each list, in the order given.
struct Selected {
  std::vector<Descriptor> read, write, except;
};

// Returns when one of `read` would not block in recv (data, its end, or a connection to accept),
// one of `write` not in send, or one of `except` has an exceptional condition (urgent data); all
// lists empty after `timeout`. Zero only looks. Any number of descriptors, of any value. Throws
// NetworkError (EBADF) where one is not open.
//
//   auto [readable, writable, failed] = select({0, first, second}, {}, {}, 5s);
Selected select(const std::vector<Descriptor>& read, const std::vector<Descriptor>& write,
                const std::vector<Descriptor>& except,
                std::optional<std::chrono::milliseconds> timeout = std::nullopt);

// What a Selector watches a descriptor for, and what it found. An error or a hang-up makes both
// ready: the call that follows finds out which.
struct Readiness {
  bool read = false;
  bool write = false;
};

// An event loop (epoll): descriptors, timers, signals, and calls from other threads, each with its
// handler, which runs on the thread that is in run() or run_once(). Handlers may add, change and
// remove anything, themselves too. What a handler throws comes out of run(), and run() may be
// called again. Level-triggered: a handler that leaves data behind is called again. One thread at a
// time, but stop(), wake_up() and post() may come from any.
class Selector {
 public:
  using Handler = std::function<void(Readiness)>;

  Selector();
  Selector(const Selector&) = delete;
  Selector& operator=(const Selector&) = delete;
  // Signals that on_signal() took over are delivered as before.
  ~Selector();

  // `descriptor` stays the caller's, who calls remove() before closing it. A file, which is always
  // ready, will do (standard input may be one). Throws std::logic_error where it is there already.
  void add(Descriptor descriptor, Readiness interest, Handler handler);
  void modify(Descriptor descriptor, Readiness interest);
  // Its handler is not called again, even for what is ready by now.
  void remove(Descriptor descriptor) noexcept;

  using Timer = std::pair<Deadline::Clock::time_point, std::uint64_t>;
  // Calls `handler` once, when the time has come.
  Timer at(Deadline::Clock::time_point when, std::function<void()> handler);
  Timer after(Deadline::Clock::duration delay, std::function<void()> handler) {
    return at(Deadline::Clock::now() + delay, std::move(handler));
  }
  // One that has been called or cancelled by now is nothing.
  void cancel(const Timer& timer) noexcept;

  // Calls `handler` when the signal comes, which is blocked for this thread and those it starts
  // from now on: call this before starting threads, or they take the signal as before. An empty
  // handler gives the signal back.
  void on_signal(int number, std::function<void()> handler);

  // Has the loop call `function`, soon. From any thread.
  void post(std::function<void()> function);
  // Makes the loop return from waiting. From any thread, and from a signal handler.
  void wake_up() noexcept;
  // Makes run() return when the handler that runs now has returned; a stop() that comes before
  // run() counts too, once. From any thread, and from a signal handler.
  void stop() noexcept;

  // Until stop().
  void run();
  // Waits until something is ready, `timeout` at most, and calls the handlers for it; whether there
  // was anything.
  bool run_once(std::optional<std::chrono::milliseconds> timeout = std::nullopt);

 private:
  struct Watch {
    std::uint32_t generation = 0;  // tells the events of a descriptor's earlier owner apart
    Readiness interest;
    bool polled = false;  // known to epoll; a file is not, nor what nobody is interested in
    bool file = false;
    std::unique_ptr<Handler> handler;  // null: not in use
  };
  struct Signals;

  Watch& watch_of(Descriptor descriptor);
  void watch(int fd, Watch& watch, Readiness interest);
  bool dispatch(int fd, std::uint32_t generation, Readiness ready);
  bool call_files();
  bool call_timers();
  bool call_posted();
  void call_signals();

  int epoll_ = -1;
  int wake_ = -1;  // eventfd
  std::atomic<bool> stopped_ = false;
  std::vector<Watch> watches_;  // by descriptor
  std::vector<std::unique_ptr<Handler>>
      removed_;  // until the turn ends: one of them may be running
  std::size_t files_ = 0;
  std::map<Timer, std::function<void()>> timers_;
  std::uint64_t next_timer_ = 0;
  std::unique_ptr<Signals> signals_;
  std::mutex mutex_;  // guards posted_
  std::vector<std::function<void()>> posted_;
};

}  // namespace proto
