// A smart host as delivery sees it, and what came of handing it a message.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/mail_exit.h"
#include "proto/smtp_types.h"
#include "sendmail-lite/queue_format.h"

namespace proto::sendmail {

// Why somebody has to wait.
enum class Trouble {
  none,
  message,   // the relay said "later" to this message, or broke off in the midst of it
  unknown,   // the connection was lost behind the message's end: it may have been taken
  network,   // no connection
  resolver,  // the relay's name was not found
  relay,     // its greeting, TLS, our login, the configuration: never the message's fault
  local,     // this machine: the queue's disk, memory
};

// Whether the time a message waits for this counts against it.
constexpr bool ages(Trouble trouble) noexcept {
  return trouble == Trouble::message || trouble == Trouble::unknown || trouble == Trouble::network;
}
// Nothing else can go over that relay now.
constexpr bool is_down(Trouble trouble) noexcept {
  return trouble == Trouble::network || trouble == Trouble::resolver || trouble == Trouble::relay;
}
// Whether it will pass by itself: then a message that is safe in the queue is a success.
constexpr bool passes(Trouble trouble, int status) noexcept {
  return status == tools::kTryLater || trouble == Trouble::network ||
         trouble == Trouble::resolver || trouble == Trouble::local;
}

struct Attempt {
  std::vector<Outcome> outcomes;    // one for each recipient, in their order
  Trouble trouble = Trouble::none;  // why some wait
  int status = tools::kDone;        // what became of the worst off, without a queue
  std::string reason;               // one line about those who wait or were refused
  // Some wait only because others were taken: what the server has room for is a matter of the next
  // transaction, or of the next connection.
  bool lacked_room = false;

  bool any(Fate fate) const noexcept;
};

// What goes to a relay.
struct Letter {
  const QueuedEnvelope& envelope;
  const std::vector<std::string>& recipients;  // those of the envelope who still wait
  MessageSource& message;
  // Called once, before the first byte that may deliver; what it throws ends the attempt unsent.
  std::function<void()> before_commit;
  // LMTP: called with an index into `recipients` as each verdict comes.
  std::function<void(std::size_t, const Outcome&)> on_outcome;
};

// Keeps its connection from message to message. Nothing is thrown for what a relay or a network
// may do: it is in the Attempt.
class Relay {
 public:
  virtual ~Relay() = default;
  virtual Attempt send(const Letter& letter) = 0;
  // "mail.example.org:587", for messages.
  virtual std::string name() const = 0;
  // What was said in the last attempt, escaped, without secrets or the message: lines with LF.
  virtual std::string transcript() const = 0;
};

// 67 where every refusal says that there is no such recipient, else 69; 0 where nobody was refused.
int status_of_refusals(const std::vector<Outcome>& outcomes) noexcept;

}  // namespace proto::sendmail
