#include "protocol/smtp_transaction.h"

#include <algorithm>

#include "base/characters.h"
#include "protocol/smtp_plan.h"
#include "protocol/smtp_transfer.h"

namespace proto {
namespace {

Verdict verdict_of(const SMTPReply& reply) noexcept {
  return reply.ok() ? Verdict::accepted : reply.for_now() ? Verdict::for_now : Verdict::for_good;
}

// Every decision has a reply, or says in words why there is none.
bool is_decided(const RecipientResult& result) noexcept {
  return result.reply.code != 0 || !result.reply.text.empty();
}

}  // namespace

SMTPTransaction::SMTPTransaction(SMTPChannel& channel, const Envelope& envelope,
                                 const SMTPPlan& plan, SMTPBody& body, const SendOptions& options,
                                 SendResult& result, std::size_t first, std::size_t last)
    : channel_(channel),
      envelope_(envelope),
      plan_(plan),
      body_(body),
      options_(options),
      result_(result),
      first_(first),
      last_(last),
      next_verdict_(first) {}

std::chrono::milliseconds SMTPTransaction::patience_for(Step answered) const {
  const SMTPTimeouts& timeouts = channel_.timeouts();
  switch (answered) {
    case Step::body:
      return timeouts.end;
    case Step::data:
      // In a flight with others it is waited for like them: RFC 5321's times are minima.
      return channel_.pipeline().pipelining() ? timeouts.command : timeouts.data;
    default:
      return timeouts.command;
  }
}

bool SMTPTransaction::push(const SMTPTransaction* behind) {
  LinePipeline& pipeline = channel_.pipeline();
  if (!begun_ && pipeline.has_room()) {
    if (mail_max_reached(channel_)) {
      decide_rest(Verdict::for_now,
                  {0, {}, "the server takes no more messages over one connection"});
      return sent_all_ = true;
    }
    // A dot under way will end its transaction; a BDAT that is refused does not (RFC 3030 §2).
    const bool under_way = behind != nullptr && !behind->done();
    rset_ = (under_way ? behind->plan_.bdat : channel_.transaction) ? 1 : 0;
    begun_ = true;
    ++channel_.messages;
  }
  while (!sent_all_ && pipeline.has_room()) {
    const Step next = step(pushed_);
    if (next == Step::body && !plan_.bdat) return push_message();
    const bool all_known = taken_ == pushed_;
    const bool none_left = next > Step::rcpt && all_known && accepted_ == 0;
    if (refused_ || none_left || (rehearsal_ && next > Step::rcpt)) {
      sent_all_ = true;
    } else if (next == Step::body) {
      return push_message();
    } else {
      pipeline.push([&](std::string& line) { append_line(next, line); });
      ++pushed_;
    }
  }
  return sent_all_;
}

void SMTPTransaction::append_line(Step which, std::string& line) const {
  if (which == Step::rset) {
    line += "RSET";
  } else if (which == Step::mail) {
    append_mail_command(plan_.from, plan_.mail, line);
  } else if (which == Step::rcpt) {
    const std::size_t index = first_ + pushed_ - rset_ - 1;
    append_rcpt_command(plan_.to[index], envelope_.to[index], plan_.dsn, plan_.mail.smtputf8, line);
  } else {
    line += "DATA";
  }
}

bool SMTPTransaction::push_message() {
  // Only a small message by BDAT may go before its recipients are known; LMTP's replies are counted
  // by them.
  const bool ahead = plan_.bdat && body_.is_small() && !channel_.options().lmtp;
  if (!ahead) {
    if (taken_ < pushed_) return false;
    if (!plan_.bdat && !go_ahead_) return sent_all_ = true;  // DATA was refused
    if (!channel_.stream().peek().empty()) {
      throw ProtocolError(channel_.describe(
          "message", "the server says something unasked: " + quoted(channel_.stream().peek())));
    }
  }
  if (!plan_.bdat && accepted_ == 0) {
    end_for_nobody();
    return sent_all_ = true;
  }
  if (channel_.options().connect.trace) {
    trace_info(channel_.options().connect.trace,
               "the message: " + std::to_string(body_.size()) + " bytes");
  }
  body_.rewind();
  SMTPTransfer transfer(channel_, {plan_.bdat, plan_.raw}, [this] { commit(); });
  if (body_.is_small()) {
    transfer.push(body_);
    ++pushed_;
    expect_verdicts(1);
  } else if (transfer.stream(body_)) {
    expect_verdicts(0);
  } else {
    refuse_message(transfer.refusal());
    end(verdict_of(transfer.refusal()), transfer.refusal());
  }
  return sent_all_ = true;
}

// RFC 2920 §3.1: DATA was in the flight that all recipients were refused in, and the server says
// 354 all the same. To LMTP a dot would have no reply, which RFC 2033 §4.2 rules out.
void SMTPTransaction::end_for_nobody() {
  if (channel_.options().lmtp) return channel_.close();
  const std::string_view dot = ".\r\n";
  channel_.pipeline().push_data({}, {&dot, 1});
  ++pushed_;
}

// LMTP answers once for each recipient that it took (RFC 2033 §4.2).
void SMTPTransaction::expect_verdicts(std::size_t have) {
  const std::size_t due = channel_.options().lmtp ? std::max<std::size_t>(accepted_, 1) : 1;
  for (; have < due; ++have, ++pushed_) channel_.pipeline().expect();
}

void SMTPTransaction::commit() {
  if (committed_) return;
  if (options_.before_commit) options_.before_commit();
  committed_ = true;
}

void SMTPTransaction::take() {
  const Step answered = step(taken_);
  const SMTPReply& reply = channel_.read_reply(patience_for(answered), answered == Step::body);
  const std::size_t index = first_ + taken_ - rset_ - 1;  // of the recipient, where it is RCPT
  if (reply.code == 421) {
    refused_ = refused_ || answered == Step::rset || answered == Step::mail;
    if (answered == Step::data || answered == Step::body) refuse_message(reply);
    return end(Verdict::for_now, reply);
  }
  switch (answered) {
    case Step::rset:
      if (reply.code != 250) channel_.refuse("RSET", "250", reply);
      channel_.transaction = false;
      break;
    case Step::mail:
      take_mail(reply);
      break;
    case Step::rcpt:
      take_rcpt(index, reply);
      break;
    case Step::data:
      take_data(reply);
      break;
    case Step::body:
      take_body(reply);
      break;
  }
  ++taken_;
}

void SMTPTransaction::take_mail(const SMTPReply& reply) {
  if (reply.code == 250) {
    channel_.transaction = true;
    return;
  }
  if (!refuses(reply)) channel_.refuse("MAIL", "250", reply);
  refused_ = true;
  for (std::size_t i = first_; i < last_; ++i) decide(i, verdict_of(reply), reply);
}

void SMTPTransaction::take_rcpt(std::size_t index, const SMTPReply& reply) {
  if (reply.code >= 250 && reply.code <= 252) {
    if (rehearsal_) decide(index, Verdict::accepted, reply);
    if (!refused_) ++accepted_;
  } else if (!refuses(reply)) {
    channel_.refuse("RCPT", "250", reply);
  } else if (!refused_) {
    // 552 was "too many recipients" once: a matter for another transaction (RFC 5321 §4.5.3.1.10).
    decide(index, reply.code == 552 ? Verdict::for_now : verdict_of(reply), reply);
  }
}

void SMTPTransaction::take_data(const SMTPReply& reply) {
  if (reply.code == 354) {
    go_ahead_ = true;
  } else if (refuses(reply)) {
    refuse_message(reply);
    decide_rest(verdict_of(reply), reply);
  } else {
    channel_.refuse("DATA", "354", reply);
  }
}

void SMTPTransaction::take_body(const SMTPReply& reply) {
  if (!plan_.bdat || reply.code == 250) channel_.transaction = false;
  if (accepted_ == 0) return;  // a message for nobody
  if (reply.code != 250 && !refuses(reply)) channel_.refuse("message", "250", reply);
  if (!reply.ok()) refuse_message(reply);
  if (!channel_.options().lmtp) return decide_rest(verdict_of(reply), reply);
  // In the order of the recipients that RCPT took: the others are decided.
  while (is_decided(result_.recipients[next_verdict_])) ++next_verdict_;
  decide(next_verdict_, verdict_of(reply), reply);
}

void SMTPTransaction::decide(std::size_t index, Verdict verdict, const SMTPReply& reply) {
  RecipientResult& result = result_.recipients[index];
  if (is_decided(result)) return;
  result.verdict = verdict;
  result.reply = reply;
  if (options_.on_verdict) options_.on_verdict(index, result);
}

void SMTPTransaction::decide_rest(Verdict verdict, const SMTPReply& reply) {
  accepted_ = 0;
  for (std::size_t i = first_; i < last_; ++i) decide(i, verdict, reply);
}

// What decides for the recipients that are left, and not about them.
void SMTPTransaction::refuse_message(const SMTPReply& reply) {
  if (accepted_ == 0 || result_.message_refused) return;
  result_.message_refused = true;
  result_.message_reply = reply;
}

// Before its time: nothing more goes, nothing more is waited for.
void SMTPTransaction::end(Verdict verdict, const SMTPReply& reply) {
  if (reply.code == 421) channel_.close();
  decide_rest(verdict, SMTPReply(reply));
  sent_all_ = true;
  taken_ = pushed_;
}

void SMTPTransaction::lost(std::string_view why) {
  decide_rest(committed_ ? Verdict::unknown : Verdict::for_now, {0, {}, std::string(why)});
}

}  // namespace proto
