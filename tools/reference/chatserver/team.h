// A few threads that share one piece of work at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace proto {

class Team {
 public:
  // `helpers` threads beside the caller's.
  explicit Team(std::size_t helpers);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  // Calls work(0) ... work(count - 1), each once, on any of the threads; returns when all have
  // returned. They must not throw. A helper that wakes too late is not waited for.
  void for_each(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  void help();
  void take_part(const std::function<void(std::size_t)>& work, std::size_t count);

  std::mutex mutex_;
  std::condition_variable started_, finished_;
  const std::function<void(std::size_t)>* work_ = nullptr;  // null: none to take part in
  std::size_t count_ = 0;
  std::size_t round_ = 0;
  std::size_t helping_ = 0;
  bool ending_ = false;
  std::atomic<std::size_t> next_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace proto
