// TCP and Unix sockets as a Transport.
#pragma once

#include <memory>
#include <string>

#include "proto/deadline.h"
#include "proto/error.h"
#include "proto/transport.h"

namespace proto {

// Blocking, with the deadline in SO_RCVTIMEO: a read that must wait costs one system call, not
// three (EAGAIN, poll, recv).
class SocketTransport final : public Transport {
 public:
  // Owns `fd`, a connected stream socket in blocking mode.
  SocketTransport(int fd, std::string peer, const Canceller& canceller);
  ~SocketTransport() override;
  SocketTransport(const SocketTransport&) = delete;
  SocketTransport& operator=(const SocketTransport&) = delete;

  std::size_t read_some(std::span<char> into, Patience patience) override;
  std::size_t write_some(std::span<const std::string_view> parts, Patience patience) override;
  Ready wait(Ready wanted, Deadline deadline) override;
  void shutdown_write() noexcept override;
  void close() noexcept override;
  int plain_fd() const noexcept override { return fd_; }
  const std::string& peer() const noexcept override { return peer_; }

 private:
  void arm_receive_timeout(Deadline::Clock::duration left);
  [[noreturn]] void fail(const char* what, int code, Phase phase) const;
  void throw_if_cancelled() const;

  int fd_;
  std::string peer_;
  Canceller canceller_;
  Canceller::Registration registration_;
  Deadline::Clock::duration armed_{};  // SO_RCVTIMEO as it is set; zero: not set
};

}  // namespace proto
