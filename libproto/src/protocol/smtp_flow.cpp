#include "protocol/smtp_flow.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace proto {

void SMTPSending::begin(SMTPChannel& channel, const Envelope& envelope, SMTPBody message,
                        const SendOptions& options) {
  body_ = std::move(message);
  result_.recipients.resize(envelope.to.size());
  for (RecipientResult& recipient : result_.recipients) {
    recipient.verdict = Verdict::unknown;
    clear(recipient.reply);
  }
  result_.sender_refused = false;
  if (std::exchange(result_.message_refused, false)) result_.message_reply = {};
  transactions_.clear();
  plan_message(channel, envelope, body_, options.transfer, plan_);
  const SMTPCapabilities& has = channel.capabilities;
  const bool limited = has.rcpt_max || has.rcpt_domain_max;
  transactions_.reserve(limited ? envelope.to.size() : 1);  // the flow points to them
  for (std::size_t begin = 0; begin < envelope.to.size();) {
    const std::size_t end = end_by_limits(has, envelope, begin);
    transactions_.emplace_back(channel, envelope, plan_, body_, options, result_, begin, end);
    begin = end;
  }
}

bool SMTPSending::progressed() const noexcept {
  return std::any_of(transactions_.begin(), transactions_.end(),
                     [](const SMTPTransaction& t) { return t.committed() || t.done(); });
}

void SMTPSending::lost(std::string_view why) {
  for (SMTPTransaction& transaction : transactions_) {
    if (!transaction.done()) transaction.lost(why);
  }
}

const SendResult& SMTPSending::result() {
  result_.sender_refused = std::all_of(transactions_.begin(), transactions_.end(),
                                       [](const SMTPTransaction& t) { return t.refused(); });
  return result_;
}

void SMTPFlow::run() {
  try {
    for (;;) {
      while (push()) {
      }
      if (transactions_.empty()) return;
      do {
        take();
      } while (channel_.has_reply());
      if (!channel_.is_open()) {
        if (transactions_.empty() && begin_next() == nullptr) return;
        throw ClosedError(channel_.describe("message", "the server ended the connection"), 0,
                          Phase::send);
      }
    }
  } catch (const std::exception& e) {
    fail(e.what());
    throw;
  }
}

// True: one more transaction has all that it sends under way.
bool SMTPFlow::push() {
  if (!channel_.is_open()) return false;
  if (pushed_ == transactions_.size()) {
    if (!channel_.pipeline().has_room()) return false;
    auto sending = begin_next();
    if (sending == nullptr) return false;
    for (SMTPTransaction& transaction : sending->transactions()) {
      transactions_.push_back(&transaction);
    }
    sendings_.push_back(std::move(sending));
  }
  const SMTPTransaction* const behind = pushed_ > 0 ? transactions_[pushed_ - 1] : nullptr;
  if (!transactions_[pushed_]->push(behind)) return false;
  ++pushed_;
  return true;
}

void SMTPFlow::take() {
  SMTPTransaction& oldest = *transactions_.front();
  if (!oldest.done()) oldest.take();
  while (!transactions_.empty() && transactions_.front()->done()) retire();
}

std::unique_ptr<SMTPSending> SMTPFlow::begin_next() {
  if (exhausted_) return nullptr;
  auto sending = next_(std::move(spare_));
  exhausted_ = sending == nullptr;
  return sending;
}

void SMTPFlow::retire() {
  const bool last = transactions_.front() == &sendings_.front()->transactions().back();
  transactions_.pop_front();
  if (pushed_ > 0) --pushed_;
  if (!last) return;
  auto sending = std::move(sendings_.front());
  sendings_.pop_front();
  done_(sending->result());
  spare_ = std::move(sending);
}

void SMTPFlow::fail(std::string_view why) {
  channel_.close();
  const auto sendings = std::move(sendings_);
  // Those before one that may have been taken are told of, too: results come in order.
  std::size_t told = sendings.size();
  while (told > 0 && !sendings[told - 1]->progressed()) --told;
  for (std::size_t i = 0; i < told; ++i) {
    sendings[i]->lost(why);
    done_(sendings[i]->result());
  }
}

}  // namespace proto
