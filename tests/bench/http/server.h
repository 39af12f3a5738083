// A server of ready-made replies, in a process of its own on a core of its choice.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace bench {

// SCHED_FIFO where we may: what else the machine does is kept out of the figures. Both are
// inherited by what is started then.
void run_on(int core);
void run_anywhere();

class Server {
 public:
  // `certificate` and `key`: PEM files; empty: no TLS.
  explicit Server(int core, const std::string& certificate = {}, const std::string& key = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  int listener_;
  std::uint16_t port_ = 0;
  pid_t child_ = -1;
};

}  // namespace bench
