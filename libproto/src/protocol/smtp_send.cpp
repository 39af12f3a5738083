// Sending: what each caller gives, and what it hears.
#include <map>
#include <optional>
#include <stdexcept>

#include "proto/message.h"
#include "protocol/smtp_flow.h"
#include "protocol/smtp_state.h"

namespace proto {
namespace {

// Where a message cannot go at all, each recipient is told so.
SendResult refused_here(const Envelope& envelope, const std::string& why) {
  SendResult result;
  result.recipients.assign(envelope.to.size(), {Verdict::for_good, {0, {}, why}});
  return result;
}

}  // namespace

SendResult SMTP::send(const Envelope& envelope, std::string_view message,
                      const SendOptions& options) {
  envelope.check();
  return send_one(envelope, message, nullptr, options);
}

SendResult SMTP::send(const Envelope& envelope, MessageSource& message,
                      const SendOptions& options) {
  envelope.check();
  return send_one(envelope, {}, &message, options);
}

SendResult SMTP::send_one(const Envelope& envelope, std::string_view text, MessageSource* source,
                          const SendOptions& options) {
  ehlo_or_helo_if_needed();
  SMTPChannel& channel = state_->channel;
  auto only = std::make_unique<SMTPSending>();
  only->begin(channel, envelope, source != nullptr ? SMTPBody(*source) : SMTPBody(text), options);
  std::optional<SendResult> result;
  try {
    channel.run([&] {
      SMTPFlow flow(
          channel, [&](std::unique_ptr<SMTPSending>) { return std::exchange(only, nullptr); },
          [&](const SendResult& r) { result = r; });
      flow.run();
    });
  } catch (const std::exception&) {
    // Once it may have been taken, what became of it says more than why the connection ended.
    if (!result) throw;
  }
  if (result->sender_refused) {
    const SMTPReply& reply = result->recipients.front().reply;
    throw SMTPSenderRefused(channel.describe("MAIL", reply), reply);
  }
  return *std::move(result);
}

void SMTP::send_all(std::span<const Outgoing> messages, const Done& done,
                    const SendOptions& options) {
  const Envelope* checked = nullptr;  // many messages may share one
  for (const Outgoing& message : messages) {
    if (message.envelope != checked) message.envelope->check();
    checked = message.envelope;
  }
  if (messages.empty()) return;
  ehlo_or_helo_if_needed();
  SMTPChannel& channel = state_->channel;
  std::size_t next = 0, ended = 0;
  // A message that cannot go is told of in its turn.
  std::map<std::size_t, SendResult> refused;
  const auto tell_refused = [&] {
    while (!refused.empty() && refused.begin()->first == ended) {
      done(ended++, refused.begin()->second);
      refused.erase(refused.begin());
    }
  };
  channel.run([&] {
    SMTPFlow flow(
        channel,
        [&](std::unique_ptr<SMTPSending> spare) -> std::unique_ptr<SMTPSending> {
          if (!spare) spare = std::make_unique<SMTPSending>();
          while (next < messages.size() && !mail_max_reached(channel)) {
            const std::size_t index = next++;
            const Outgoing& message = messages[index];
            try {
              spare->begin(channel, *message.envelope, SMTPBody(message.message), options);
              return spare;
            } catch (const SMTPNotSupportedError& e) {
              refused.emplace(index, refused_here(*message.envelope, e.what()));
              tell_refused();
            }
          }
          return nullptr;
        },
        [&](const SendResult& result) {
          done(ended++, result);
          tell_refused();
        });
    flow.run();
  });
  if (ended < messages.size()) {
    throw SMTPNotSupportedError(
        channel.describe("MAIL", "the server takes no more messages over one connection"));
  }
}

SendResult SMTP::rehearse(const Envelope& envelope, std::uint64_t message_size) {
  envelope.check();
  ehlo_or_helo_if_needed();
  SMTPChannel& channel = state_->channel;
  const SMTPPlan plan = plan_rehearsal(channel, envelope, message_size);
  SMTPBody nothing{std::string_view()};
  const SendOptions options;
  SendResult result;
  result.recipients.resize(envelope.to.size());
  bool refused = true;
  const auto ask = [&](std::size_t begin, std::size_t end) {
    SMTPTransaction transaction(channel, envelope, plan, nothing, options, result, begin, end);
    transaction.rehearse();
    while (!transaction.push(nullptr) || !transaction.done()) transaction.take();
    refused = refused && transaction.refused();
  };
  std::size_t begin = 0;
  channel.run([&] {
    while (begin < envelope.to.size() && channel.is_open()) {
      const std::size_t end = end_by_limits(channel.capabilities, envelope, begin);
      ask(begin, end);
      begin = end;
    }
  });
  for (; begin < envelope.to.size(); ++begin) {  // after a 421
    result.recipients[begin] = {Verdict::for_now, result.recipients[begin - 1].reply};
  }
  result.sender_refused = refused;
  if (is_open() && channel.transaction) rset();
  return result;
}

// As smtplib has it: what nobody was accepted for is an exception.
SendResult SMTP::accepted_by_some(SendResult result) const {
  if (result.any(Verdict::accepted)) return result;
  const SMTPChannel& channel = state_->channel;
  for (const RecipientResult& recipient : result.recipients) {
    if (recipient.verdict != Verdict::unknown) continue;
    throw SMTPServerDisconnected(
        channel.describe("message", "no verdict came: " + recipient.reply.text), 0, Phase::receive);
  }
  if (result.message_refused) {
    const SMTPReply reply = result.message_reply;
    throw SMTPDataError(channel.describe("message", reply), reply, std::move(result));
  }
  const SMTPReply reply = result.recipients.front().reply;
  throw SMTPRecipientsRefused(channel.describe("RCPT", reply), reply, std::move(result));
}

SendResult SMTP::send_message(const Message& message, const SendOptions& options) {
  Envelope envelope;
  const auto sender = message.sender();
  if (!sender) throw std::invalid_argument("a message needs a sender: From");
  envelope.from = sender->address();
  for (const MailAddress& recipient : message.recipients()) {
    envelope.to.emplace_back(recipient.address());
  }
  return send_message(envelope, message, options);
}

SendResult SMTP::send_message(const Envelope& envelope, const Message& message,
                              const SendOptions& options) {
  envelope.check();
  ehlo_or_helo_if_needed();
  return accepted_by_some(
      send(envelope, message.to_string({.allow_8bit = capabilities().eight_bit_mime}), options));
}

SendResult SMTP::sendmail(std::string_view from, const std::vector<std::string>& to,
                          std::string_view message) {
  Envelope envelope;
  envelope.from = from;
  envelope.to.assign(to.begin(), to.end());
  return accepted_by_some(send(envelope, message));
}

}  // namespace proto
