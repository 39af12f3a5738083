#include "proto/stream.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/characters.h"
#include "net/connect.h"
#include "net/socks.h"
#include "proto/error.h"

namespace proto {

Stream Stream::connect(const std::string& host, std::uint16_t port, const ConnectOptions& options,
                       TLSMode mode, Deadline deadline) {
  const Deadline connected_by = earlier(deadline, Deadline::after(options.timeouts.connect));
  const std::string& target = options.via ? options.via->first : host;
  const std::uint16_t target_port = options.via ? options.via->second : port;
  const std::string& next = options.socks ? options.socks->host : target;
  const std::uint16_t next_port = options.socks ? options.socks->port : target_port;
  ConnectTimes times;
  times.started = Deadline::Clock::now();
  const auto addresses = addresses_for(next, next_port, options, connected_by);
  times.resolved = Deadline::Clock::now();
  const bool literal = next.find(':') != std::string::npos && !next.starts_with('[');
  const std::string where = !options.unix_socket.empty() ? options.unix_socket
                                                         : (literal ? "[" + next + "]" : next) +
                                                               ":" + std::to_string(next_port);
  auto transport = connect_first(addresses, where, options, connected_by);
  if (options.note_local) times.local = local_address(transport->plain_fd());
  if (options.socks) socks_connect(*transport, *options.socks, target, target_port, connected_by);
  Stream stream(std::move(transport), options.timeouts.idle);
  times.connected = Deadline::Clock::now();
  if (mode == TLSMode::implicit) {
    stream.set_deadline(connected_by);
    stream.start_tls(options.tls, host, port);
    times.secured = Deadline::Clock::now();
  }
  stream.set_deadline(deadline);
  stream.times_ = times;
  return stream;
}

Patience Stream::patience() const noexcept {
  return {deadline_, idle_};
}

Transport& Stream::open_transport() const {
  if (!transport_) throw std::logic_error("the stream is not open");
  return *transport_;
}

// Makes room for at least `size` bytes behind what is buffered.
void Stream::reserve_tail(std::size_t size) {
  if (capacity_ - end_ >= size) return;
  const std::size_t have = end_ - begin_;
  if (buffer_ && capacity_ - have >= size) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, have);
  } else {
    std::size_t grown = std::max(capacity_ * 2, kBufferBytes);
    while (grown - have < size) grown *= 2;
    std::unique_ptr<char[]> larger(
        new char[grown]);  // not zeroed: pages that are not used are never touched
    if (have != 0) std::memcpy(larger.get(), buffer_.get() + begin_, have);
    buffer_ = std::move(larger);
    capacity_ = grown;
  }
  begin_ = 0;
  end_ = have;
}

bool Stream::fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  // A quarter is room enough: a buffer that is merely not empty is neither moved nor grown for a
  // few bytes more.
  reserve_tail(capacity_ == 0 || end_ - begin_ >= capacity_ / 2 ? kBufferBytes / 2
                                                                : kBufferBytes / 4);
  const std::size_t n =
      open_transport().read_some({buffer_.get() + end_, capacity_ - end_}, patience());
  end_ += n;
  return n != 0;
}

std::string_view Stream::read_line(std::size_t max_bytes) {
  for (;;) {
    const std::string_view have = peek();
    const auto end = have.find('\n', std::min(scanned_, have.size()));
    if (end != std::string_view::npos && end <= max_bytes) {
      scanned_ = 0;
      consume(end + 1);
      std::string_view line = have.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      return line;
    }
    if (end != std::string_view::npos || have.size() > max_bytes) {
      throw LimitError("a line from " + peer() + " is longer than " + std::to_string(max_bytes) +
                       " bytes: " + quoted(have));
    }
    scanned_ = have.size();
    if (!fill()) {
      throw ClosedError(
          "receiving from " + peer() + ": the connection was closed " +
              (have.empty() ? "where a line was due" : "within the line " + quoted(have)),
          0, Phase::receive, peer());
    }
  }
}

