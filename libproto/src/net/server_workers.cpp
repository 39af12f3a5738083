#include "net/server_workers.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include "net/system.h"

namespace proto {

bool ThreadWorkers::has_room() {
  const std::lock_guard lock(mutex_);
  const bool room = waiting_.size() < max_waiting_ || busy_ + waiting_.size() < max_threads_;
  if (!room) awaited_ = true;
  return room;
}

void ThreadWorkers::serve(Job job) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
    if (threads_.size() < max_threads_ && busy_ + waiting_.size() > threads_.size()) {
      try {
        threads_.emplace_back([this] { work(); });
      } catch (const std::system_error&) {
        // No more threads to be had: those that there are must do.
        if (threads_.empty()) {
          waiting_.pop_back();
          throw;
        }
      }
    }
  }
  changed_.notify_one();
}

void ThreadWorkers::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    ++busy_;
    lock.unlock();
    job();
    job = nullptr;  // closes the connection, before this thread counts as free
    lock.lock();
    --busy_;
    if (std::exchange(awaited_, false)) selector_.wake_up();
  }
}

bool ThreadWorkers::is_idle() {
  const std::lock_guard lock(mutex_);
  const bool idle = waiting_.empty() && busy_ == 0;
  if (!idle) awaited_ = true;
  return idle;
}

ThreadWorkers::~ThreadWorkers() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ProcessWorkers::serve(Job job) {
  const pid_t pid = ::fork();
  if (pid < 0) throw_network("cannot start a process", errno, Phase::none);
  if (pid == 0) {
    // Whatever happens, nothing of the parent's is unwound, flushed or destroyed twice.
    try {
      in_child_();
      job();
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  const int pid_fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pid_fd < 0) {
    // Without a descriptor for its end, its end is waited for here.
    retry([pid] { return ::waitpid(pid, nullptr, 0); });
    return;
  }
  children_.emplace(pid_fd, pid);
  selector_.add(pid_fd, {.read = true}, [this, pid_fd](Readiness) { reap(pid_fd); });
}

void ProcessWorkers::reap(int pid_fd) {
  const auto child = children_.find(pid_fd);
  retry([&] { return ::waitpid(child->second, nullptr, 0); });
  children_.erase(child);
  selector_.remove(pid_fd);
  ::close(pid_fd);
}

void ProcessWorkers::hurry() {
  for (const auto& [pid_fd, pid] : children_) ::kill(pid, SIGTERM);
}

ProcessWorkers::~ProcessWorkers() {
  hurry();
  while (!children_.empty()) {
    const int pid_fd = children_.begin()->first;
    if (poll_one(pid_fd, POLLIN, Deadline::after(std::chrono::seconds(1))) == 0) {
      ::kill(children_.begin()->second, SIGKILL);
    }
    reap(pid_fd);
  }
}

}  // namespace proto
