// A message's bytes on their way, by DATA or by BDAT.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/smtp_body.h"
#include "protocol/smtp_channel.h"

namespace proto {

// What comes before the bytes, and the verdict behind them, is the caller's. The channel must
// outlive it.
class SMTPTransfer {
 public:
  struct Form {
    bool bdat = false;
    // As they are, without a look at their line ends: BINARYMIME.
    bool raw = false;
  };
  // `commit` is called when all that the server needs to take the message is about to go.
  SMTPTransfer(SMTPChannel& channel, Form form, std::function<void()> commit = {})
      : channel_(channel), form_(form), commit_(std::move(commit)) {}

  // Small ones, as one command of the pipeline, whose reply is the verdict.
  void push(SMTPBody& body);
  // Straight into the stream. False: refusal() came before the end. Then the connection is closed,
  // unless the server waits for nothing more of it.
  bool stream(SMTPBody& body);
  // A chunk that the caller made. As stream().
  bool stream_chunk(std::string_view chunk, bool last);
  const SMTPReply& refusal() const noexcept { return *refusal_; }

 private:
  bool stream_data(SMTPBody& body);
  bool stream_bdat(SMTPBody& body);
  bool send_chunk(std::span<const std::string_view> parts, std::size_t size, bool last);
  bool send(std::span<const std::string_view> parts);
  bool hear();
  bool read_chunk_replies(std::size_t leave);
  void pass_over_chunks();
  void commit();

  SMTPChannel& channel_;
  Form form_;
  std::function<void()> commit_;
  bool begun_ = false;      // the server waits for the rest of what it is sent
  std::size_t chunks_ = 0;  // whose replies are due
  std::optional<SMTPReply> refusal_;
};

// 4xx or 5xx.
inline bool refuses(const SMTPReply& reply) noexcept {
  return reply.for_now() || reply.for_good();
}

}  // namespace proto
