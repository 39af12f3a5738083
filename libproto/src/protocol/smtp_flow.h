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
  // Throws SMTPNotSupportedError. All of these must outlive it.
  SMTPSending(SMTPChannel& channel, const Envelope& envelope, SMTPBody message,
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
  SMTPBody body_;
  SendResult result_;
  SMTPPlan plan_;
  std::vector<SMTPTransaction> transactions_;
};

class SMTPFlow {
 public:
  // The next message, or null: no more. Called when there is room for it.
  using Next = std::function<std::unique_ptr<SMTPSending>()>;
  using Done = std::function<void(const SendResult&)>;
  SMTPFlow(SMTPChannel& channel, Next next, Done done)
      : channel_(channel), next_(std::move(next)), done_(std::move(done)) {}

  // Throws what ended the connection, after done() for all messages that have a result. Where the
  // server ended it by 421 with more to send, that is an SMTPReplyError.
  void run();

 private:
  bool push();
  void retire();
  void fail(std::string_view why);

  SMTPChannel& channel_;
  Next next_;
  Done done_;
  std::deque<std::unique_ptr<SMTPSending>> sendings_;
  std::deque<SMTPTransaction*> transactions_;  // of sendings_, not done
  std::size_t pushed_ = 0;                     // of transactions_, whole
  bool exhausted_ = false;
};

}  // namespace proto
