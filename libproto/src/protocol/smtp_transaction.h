// One message on its way: RSET where it is needed, MAIL, each RCPT, the message, the verdicts.
#pragma once

#include <cstddef>
#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/smtp_body.h"
#include "protocol/smtp_channel.h"
#include "wire/smtp_command.h"

namespace proto {

// How a message goes to this server, settled before a byte of it is sent. Views of the envelope.
struct SMTPPlan {
  std::string_view from;
  std::vector<std::string_view> to;      // paths, in the order of Envelope::to
  std::forward_list<std::string> other;  // those of them that go in another form than it has
  MailParameters mail;
  bool dsn = false;
  bool bdat = false;
  // As it is, without a look at its line ends: BINARYMIME.
  bool raw = false;
};

// Two ends meet here: push() queues what may go now, take() reads the next reply and understands
// it. Commands run ahead of replies as far as the pipeline lets them; nothing else tells one kind
// of server from the other.
class SMTPTransaction {
 public:
  // For the recipients [first, last) of the envelope. All of these must outlive it.
  SMTPTransaction(SMTPChannel& channel, const Envelope& envelope, const SMTPPlan& plan,
                  SMTPBody& body, const SendOptions& options, SendResult& result, std::size_t first,
                  std::size_t last);

  // True: there is nothing more to send. `behind`: the transaction before has not ended.
  bool push(const SMTPTransaction* behind);
  void take();
  bool done() const noexcept { return sent_all_ && taken_ == pushed_; }

  // All that the server needs to take the message was sent, or is about to be.
  bool committed() const noexcept { return committed_; }
  // No more replies will come: unknown where it was committed, else not sent.
  void lost(std::string_view why);

  // MAIL was refused.
  bool refused() const noexcept { return refused_; }
  // MAIL and RCPT only.
  void rehearse() noexcept { rehearsal_ = true; }

 private:
  // What the reply with this number answers.
  enum class Step { rset, mail, rcpt, data, body };
  Step step(std::size_t number) const noexcept {
    if (number < rset_) return Step::rset;
    number -= rset_;
    if (number == 0) return Step::mail;
    if (number <= last_ - first_) return Step::rcpt;
    return !plan_.bdat && number == last_ - first_ + 1 ? Step::data : Step::body;
  }

  std::chrono::milliseconds patience_for(Step answered) const;
  void append_line(Step which, std::string& line) const;
  bool push_message();
  void end_for_nobody();
  void expect_verdicts(std::size_t have);
  void commit();

  void take_mail(const SMTPReply& reply);
  void take_rcpt(std::size_t index, const SMTPReply& reply);
  void take_data(const SMTPReply& reply);
  void take_body(const SMTPReply& reply);
  void decide(std::size_t index, Verdict verdict, const SMTPReply& reply);
  void decide_rest(Verdict verdict, const SMTPReply& reply);
  void refuse_message(const SMTPReply& reply);
  void end(Verdict verdict, const SMTPReply& reply);

  SMTPChannel& channel_;
  const Envelope& envelope_;
  const SMTPPlan& plan_;
  SMTPBody& body_;
  const SendOptions& options_;
  SendResult& result_;
  std::size_t first_, last_;

  bool begun_ = false;
  std::size_t rset_ = 0;    // 1: RSET goes first
  std::size_t pushed_ = 0;  // commands queued, the message among them
  std::size_t taken_ = 0;   // replies understood
  bool sent_all_ = false;
  bool rehearsal_ = false;
  bool refused_ = false;  // MAIL
  bool go_ahead_ = false;
  bool committed_ = false;
  std::size_t accepted_ = 0;  // by RCPT, and not all decided yet
  std::size_t next_verdict_;  // by LMTP: behind the recipient that had the last one
};

}  // namespace proto
