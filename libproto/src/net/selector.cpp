#include "proto/selector.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <stdexcept>
#include <string>

#include "net/system.h"

namespace proto {

namespace {

std::uint64_t token(int fd, std::uint32_t generation) {
  return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(fd);
}

std::uint32_t events_for(Readiness interest) {
  return (interest.read ? EPOLLIN : 0U) | (interest.write ? EPOLLOUT : 0U);
}

}  // namespace

struct Selector::Signals {
  int fd = -1;  // signalfd
  sigset_t taken{};
  sigset_t unblocked{};  // those of them that were not blocked before
  std::map<int, std::function<void()>> handlers;

  Signals() {
    sigemptyset(&taken);
    sigemptyset(&unblocked);
  }
  ~Signals() {
    if (fd >= 0) ::close(fd);
    pthread_sigmask(SIG_UNBLOCK, &unblocked, nullptr);
  }

  void take(int number, std::function<void()> handler) {
    sigset_t one, before;
    sigemptyset(&one);
    sigaddset(&one, number);
    sigaddset(&taken, number);
    handlers[number] = std::move(handler);
    pthread_sigmask(SIG_BLOCK, &one, &before);
    if (sigismember(&before, number) == 0) sigaddset(&unblocked, number);
  }
  void give_back(int number) {
    sigset_t one;
    sigemptyset(&one);
    if (sigismember(&unblocked, number) == 1) sigaddset(&one, number);
    sigdelset(&taken, number);
    sigdelset(&unblocked, number);
    handlers.erase(number);
    pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  }
};

Selector::Selector() {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw_network("epoll_create1", errno, Phase::none);
  epoll_ = above_stdio(epoll_, Phase::none);
  try {
    wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_ < 0) throw_network("eventfd", errno, Phase::none);
    wake_ = above_stdio(std::exchange(wake_, -1), Phase::none);
    add(wake_, {.read = true}, [this](Readiness) {
      std::uint64_t count = 0;
      static_cast<void>(!::read(wake_, &count, sizeof count));
    });
  } catch (...) {
    if (wake_ >= 0) ::close(wake_);
    ::close(epoll_);
    throw;
  }
}

Selector::~Selector() {
  ::close(wake_);
  ::close(epoll_);
}

Selector::Watch& Selector::watch_of(Descriptor descriptor) {
  const auto index = static_cast<std::size_t>(descriptor.fileno());
  if (descriptor.fileno() < 0 || index >= watches_.size() || !watches_[index].handler) {
    throw std::logic_error("descriptor " + std::to_string(descriptor.fileno()) +
                           " is not in the selector");
  }
  return watches_[index];
}

void Selector::add(Descriptor descriptor, Readiness interest, Handler handler) {
  const int fd = descriptor.fileno();
  if (fd < 0) throw_network("cannot watch a descriptor", EBADF, Phase::none);
  const auto index = static_cast<std::size_t>(fd);
  if (index >= watches_.size()) {
    watches_.resize(std::max(index + 1, watches_.size() * 2));
    removed_.reserve(watches_.size());  // so that remove() need not
  }
  Watch& slot = watches_[index];
  if (slot.handler) {
    throw std::logic_error("descriptor " + std::to_string(fd) + " is in the selector already");
  }
  ++slot.generation;
  slot.polled = slot.file = false;
  auto kept = std::make_unique<Handler>(std::move(handler));
  watch(fd, slot, interest);
  slot.handler = std::move(kept);
}

void Selector::modify(Descriptor descriptor, Readiness interest) {
  watch(descriptor.fileno(), watch_of(descriptor), interest);
}

// What nobody is interested in is taken out of epoll: it would report errors and hang-ups for ever.
void Selector::watch(int fd, Watch& watch, Readiness interest) {
  watch.interest = interest;
  if (watch.file) return;
  const bool wanted = interest.read || interest.write;
  if (!wanted && !watch.polled) return;
  epoll_event event{};
  event.events = events_for(interest);
  event.data.u64 = token(fd, watch.generation);
  const int operation = !wanted ? EPOLL_CTL_DEL : watch.polled ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (::epoll_ctl(epoll_, operation, fd, &event) != 0) {
    if (errno != EPERM || operation != EPOLL_CTL_ADD)
      throw_network("cannot watch a descriptor", errno, Phase::none);
    watch.file = true;
    ++files_;
    return;
  }
  watch.polled = wanted;
}

