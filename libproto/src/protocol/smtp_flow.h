// Many messages over one connection, each one's commands behind the one before as far as the server
// lets them.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "protocol/smtp_plan.h"
#include "protocol/smtp_transaction.h"

namespace proto {

// A message, and the transactions that it takes: one, or as many as LIMITS make of it.
class SMTPSending {
 public:
  SMTPSending() = default;
  // Anew, in the memory of the message before. Throws SMTPNotSupportedError. All of these must
  // outlive it.
  void begin(SMTPChannel& channel, const Envelope& envelope, SMTPBody message,
             const SendOptions& options);
  SMTPSending(const SMTPSending&) = delete;
  SMTPSending& operator=(const SMTPSending&) = delete;

  std::vector<SMTPTransaction>& transactions() noexcept { return transactions_; }
  // Some of it ended, or may have been taken.
  bool progressed() const noexcept;
  void lost(std::string_view why);
  // What became of it, once all of them are done or lost.
  const SendResult& result();

 private:
  SMTPBody body_{std::string_view()};
  SendResult result_;
  SMTPPlan plan_;
  std::vector<SMTPTransaction> transactions_;
};

class SMTPFlow {
 public:
  // The next message, or null: no more. Called when there is room for it, with one that is done,
  // whose memory may serve it, or null.
  using Next = std::function<std::unique_ptr<SMTPSending>(std::unique_ptr<SMTPSending> spare)>;
  using Done = std::function<void(const SendResult&)>;
  SMTPFlow(SMTPChannel& channel, Next next, Done done)
      : channel_(channel), next_(std::move(next)), done_(std::move(done)) {}

  // Throws what ended the connection, after done() for all messages that have a result: where the
  // server ended it by 421 with more to send, a ClosedError.
  void run();

 private:
  bool push();
  std::unique_ptr<SMTPSending> begin_next();
  void take();
  void retire();
  void fail(std::string_view why);

  SMTPChannel& channel_;
  Next next_;
  Done done_;
  std::deque<std::unique_ptr<SMTPSending>> sendings_;
  std::unique_ptr<SMTPSending> spare_;  // one that is done: its memory serves the next message
  std::deque<SMTPTransaction*> transactions_;  // of sendings_, not done
  std::size_t pushed_ = 0;                     // of transactions_, whole
  bool exhausted_ = false;
};

}  // namespace proto
