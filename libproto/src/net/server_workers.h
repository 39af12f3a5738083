// Who serves the requests that a server's loop has taken: its own thread, a bounded pool of
// threads, or a bounded number of child processes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "proto/selector.h"

namespace proto {

// A request, ready to be served. Called once; dropped uncalled, it closes what it holds.
using Job = std::function<void()>;

// One thread, the loop's, calls all of it.
class Workers {
 public:
  virtual ~Workers() = default;
  // False: wait before taking another request; the selector wakes when there is room again.
  virtual bool has_room() = 0;
  virtual void serve(Job job) = 0;
  // Nothing waits and nothing is being served; where that is false, the selector wakes when it may
  // have become true.
  virtual bool is_idle() = 0;
  // Time is up: tells those who still serve to end.
  virtual void hurry() = 0;
};

class NoWorkers final : public Workers {
 public:
  bool has_room() override { return true; }
  void serve(Job job) override { job(); }
  bool is_idle() override { return true; }
  void hurry() override {}
};

// Threads start as they are needed, and stay.
class ThreadWorkers final : public Workers {
 public:
  ThreadWorkers(Selector& selector, std::size_t max_threads, std::size_t max_waiting)
      : selector_(selector), max_threads_(max_threads), max_waiting_(max_waiting) {}
  // Drops what waits, and joins the threads.
  ~ThreadWorkers() override;

  bool has_room() override;
  void serve(Job job) override;
  bool is_idle() override;
  void hurry() override {}  // their streams are cancelled

 private:
  void work();

  Selector& selector_;
  const std::size_t max_threads_, max_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;
  std::size_t busy_ = 0;
  bool ending_ = false;
  bool awaited_ = false;  // the loop waits for room, or for the end
  std::vector<std::thread> threads_;
};

// A child each. The job runs there, and nothing comes back but its end.
class ProcessWorkers final : public Workers {
 public:
  // `in_child`: what a child must first let go of.
  ProcessWorkers(Selector& selector, std::size_t max_processes, std::function<void()> in_child)
      : selector_(selector), max_processes_(max_processes), in_child_(std::move(in_child)) {}
  // Ends what still runs, and reaps it.
  ~ProcessWorkers() override;

  bool has_room() override { return children_.size() < max_processes_; }
  void serve(Job job) override;
  bool is_idle() override { return children_.empty(); }
  void hurry() override;

 private:
  void reap(int pid_fd);

  Selector& selector_;
  const std::size_t max_processes_;
  std::function<void()> in_child_;
  std::map<int, int> children_;  // pidfd to pid
};

}  // namespace proto
