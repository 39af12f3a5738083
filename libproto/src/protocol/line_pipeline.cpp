#include "protocol/line_pipeline.h"

#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "proto/error.h"
#include "proto/secret.h"

namespace proto {

namespace {
constexpr std::chrono::milliseconds kNear(2);  // within a site
}  // namespace

LinePipeline::~LinePipeline() {
  wipe(unsent_.data(), unsent_.size());
}

void LinePipeline::push(std::string_view command) {
  push([&](std::string& line) { line += command; });
}

void LinePipeline::push_secret(std::string_view prefix, std::string_view secret) {
  hide(secret);
  if (has_line_break_or_nul(prefix) || has_line_break_or_nul(secret)) refuse(prefix);
  const std::size_t begin = open_command();
  // It must not move with a secret in it.
  unsent_.reserve(begin + prefix.size() + secret.size() + 2);
  holds_secret_ = true;
  unsent_.append(prefix).append(secret);
  end_line(begin);
  if (is_traced()) trace_sent(*trace_, std::string(prefix) + "***");
}

// Where it begins in unsent_.
std::size_t LinePipeline::open_command() {
  if (!has_room()) throw std::logic_error("a command before the reply to the last was read");
  if (sizes_.empty()) check_idle("before a command");
  return unsent_.size();
}

void LinePipeline::close_command(std::size_t begin) {
  const std::string_view command = std::string_view(unsent_).substr(begin);
  if (has_line_break_or_nul(command)) refuse(command);
  if (is_traced()) trace_sent(*trace_, redacted(command));
  end_line(begin);
}

void LinePipeline::end_line(std::size_t begin) {
  unsent_ += '\r', unsent_ += '\n';
  sizes_.push_back(0);
  count(begin);
}

// What was queued from there on is the last command's.
void LinePipeline::count(std::size_t begin) noexcept {
  const std::size_t size = unsent_.size() - begin;
  sizes_.back() += static_cast<std::uint32_t>(size);
  window_used_ += size;
  if (window_used_ >= window_) full_ = true;
}

void LinePipeline::refuse(std::string_view command) const {
  throw std::invalid_argument("CR, LF or NUL in a command: " + quoted(redacted(command)));
}

void LinePipeline::push_data(std::string_view command, std::span<const std::string_view> bytes) {
  if (command.empty()) {
    open_command();
    sizes_.push_back(0);
  } else {
    push(command);
  }
  const std::size_t begin = unsent_.size();
  for (const std::string_view piece : bytes) unsent_.append(piece);
  count(begin);
}

void LinePipeline::expect() {
  sizes_.push_back(0);
}

void LinePipeline::hide(std::string_view secret) {
  if (!secret.empty()) secrets_.emplace_back(secret);
}

std::string LinePipeline::redacted(std::string_view text) const {
  std::string out(text);
  for (const Secret& secret : secrets_) {
    for (auto at = out.find(secret.reveal()); at != std::string::npos;
         at = out.find(secret.reveal(), at + 3))
      out.replace(at, secret.reveal().size(), "***");
  }
  return out;
}

void LinePipeline::send_queued() {
  const auto rest = std::string_view(unsent_).substr(sent_);
  const std::size_t gone = window_used_ - rest.size();
  // What must go before a reply can come. The server has nothing to say until then, so that waiting
  // for it to take these bytes cannot be in vain, whatever it says meanwhile.
  const std::size_t due = sizes_.empty() || sizes_.front() <= gone ? 0 : sizes_.front() - gone;
  if (due == 0 && gone != 0 && !stream_.peek().empty()) return;  // replies are to be read first
  // All that went before was answered, so it was read: there is room, and no need to ask for it.
  std::size_t went = gone == 0 ? stream_.write_some(rest) : 0;
  if (went < rest.size() && due < rest.size())
    went += stream_.write_until_readable(rest.substr(went));
  if (went < due) {
    stream_.write(rest.substr(went, due - went));
    went = due;
  }
  if (!pipelining_) sent_at_ = Deadline::Clock::now();
  sent_ += went;
  if (sent_ == unsent_.size()) {
    if (std::exchange(holds_secret_, false)) wipe(unsent_.data(), unsent_.size());
    unsent_.clear();
    sent_ = 0;
  }
}

std::string_view LinePipeline::read_line(std::size_t max_bytes) {
  if (sizes_.empty()) throw std::logic_error("no command is out whose reply could be read");
  flush();
  const auto line = stream_.read_line(max_bytes);
  if (!pipelining_ && sent_at_ != Deadline::Clock::time_point()) {
    const auto sent_at = std::exchange(sent_at_, {});
    is_near_ = is_near_ || Deadline::Clock::now() - sent_at < kNear;
  }
  if (is_traced()) trace_received(*trace_, redacted(line));
  return line;
}

void LinePipeline::pop(bool may_be_followed) {
  if (sizes_.empty()) throw std::logic_error("no command is out");
  window_used_ -= sizes_.front();
  if (window_used_ <= window_ / 2) full_ = false;
  sizes_.pop_front();
  if (sizes_.empty() && !may_be_followed) check_idle("after the reply");
}

void LinePipeline::check_idle(std::string_view when) const {
  if (stream_.peek().empty()) return;
  throw ProtocolError("the server says something unasked " + std::string(when) + ": " +
                      quoted(redacted(stream_.peek().substr(0, 64))));
}

}  // namespace proto
