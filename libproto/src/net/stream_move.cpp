// What of Stream deals with ownership, and with moving a body to a descriptor.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "net/system.h"
#include "net/write_fd.h"
#include "proto/error.h"
#include "proto/stream.h"

namespace proto {

// A pipe that splice(2) needs between a socket and a file; made once for a stream.
struct Stream::Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw_network("pipe", errno, Phase::receive);
    read_end = ends[0];
    write_end = ends[1];
    // Larger than the default: fewer calls for the same bytes. Where it is refused the default
    // serves.
    ::fcntl(write_end, F_SETPIPE_SZ, kBytes);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    ::close(read_end);
    ::close(write_end);
  }
  static constexpr int kBytes = 1024 * 1024;
  int read_end;
  int write_end;
};

namespace {

// From a pipe of ours to `fd`, all of it.
void splice_all(int pipe, int fd, std::size_t size) {
  SigpipeGuard guard;
  while (size > 0) {
    const ssize_t n = ::splice(pipe, nullptr, fd, nullptr, size, SPLICE_F_MOVE | SPLICE_F_MORE);
    if (n > 0) {
      size -= static_cast<std::size_t>(n);
    } else if (n < 0 && errno == EINVAL) {
      // A terminal, a file opened for appending: nothing is lost, the bytes wait in the pipe.
      std::array<char, 64 * 1024> buffer;
      const ssize_t got = ::read(pipe, buffer.data(), std::min(size, buffer.size()));
      if (got <= 0) refuse_write(EIO);
      write_to_fd(fd, {buffer.data(), static_cast<std::size_t>(got)});
      size -= static_cast<std::size_t>(got);
    } else if (n < 0 && errno == EAGAIN) {
      poll_one(fd, POLLOUT, Deadline());
    } else if (n == 0 || errno != EINTR) {
      if (n < 0 && errno == EPIPE) guard.broken();
      refuse_write(n == 0 ? EIO : errno);
    }
  }
}

}  // namespace

Stream::Stream(std::unique_ptr<Transport> transport, std::chrono::milliseconds idle)
    : transport_(std::move(transport)), idle_(idle) {
  tls_ = dynamic_cast<const TLSTransport*>(transport_.get());
}

Stream::Stream() noexcept = default;
Stream::~Stream() = default;
Stream::Stream(Stream&& other) noexcept {
  *this = std::move(other);
}

Stream& Stream::operator=(Stream&& other) noexcept {
  transport_ = std::move(other.transport_);
  tls_ = std::exchange(other.tls_, nullptr);
  buffer_ = std::move(other.buffer_);
  capacity_ = std::exchange(other.capacity_, 0);
  begin_ = std::exchange(other.begin_, 0);
  end_ = std::exchange(other.end_, 0);
  scanned_ = std::exchange(other.scanned_, 0);
  deadline_ = other.deadline_;
  idle_ = other.idle_;
  times_ = other.times_;
  pipe_ = std::move(other.pipe_);
  return *this;
}

// The buffer's memory stays: a view of the last bytes read is good until the next call.
void Stream::close() noexcept {
  if (transport_) transport_->close();
  transport_.reset();
  tls_ = nullptr;
  begin_ = end_ = scanned_ = 0;
}

std::uint64_t Stream::move_to_fd(int fd, std::uint64_t max_bytes) {
  const int source = open_transport().plain_fd();
  if (peek().empty() && source >= 0 && max_bytes >= kBufferBytes) {
    if (!pipe_) pipe_ = std::make_unique<Pipe>();
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(max_bytes, Pipe::kBytes));
    for (;;) {
      const ssize_t n = ::splice(source, nullptr, pipe_->write_end, nullptr, most,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (n > 0) {
        splice_all(pipe_->read_end, fd, static_cast<std::size_t>(n));
        return static_cast<std::uint64_t>(n);
      }
      if (n == 0) break;  // the end, or a cancellation: the read below tells
      if (errno == EAGAIN) {
        transport_->wait({.read = true}, patience().end());
      } else if (errno == EINVAL || errno == ENOSYS) {
        break;  // what splice cannot do the read below does
      } else if (errno != EINTR) {
        // Told now: a reset is told once, and the next read would take it for the end.
        throw_network("receiving from " + peer(), errno, Phase::receive, peer());
      }
    }
  }
  if (peek().empty() && !fill()) return 0;
  const std::string_view piece =
      peek().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(max_bytes, SIZE_MAX)));
  write_to_fd(fd, piece);
  consume(piece.size());
  return piece.size();
}

}  // namespace proto
