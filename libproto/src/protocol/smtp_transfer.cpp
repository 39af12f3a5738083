#include "protocol/smtp_transfer.h"

#include <algorithm>
#include <chrono>
#include <exception>

#include "proto/error.h"
#include "wire/smtp_data.h"

namespace proto {
namespace {

using Parts = std::array<std::string_view, DataBlock::kMaxParts + 1>;

// Takes the first `size` bytes off.
void cut(std::span<std::string_view>& parts, std::size_t size) noexcept {
  while (!parts.empty() && size >= parts.front().size()) {
    size -= parts.front().size();
    parts = parts.subspan(1);
  }
  if (!parts.empty()) parts.front().remove_prefix(size);
}

// What one patience is for: RFC 5321 §4.5.3.2.5 has its 3 minutes for each block.
std::span<const std::string_view> first_block(std::span<const std::string_view> parts,
                                              Parts& block) noexcept {
  std::size_t count = 0, size = 0;
  for (; count < parts.size() && size < DataBlock::kFullBytes; ++count) {
    block[count] = parts[count].substr(0, DataBlock::kFullBytes - size);
    size += block[count].size();
  }
  return std::span(block).first(count);
}

}  // namespace

void SMTPTransfer::commit() {
  if (commit_) commit_();
}

void SMTPTransfer::push(SMTPBody& body) {
  LinePipeline& pipeline = channel_.pipeline();
  const std::string_view text = body.next();
  if (form_.raw) {
    commit();
    return pipeline.push_data("BDAT " + std::to_string(text.size()) + " LAST", {&text, 1});
  }
  DataEncoder encoder(form_.bdat ? DataEncoder::Dots::plain : DataEncoder::Dots::stuffed);
  DataBlock& block = channel_.block();
  std::string whole;  // where one block does not hold all of it
  const auto gather = [&] {
    for (const std::string_view part : block.parts()) whole += part;
    block.clear();
  };
  for (std::string_view rest = text; !rest.empty();) {
    rest.remove_prefix(encoder.encode(rest, block));
    if (!block.has_room()) gather();
  }
  encoder.finish(block);
  if (!whole.empty()) gather(), block.append(whole);
  commit();
  pipeline.push_data(form_.bdat ? "BDAT " + std::to_string(block.size()) + " LAST" : std::string(),
                     block.parts());
}

bool SMTPTransfer::stream(SMTPBody& body) {
  return form_.bdat ? stream_bdat(body) : stream_data(body);
}

bool SMTPTransfer::stream_data(SMTPBody& body) {
  DataEncoder encoder;
  DataBlock& block = channel_.block();
  begun_ = true;
  while (!body.at_end()) {
    std::string_view piece = body.next();
    do {
      piece.remove_prefix(encoder.encode(piece, block));
      const bool joins_the_end = piece.empty() && body.at_end() && block.has_room();
      if (joins_the_end) break;
      if (!send(block.parts())) return false;
      block.clear();
    } while (!piece.empty());
  }
  encoder.finish(block);
  commit();
  return send(block.parts());
}

bool SMTPTransfer::stream_bdat(SMTPBody& body) {
  DataEncoder encoder(DataEncoder::Dots::plain);
  DataBlock& block = channel_.block();
  while (!body.at_end()) {
    std::string_view piece = body.next();
    if (form_.raw) {
      if (!send_chunk({&piece, 1}, piece.size(), body.at_end())) return false;
      continue;
    }
    do {
      piece.remove_prefix(encoder.encode(piece, block));
      const bool last = piece.empty() && body.at_end() && block.has_room();
      if (last) encoder.finish(block);
      if (!send_chunk(block.parts(), block.size(), last)) return false;
      block.clear();
      if (last) return true;
    } while (!piece.empty());
  }
  if (form_.raw) return true;
  encoder.finish(block);
  return send_chunk(block.parts(), block.size(), true);
}

bool SMTPTransfer::stream_chunk(std::string_view chunk, bool last) {
  return send_chunk({&chunk, 1}, chunk.size(), last);
}

bool SMTPTransfer::send_chunk(std::span<const std::string_view> parts, std::size_t size,
                              bool last) {
  // The end goes only when all that came before it was taken.
  constexpr std::size_t kChunksAhead = 8;
  if (!read_chunk_replies(last ? 0 : kChunksAhead)) return false;
  if (last) commit();
  const std::string command = "BDAT " + std::to_string(size) + (last ? " LAST\r\n" : "\r\n");
  Parts all{command};
  std::copy(parts.begin(), parts.end(), all.begin() + 1);
  begun_ = false;
  if (!send(std::span(all).first(parts.size() + 1))) return false;
  if (last) return true;
  channel_.pipeline().expect();
  ++chunks_;
  return true;
}

// The server may begin to speak before all went, or be gone. What it said is the answer then: the
// early "552 too large", and not the broken pipe behind it.
bool SMTPTransfer::send(std::span<const std::string_view> parts) {
  Parts copy, block;
  std::copy(parts.begin(), parts.end(), copy.begin());
  std::span<std::string_view> rest(copy.data(), parts.size());
  cut(rest, 0);
  while (!rest.empty()) {
    channel_.allow(channel_.timeouts().block);
    std::exception_ptr failed;
    try {
      const std::size_t sent = channel_.stream().write_until_readable(first_block(rest, block));
      cut(rest, sent);
      begun_ = begun_ || sent > 0;
      if (sent > 0) continue;
    } catch (const TimeoutError&) {
      throw;
    } catch (const CancelledError&) {
      throw;
    } catch (const NetworkError&) {
      failed = std::current_exception();
    }
    try {
      bool going_on = hear();
      while (going_on && failed) going_on = hear();
      if (!going_on) return false;
    } catch (const NetworkError&) {
      if (failed) std::rethrow_exception(failed);
      throw;
    }
  }
  return true;
}

// What the server says before its turn. False: a refusal.
bool SMTPTransfer::hear() {
  if (chunks_ > 0 && !begun_) return read_chunk_replies(chunks_ - 1);
  const bool of_chunk = chunks_ > 0;
  of_chunk ? void(--chunks_) : channel_.pipeline().expect();
  const SMTPReply& reply = channel_.read_reply(channel_.timeouts().end, true);
  if (refuses(reply)) {
    refusal_ = reply;
    channel_.close();  // it still waits for the rest
    return false;
  }
  if (!of_chunk) channel_.refuse("message", "no reply before its end", reply);
  if (reply.code != 250) channel_.refuse("BDAT", "250", reply);
  return true;
}

// Until no more than `leave` are due. False: a chunk was refused.
bool SMTPTransfer::read_chunk_replies(std::size_t leave) {
  while (chunks_ > leave) {
    const SMTPReply& reply = channel_.read_reply(channel_.timeouts().end);
    --chunks_;
    if (reply.code == 250) continue;
    if (!refuses(reply)) channel_.refuse("BDAT", "250", reply);
    refusal_ = reply;
    pass_over_chunks();
    return false;
  }
  return true;
}

// The refusal stands, whatever the server says of the chunks behind it, or does not say: each has a
// reply (RFC 3030 §2), and without them the connection is of no more use.
void SMTPTransfer::pass_over_chunks() {
  constexpr std::chrono::milliseconds kMost = std::chrono::seconds(10);
  const Deadline limit = Deadline::after(std::min(channel_.timeouts().end, kMost));
  try {
    for (; chunks_ > 0 && refusal_->code != 421; --chunks_) {
      channel_.read_reply(std::chrono::ceil<std::chrono::milliseconds>(limit.remaining()));
    }
  } catch (const CancelledError&) {
    throw;
  } catch (const Error&) {
    channel_.close();
  }
  if (refusal_->code == 421) channel_.close();
}

}  // namespace proto
