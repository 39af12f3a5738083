#include "reference/chatserver/team.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>

namespace proto {

namespace {

// Taken in one go: few enough to share evenly, enough not to meet at the counter.
constexpr std::size_t kStride = 8;
// Below it, waking a helper takes longer than the work.
constexpr std::size_t kWorthSharing = 32;

}  // namespace

Team::Team(std::size_t helpers) {
  // Helpers take no signals: the program's are the main thread's.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (std::size_t i = 0; i < helpers; ++i) threads_.emplace_back([this] { help(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Team::~Team() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  started_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Team::for_each(std::size_t count, const std::function<void(std::size_t)>& work) {
  if (threads_.empty() || count < kWorthSharing) {
    for (std::size_t i = 0; i < count; ++i) work(i);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    count_ = count;
    ++round_;
    next_.store(0);
  }
  started_.notify_all();
  take_part(work, count);
  std::unique_lock lock(mutex_);
  work_ = nullptr;
  finished_.wait(lock, [this] { return helping_ == 0; });
}

void Team::take_part(const std::function<void(std::size_t)>& work, std::size_t count) {
  for (;;) {
    const std::size_t begin = next_.fetch_add(kStride);
    if (begin >= count) return;
    for (std::size_t i = begin; i < std::min(begin + kStride, count); ++i) work(i);
  }
}

void Team::help() {
  std::size_t round = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    started_.wait(lock, [&] { return ending_ || (work_ != nullptr && round_ != round); });
    if (ending_) return;
    round = round_;
    const auto& work = *work_;
    const std::size_t count = count_;
    ++helping_;
    lock.unlock();
    take_part(work, count);
    lock.lock();
    if (--helping_ == 0) finished_.notify_one();
  }
}

}  // namespace proto
