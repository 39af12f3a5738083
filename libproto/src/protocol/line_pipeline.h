// The pipeline under both mail protocols: commands ahead of their replies.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/deadline.h"
#include "proto/secret.h"
#include "proto/stream.h"
#include "proto/trace.h"

namespace proto {

// Sends lines, reads replies, in order. For each command: push(), then, once for every push(), the
// whole reply by read_line() (and the stream itself for what is not lines), then pop(). Where the
// server allows it, many commands may be pushed before the first reply is read:
//
//     while (more_to_send || pipeline.outstanding() > 0) {
//       while (more_to_send && pipeline.has_room()) pipeline.push(next_command());
//       handle(pipeline.read_line(kMax));
//       pipeline.pop();
//     }
//
// What is pushed goes out with the next read_line() or flush(), many commands in one send. While a
// send would block and replies to earlier commands wait, sending stops until they are read: two
// full socket buffers never wait for each other. After an exception the connection is over.
// The stream and the trace must outlive it.
class LinePipeline {
 public:
  // Bytes of commands sent or about to be, whose replies are not in: some 6,000 of POP3's, whose
  // replies fill any round trip.
  static constexpr std::size_t kWindowBytes = 64 * 1024;
  // The same for a server near by. More would fill the sockets' buffers with replies, and each
  // piece that is read then wakes a server that waits to send the next one.
  static constexpr std::size_t kNearWindowBytes = 16 * 1024;

  explicit LinePipeline(Stream& stream, const Trace* trace = nullptr,
                        std::size_t window = kWindowBytes)
      : LinePipeline(stream, trace, window, window) {}
  // `near_window` is for a server that was near: it answered a command within 2 ms before
  // set_pipelining(true).
  LinePipeline(Stream& stream, const Trace* trace, std::size_t window, std::size_t near_window)
      : stream_(stream), trace_(trace), window_(window), near_window_(near_window) {}
  LinePipeline(const LinePipeline&) = delete;
  LinePipeline& operator=(const LinePipeline&) = delete;
  ~LinePipeline();

  // One command at a time until the server says PIPELINING.
  void set_pipelining(bool on) noexcept {
    pipelining_ = on;
    if (on && is_near_) window_ = near_window_;
  }
  bool pipelining() const noexcept { return pipelining_; }

  // False: read a reply first. Turns true again only when half the window is free, so that sends
  // stay large.
  bool has_room() const noexcept { return pipelining_ ? !full_ : sizes_.empty(); }
  // Queues one command, without its CRLF. Throws std::invalid_argument for CR, LF or NUL in it,
  // std::logic_error without room, ProtocolError where the server has said something unasked.
  void push(std::string_view command);
  // The same, of a command that `write` appends to what is queued.
  template <std::invocable<std::string&> Write>
  void push(Write write) {
    const std::size_t begin = open_command();
    try {
      write(unsent_);
      close_command(begin);
    } catch (...) {
      unsent_.resize(begin);  // half a command must not go in front of the next
      throw;
    }
  }
  // The command is `prefix` and `secret`; a trace sees *** for the latter, here and in the
  // server's words (some quote what they refuse), until forget_secrets().
  void push_secret(std::string_view prefix, std::string_view secret);
  void hide(std::string_view secret);
  std::string redacted(std::string_view text) const;
  void forget_secrets() noexcept { secrets_.clear(); }

  // Queues bytes that are answered like a command, as a message is: behind `command` and its CRLF,
  // where that is not empty. The reply is one. Not for secrets; a trace sees the command only.
  void push_data(std::string_view command, std::span<const std::string_view> bytes);
  // One more reply is due, to nothing that was queued here: a greeting, or the end of what went
  // straight to the stream.
  void expect();

  // The next line of the reply to the oldest command, without its line end. The view dies at the
  // next call.
  std::string_view read_line(std::size_t max_bytes);
  // The oldest command's reply was read to its end. Throws ProtocolError where more came and no
  // other command is out; with `may_be_followed` the next push() does.
  void pop(bool may_be_followed = false);

  // Commands whose reply was not read.
  std::size_t outstanding() const noexcept { return sizes_.size(); }
  // Sends what is queued up to the oldest command's end at least, so that its reply may be read
  // from the stream.
  void flush() {
    if (sent_ != unsent_.size()) send_queued();
  }

 private:
  bool is_traced() const noexcept { return trace_ != nullptr && *trace_; }
  void send_queued();
  std::size_t open_command();
  void close_command(std::size_t begin);
  void end_line(std::size_t begin);
  void count(std::size_t begin) noexcept;
  [[noreturn]] void refuse(std::string_view command) const;
  void check_idle(std::string_view when) const;

  Stream& stream_;
  const Trace* trace_;
  std::size_t window_;
  std::size_t near_window_;
  bool is_near_ = false;
  Deadline::Clock::time_point sent_at_{};  // of the last command that went alone
  bool pipelining_ = false;
  bool full_ = false;
  std::string unsent_;
  bool holds_secret_ = false;        // unsent_ does: it is wiped when it went
  std::size_t sent_ = 0;             // bytes at the front of unsent_ that went
  std::deque<std::uint32_t> sizes_;  // of the outstanding commands, oldest first
  std::size_t window_used_ = 0;      // their sum
  std::vector<Secret> secrets_;
};

}  // namespace proto
