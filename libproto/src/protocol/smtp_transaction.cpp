#include "protocol/smtp_transaction.h"

#include <algorithm>
#include <array>

#include "base/characters.h"

namespace proto {
namespace {

Verdict verdict_of(const SMTPReply& reply) noexcept {
  return reply.ok() ? Verdict::accepted : reply.for_now() ? Verdict::for_now : Verdict::for_good;
}

// Every decision has a reply, or says in words why there is none.
bool is_decided(const RecipientResult& result) noexcept {
  return result.reply.code != 0 || !result.reply.text.empty();
}

bool refuses(const SMTPReply& reply) noexcept {
  return reply.for_now() || reply.for_good();
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
      last_(last) {}

std::chrono::milliseconds SMTPTransaction::patience() const {
  const SMTPTimeouts& timeouts = channel_.timeouts();
  switch (step(taken_)) {
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
    // A dot always ends a transaction; a BDAT that is refused does not (RFC 3030 §2).
    rset_ = (behind != nullptr ? behind->plan_.bdat : channel_.transaction) ? 1 : 0;
    begun_ = true;
    ++channel_.messages;
  }
  while (!sent_all_ && pipeline.has_room()) {
    const Step next = step(pushed_);
    if (next == Step::body && !plan_.bdat) return push_message();
    const bool all_known = taken_ == pushed_;
    const bool none_left = next > Step::rcpt && all_known && accepted_.empty();
    if (refused_ || none_left || (rehearsal_ && next > Step::rcpt)) {
      sent_all_ = true;
    } else if (next == Step::body) {
      return push_message();
    } else {
      std::string& line = channel_.line();
      append_line(next, line);
      pipeline.push(line);
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
  if (!plan_.bdat && accepted_.empty()) {
    // RFC 2920 §3.1: DATA was in the flight that all recipients were refused in.
    const std::string_view dot = ".\r\n";
    push_body({}, {&dot, 1});
    return sent_all_ = true;
  }
  if (channel_.options().connect.trace) {
    trace_info(channel_.options().connect.trace,
               "the message: " + std::to_string(body_.size()) + " bytes");
  }
  body_.rewind();
  if (body_.is_small()) {
    push_small();
  } else if (plan_.bdat) {
    stream_bdat();
  } else {
    stream_data();
  }
  return sent_all_ = true;
}

void SMTPTransaction::push_small() {
  const std::string_view text = body_.next();
  if (plan_.raw) {
    commit();
    return push_body("BDAT " + std::to_string(text.size()) + " LAST", {&text, 1});
  }
  DataEncoder encoder(plan_.bdat ? DataEncoder::Dots::plain : DataEncoder::Dots::stuffed);
  DataBlock& block = channel_.block();
  std::string front;  // what a first block, and more, did not hold
  for (std::string_view rest = text; !rest.empty();) {
    rest.remove_prefix(encoder.encode(rest, block));
    if (block.has_room()) continue;
    for (const std::string_view part : block.parts()) front += part;
    block.clear();
  }
  encoder.finish(block);
  commit();
  std::array<std::string_view, DataBlock::kMaxParts + 1> all{front};
  const auto parts = block.parts();
  std::copy(parts.begin(), parts.end(), all.begin() + 1);
  const std::size_t size = front.size() + block.size();
  push_body(plan_.bdat ? "BDAT " + std::to_string(size) + " LAST" : std::string(),
            std::span(all).first(parts.size() + 1));
}

void SMTPTransaction::push_body(std::string_view command, std::span<const std::string_view> bytes) {
  channel_.pipeline().push_data(command, bytes);
  ++pushed_;
  expect_verdicts(1);
}

// LMTP answers once for each recipient that it took (RFC 2033 §4.2).
void SMTPTransaction::expect_verdicts(std::size_t have) {
  const std::size_t due = channel_.options().lmtp ? std::max<std::size_t>(accepted_.size(), 1) : 1;
  for (; have < due; ++have, ++pushed_) channel_.pipeline().expect();
}

void SMTPTransaction::commit() {
  if (committed_) return;
  if (options_.before_commit) options_.before_commit();
  committed_ = true;
}

// `send` returns false where the server began to speak before all went. Then, and where it is gone,
// what it said is the verdict: the early "552 too large", and not the broken pipe behind it. False:
// it said so, and the transaction is over.
bool SMTPTransaction::send_or_hear(const std::function<bool()>& send) {
  channel_.allow(channel_.timeouts().block);
  std::exception_ptr failed;
  try {
    if (send()) return true;
  } catch (const TimeoutError&) {
    throw;
  } catch (const CancelledError&) {
    throw;
  } catch (const NetworkError&) {
    failed = std::current_exception();
  }
  try {
    for (bool refused = false; !refused;) {
      const bool of_chunk = chunks_ > 0;
      of_chunk ? void(--chunks_) : channel_.pipeline().expect();
      const SMTPReply& reply = channel_.read_reply(channel_.timeouts().end, true);
      refused = refuses(reply);
      if (refused) end(verdict_of(reply), reply);
      if (!refused && !of_chunk) channel_.refuse("message", "no reply before its end", reply);
    }
  } catch (const NetworkError&) {
    if (failed) std::rethrow_exception(failed);
    throw;
  }
  channel_.close();  // it still waits for the rest
  return false;
}

bool SMTPTransaction::send_block(const DataBlock& block) {
  return send_or_hear(
      [&] { return channel_.stream().write_until_readable(block.parts()) == block.size(); });
}

void SMTPTransaction::stream_data() {
  DataEncoder encoder;
  DataBlock& block = channel_.block();
  while (!body_.at_end()) {
    std::string_view piece = body_.next();
    do {
      piece.remove_prefix(encoder.encode(piece, block));
      const bool joins_the_end = piece.empty() && body_.at_end() && block.has_room();
      if (joins_the_end) break;
      if (!send_block(block)) return;
      block.clear();
    } while (!piece.empty());
  }
  encoder.finish(block);
  commit();
  if (send_block(block)) expect_verdicts(0);
}

void SMTPTransaction::stream_bdat() {
  DataEncoder encoder(DataEncoder::Dots::plain);
  DataBlock& block = channel_.block();
  while (!body_.at_end()) {
    std::string_view piece = body_.next();
    if (plan_.raw) {
      if (!send_chunk({&piece, 1}, piece.size(), body_.at_end())) return;
      continue;
    }
    do {
      piece.remove_prefix(encoder.encode(piece, block));
      const bool last = piece.empty() && body_.at_end() && block.has_room();
      if (last) encoder.finish(block);
      if (!send_chunk(block.parts(), block.size(), last)) return;
      block.clear();
      if (last) return expect_verdicts(0);
    } while (!piece.empty());
  }
  if (!plan_.raw) {
    encoder.finish(block);
    if (!send_chunk(block.parts(), block.size(), true)) return;
  }
  expect_verdicts(0);
}

bool SMTPTransaction::send_chunk(std::span<const std::string_view> parts, std::size_t size,
                                 bool last) {
  // The end goes only when all that came before it was taken.
  constexpr std::size_t kChunksAhead = 8;
  if (!read_chunk_replies(last ? 0 : kChunksAhead)) return false;
  if (last) commit();
  const std::string command = "BDAT " + std::to_string(size) + (last ? " LAST\r\n" : "\r\n");
  std::array<std::string_view, DataBlock::kMaxParts + 1> all;
  all[0] = command;
  std::copy(parts.begin(), parts.end(), all.begin() + 1);
  const bool sent = send_or_hear([&] {
    channel_.stream().write(std::span(all).first(parts.size() + 1));
    return true;
  });
  if (!sent || last) return sent;
  channel_.pipeline().expect();
  ++chunks_;
  return true;
}

// Until no more than `leave` are due. False: a chunk was refused, and the transaction is over.
bool SMTPTransaction::read_chunk_replies(std::size_t leave) {
  bool good = true;
  while (chunks_ > (good ? leave : 0)) {
    const SMTPReply& reply = channel_.read_reply(channel_.timeouts().end);
    --chunks_;
    if (reply.code == 250) continue;
    if (!refuses(reply)) channel_.refuse("BDAT", "250", reply);
    if (good) end(verdict_of(reply), reply);
    good = false;
    if (!channel_.is_open()) break;
  }
  return good;
}

void SMTPTransaction::take(const SMTPReply& reply) {
  const Step answered = step(taken_);
  const std::size_t index = first_ + taken_ - rset_ - 1;  // of the recipient, where it is RCPT
  if (reply.code == 421) {
    refused_ = refused_ || answered == Step::rset || answered == Step::mail;
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
    if (!refused_) accepted_.push_back(index);
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
    result_.message_refused = !accepted_.empty();
    decide_rest(verdict_of(reply), reply);
  } else {
    channel_.refuse("DATA", "354", reply);
  }
}

void SMTPTransaction::take_body(const SMTPReply& reply) {
  if (!plan_.bdat || reply.code == 250) channel_.transaction = false;
  if (accepted_.empty()) return;  // a message for nobody
  if (reply.code != 250 && !refuses(reply)) channel_.refuse("message", "250", reply);
  if (!reply.ok()) result_.message_refused = true;
  if (!channel_.options().lmtp) return decide_rest(verdict_of(reply), reply);
  const std::size_t index = accepted_[verdicts_++];
  decide(index, verdict_of(reply), reply);
}

void SMTPTransaction::decide(std::size_t index, Verdict verdict, const SMTPReply& reply) {
  RecipientResult& result = result_.recipients[index];
  if (is_decided(result)) return;
  result = {verdict, reply};
  if (options_.on_verdict) options_.on_verdict(index, result);
}

void SMTPTransaction::decide_rest(Verdict verdict, const SMTPReply& reply) {
  accepted_.clear();
  for (std::size_t i = first_; i < last_; ++i) decide(i, verdict, reply);
}

// Before its time: nothing more goes, nothing more is waited for.
void SMTPTransaction::end(Verdict verdict, const SMTPReply& reply) {
  if (reply.code == 421) channel_.close();
  result_.message_refused = result_.message_refused || !accepted_.empty();
  decide_rest(verdict, SMTPReply(reply));
  sent_all_ = true;
  taken_ = pushed_;
}

void SMTPTransaction::lost(std::string_view why) {
  decide_rest(committed_ ? Verdict::unknown : Verdict::for_now, {0, {}, std::string(why)});
}

}  // namespace proto