std::size_t Stream::read(std::span<char> into) {
  const std::string_view have = peek();
  if (!have.empty() || into.empty()) {
    const std::size_t n = std::min(have.size(), into.size());
    if (n != 0) std::memcpy(into.data(), have.data(), n);
    consume(n);
    return n;
  }
  // A small read goes through the buffer, so that it is one system call for many.
  if (into.size() < kBufferBytes / 16) return fill() ? read(into) : 0;
  return open_transport().read_some(into, patience());
}

void Stream::read_exactly(std::span<char> into) {
  const std::size_t wanted = into.size();
  while (!into.empty()) {
    const std::size_t n = read(into);
    if (n == 0) {
      throw ClosedError("receiving from " + peer() + ": the connection was closed after " +
                            std::to_string(wanted - into.size()) + " of " + std::to_string(wanted) +
                            " bytes",
                        0, Phase::receive, peer());
    }
    into = into.subspan(n);
  }
}

void Stream::write(std::string_view data) {
  while (!data.empty()) data.remove_prefix(open_transport().write_some({&data, 1}, patience()));
}

void Stream::write(std::span<const std::string_view> parts) {
  // Almost always everything goes at the first call; only what is left over is copied.
  std::size_t sent = open_transport().write_some(parts, patience());
  std::size_t first = 0;
  while (first < parts.size() && sent >= parts[first].size()) sent -= parts[first++].size();
  if (first == parts.size()) return;
  write(parts[first].substr(sent));
  if (first + 1 < parts.size()) write(parts.subspan(first + 1));
}

std::size_t Stream::write_some(std::string_view data) {
  return open_transport().write_some({&data, 1}, patience());
}

std::size_t Stream::write_until_readable(std::string_view data) {
  return write_until_readable({&data, 1});
}

std::size_t Stream::write_until_readable(std::span<const std::string_view> parts) {
  std::size_t total = 0;
  std::string_view rest;  // of a part that went by half
  while ((!parts.empty() || !rest.empty()) && peek().empty()) {
    const auto ready = open_transport().wait({.read = true, .write = true}, patience().end());
    if (ready.read) break;
    const auto now = rest.empty() ? parts : std::span<const std::string_view>(&rest, 1);
    std::size_t sent = transport_->write_some(now, patience());
    total += sent;
    if (!rest.empty()) {
      rest.remove_prefix(sent);
      continue;
    }
    while (!parts.empty() && sent >= parts.front().size()) {
      sent -= parts.front().size();
      parts = parts.subspan(1);
    }
    if (sent == 0) continue;
    rest = parts.front().substr(sent);
    parts = parts.subspan(1);
  }
  return total;
}

void Stream::start_tls(const std::shared_ptr<const TLSContext>& context, std::string_view host,
                       std::uint16_t port) {
  if (!peek().empty()) {
    throw ProtocolError("starting TLS with " + peer() + ": data came before it: " + quoted(peek()));
  }
  open_transport();
  auto policy = context ? context : TLSContext::client({});
  auto secured =
      TLSTransport::connect(std::move(transport_), std::move(policy), host, port, deadline_);
  tls_ = secured.get();
  transport_ = std::move(secured);
  times_.secured = Deadline::Clock::now();
}

void Stream::accept_tls(const std::shared_ptr<const TLSContext>& context) {
  if (!peek().empty()) {
    throw ProtocolError("starting TLS with " + peer() + ": data came before it: " + quoted(peek()));
  }
  open_transport();
  auto secured = TLSTransport::accept(std::move(transport_), context, patience().end());
  tls_ = secured.get();
  transport_ = std::move(secured);
}

std::unique_ptr<Transport> Stream::release(std::string& buffered) {
  buffered.assign(peek());
  begin_ = end_ = scanned_ = 0;
  tls_ = nullptr;
  return std::move(transport_);
}

const std::string& Stream::peer() const noexcept {
  static const std::string kNone = "nobody";
  return transport_ ? transport_->peer() : kNone;
}

}  // namespace proto