void Selector::remove(Descriptor descriptor) noexcept {
  const auto index = static_cast<std::size_t>(descriptor.fileno());
  if (descriptor.fileno() < 0 || index >= watches_.size()) return;
  Watch& watch = watches_[index];
  if (!watch.handler) return;
  if (watch.polled) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor.fileno(), nullptr);
  if (watch.file) --files_;
  removed_.push_back(std::move(watch.handler));
}

Selector::Timer Selector::at(Deadline::Clock::time_point when, std::function<void()> handler) {
  const Timer timer{when, next_timer_++};
  timers_.emplace(timer, std::move(handler));
  return timer;
}

void Selector::cancel(const Timer& timer) noexcept {
  timers_.erase(timer);
}

void Selector::on_signal(int number, std::function<void()> handler) {
  const bool first = !signals_;
  if (first) signals_ = std::make_unique<Signals>();
  if (handler) {
    signals_->take(number, std::move(handler));
  } else {
    signals_->give_back(number);
  }
  const int fd = ::signalfd(signals_->fd, &signals_->taken, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) throw_network("cannot take over a signal", errno, Phase::none);
  if (!first) return;
  signals_->fd = above_stdio(fd, Phase::none);
  add(signals_->fd, {.read = true}, [this](Readiness) { call_signals(); });
}

void Selector::call_signals() {
  signalfd_siginfo info;
  while (::read(signals_->fd, &info, sizeof info) == sizeof info) {
    const auto found = signals_->handlers.find(static_cast<int>(info.ssi_signo));
    if (found == signals_->handlers.end()) continue;
    const auto handler = found->second;  // a copy: it may set itself anew
    handler();
  }
}

void Selector::post(std::function<void()> function) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(function));
  }
  wake_up();
}

void Selector::wake_up() noexcept {
  const int code = errno;  // left as it was, for signal handlers
  const std::uint64_t one = 1;
  static_cast<void>(!::write(wake_, &one, sizeof one));
  errno = code;
}

void Selector::stop() noexcept {
  stopped_.store(true);
  wake_up();
}

void Selector::run() {
  while (!stopped_.exchange(false)) run_once();
}

bool Selector::run_once(std::optional<std::chrono::milliseconds> timeout) {
  removed_.clear();
  Deadline until = timeout ? Deadline::after(*timeout) : Deadline();
  if (!timers_.empty()) until = earlier(until, Deadline::at(timers_.begin()->first.first));
  std::array<epoll_event, 256> events;
  const int wait = files_ > 0 || stopped_.load() ? 0 : poll_timeout(until);
  const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait);
  if (n < 0 && errno != EINTR) throw_network("epoll_wait", errno, Phase::none);

  bool any = call_timers();
  for (int i = 0; i < n && !stopped_.load(std::memory_order_relaxed); ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    const Readiness ready{.read = broken || (event.events & EPOLLIN) != 0,
                          .write = broken || (event.events & EPOLLOUT) != 0};
    any |= dispatch(static_cast<int>(event.data.u64 & UINT32_MAX),
                    static_cast<std::uint32_t>(event.data.u64 >> 32), ready);
  }
  if (files_ > 0) any |= call_files();
  any |= call_posted();
  removed_.clear();
  return any;
}

bool Selector::dispatch(int fd, std::uint32_t generation, Readiness ready) {
  const Watch& watch = watches_[static_cast<std::size_t>(fd)];
  // A handler before it in this turn may have removed it, changed it, or put another in its place.
  if (!watch.handler || watch.generation != generation) return false;
  ready.read = ready.read && watch.interest.read;
  ready.write = ready.write && watch.interest.write;
  if (!ready.read && !ready.write) return false;
  (*watch.handler)(ready);
  return fd != wake_;
}

bool Selector::call_files() {
  bool any = false;
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    if (watches_[i].file && watches_[i].handler)
      any |= dispatch(static_cast<int>(i), watches_[i].generation, {.read = true, .write = true});
  }
  return any;
}

bool Selector::call_timers() {
  const auto now = Deadline::Clock::now();
  const std::uint64_t first_new = next_timer_;  // what handlers start waits for the next turn
  bool any = false;
  while (!timers_.empty() && !stopped_.load()) {
    const auto first = timers_.begin();
    if (first->first.first > now || first->first.second >= first_new) break;
    const auto node = timers_.extract(first);
    node.mapped()();
    any = true;
  }
  return any;
}

bool Selector::call_posted() {
  std::vector<std::function<void()>> functions;
  {
    const std::lock_guard lock(mutex_);
    functions.swap(posted_);
  }
  for (const auto& function : functions) function();
  return !functions.empty();
}

}  // namespace proto
