#include "protocol/smtp_channel.h"

#include <algorithm>

#include "base/characters.h"

namespace proto {
namespace {

// Bytes of commands, and of small messages, ahead of their replies.
constexpr std::size_t kWindowBytes = 128 * 1024;

}  // namespace

SMTPChannel::SMTPChannel(Stream stream, std::string host, std::uint16_t port, SMTPOptions options)
    : host_(std::move(host)),
      port_(port),
      options_(std::move(options)),
      stream_(std::move(stream)),
      pipeline_(stream_, &options_.connect.trace, kWindowBytes),
      parser_(options_.max_line_bytes, options_.max_reply_lines) {
  stream_.set_idle(options_.connect.timeouts.idle);
}

DataBlock& SMTPChannel::block() {
  if (!block_) block_ = std::make_unique<DataBlock>();
  block_->clear();
  return *block_;
}

const SMTPReply& SMTPChannel::command(std::string_view line) {
  pipeline_.push(line);
  return read_reply(timeouts().command);
}

void SMTPChannel::allow(std::chrono::milliseconds patience) {
  stream_.set_deadline(earlier(operation_, Deadline::after(patience)));
}

// What is buffered is read before anything is sent or waited for, so that many commands go out in
// one send.
const SMTPReply& SMTPChannel::read_reply(std::chrono::milliseconds patience, bool is_verdict) {
  bool waiting = false;
  do {
    if (stream_.peek().empty() && !std::exchange(waiting, true)) allow(patience);
    const bool ended = stream_.peek().empty() && !receive();
    try {
      if (ended) parser_.finish();
      stream_.consume(parser_.feed(stream_.peek()));
    } catch (const ProtocolError& e) {
      throw ProtocolError(describe("reply", pipeline_.redacted(e.what())));
    } catch (const LimitError& e) {
      throw LimitError(describe("reply", e.what()));
    } catch (const ClosedError& e) {
      throw ClosedError(describe("reply", e.what()), 0, e.phase(), stream_.peer());
    }
  } while (!parser_.done());
  if (options_.connect.trace) trace_reply();
  pipeline_.pop(is_verdict);
  return parser_.reply();
}

// A server that refuses what it has not read yet, and closes, makes the send fail: its reply says
// more than that failure.
bool SMTPChannel::receive() {
  std::exception_ptr failed;
  try {
    pipeline_.flush();
  } catch (const TimeoutError&) {
    throw;
  } catch (const CancelledError&) {
    throw;
  } catch (const NetworkError&) {
    failed = std::current_exception();
  }
  bool more = false;
  try {
    more = stream_.fill();
  } catch (const Error&) {
    if (failed) std::rethrow_exception(failed);
    throw;
  }
  if (!more && failed) std::rethrow_exception(failed);
  return more;
}

void SMTPChannel::trace_reply() const {
  const SMTPReply& reply = parser_.reply();
  const std::string enhanced = reply.enhanced.empty() ? "" : reply.enhanced + " ";
  std::string_view text = reply.text;
  for (;;) {
    const std::size_t end = text.find('\n');
    const bool last = end == std::string_view::npos;
    trace_received(options_.connect.trace, std::to_string(reply.code) + (last ? " " : "-") +
                                               enhanced + pipeline_.redacted(text.substr(0, end)));
    if (last) return;
    text.remove_prefix(end + 1);
  }
}

void SMTPChannel::start_tls() {
  allow(options_.connect.timeouts.connect);
  stream_.start_tls(options_.connect.tls, host_, port_);
  if (options_.connect.trace) {
    const TLSInfo& info = stream_.tls()->info();
    trace_info(options_.connect.trace, info.version + " " + info.cipher);
  }
  capabilities = {};
  greeted = false;
  pipeline_.set_pipelining(false);
}

std::string SMTPChannel::describe(std::string_view what, std::string_view why) const {
  std::string text = options_.lmtp ? "LMTP " : "SMTP ";
  text.append(what).append(": ");
  const std::string host = host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]";
  text += options_.connect.unix_socket.empty() ? host + ":" + std::to_string(port_)
                                               : options_.connect.unix_socket;
  return text.append(": ").append(why);
}

std::string SMTPChannel::describe(std::string_view what, const SMTPReply& reply) const {
  std::string words = std::to_string(reply.code);
  if (!reply.enhanced.empty()) words += " " + reply.enhanced;
  if (!reply.text.empty()) words += " " + escaped(pipeline_.redacted(reply.text.substr(0, 512)));
  return describe(what, words);
}

void SMTPChannel::refuse(std::string_view what, std::string_view want, const SMTPReply& got) const {
  throw ProtocolError(
      describe(what, "want " + std::string(want) + ", got " +
                         quoted(std::to_string(got.code) + " " + pipeline_.redacted(got.text))));
}

}  // namespace proto
