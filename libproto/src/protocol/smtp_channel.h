// One SMTP connection below its verbs: commands out, replies in, each within its time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "proto/smtp.h"
#include "protocol/line_pipeline.h"
#include "wire/smtp_data.h"
#include "wire/smtp_reply.h"

namespace proto {

class SMTPChannel {
 public:
  SMTPChannel(Stream stream, std::string host, std::uint16_t port, SMTPOptions options);

  // Runs one operation of the user's: within its time, and such that after any failure but a plain
  // refusal the connection is closed.
  template <typename Operation>
  auto run(Operation operation);

  // A command alone and its reply, whatever it says. The reply dies with the next one.
  const SMTPReply& command(std::string_view line);
  // `is_verdict`: what the server says stands, whatever it says behind it.
  const SMTPReply& read_reply(std::chrono::milliseconds patience, bool is_verdict = false);
  // Some of what is due, or all, is here already: to be taken before more is sent.
  bool has_reply() const noexcept {
    return is_open() && pipeline_.outstanding() > 0 && !stream_.peek().empty();
  }
  // Under TLS from here on, and without what was learnt before.
  void start_tls();

  bool is_open() const noexcept { return stream_.is_open(); }
  void close() noexcept { stream_.close(); }

  Stream& stream() noexcept { return stream_; }
  LinePipeline& pipeline() noexcept { return pipeline_; }
  const SMTPOptions& options() const noexcept { return options_; }
  const SMTPTimeouts& timeouts() const noexcept { return options_.timeouts; }
  const std::string& host() const noexcept { return host_; }
  std::uint16_t port() const noexcept { return port_; }
  void set_deadline(Deadline deadline) noexcept { limit_ = deadline; }
  // From here on the stream waits `patience` for each thing, below the operation's deadline.
  void allow(std::chrono::milliseconds patience);

  // "SMTP RCPT: mail.example.org:25: 550 5.1.1 no such user", for errors.
  std::string describe(std::string_view what, const SMTPReply& reply) const;
  std::string describe(std::string_view what, std::string_view why) const;
  // The reply breaks the protocol.
  [[noreturn]] void refuse(std::string_view what, std::string_view want,
                           const SMTPReply& got) const;

  // Where messages are encoded, one at a time: empty, each call.
  DataBlock& block();

  SMTPCapabilities capabilities;
  bool greeted = false;      // EHLO, HELO or LHLO was said
  bool transaction = false;  // the server may hold a sender: RSET before the next MAIL
  std::uint64_t messages = 0;

 private:
  void trace_reply() const;
  bool receive();

  std::string host_;
  std::uint16_t port_;
  SMTPOptions options_;
  Stream stream_;
  LinePipeline pipeline_;
  SMTPReplyParser parser_;
  std::unique_ptr<DataBlock> block_;
  Deadline limit_;      // the user's
  Deadline operation_;  // of what runs now
};

template <typename Operation>
auto SMTPChannel::run(Operation operation) {
  if (!is_open()) throw std::logic_error("the SMTP connection to " + host_ + " is closed");
  operation_ = earlier(limit_, Deadline::after(options_.connect.timeouts.total));
  try {
    return operation();
  } catch (const ReplyError& e) {
    if (e.code() == 421) close();
    throw;
  } catch (...) {
    close();
    throw;
  }
}

}  // namespace proto
