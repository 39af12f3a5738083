#include "protocol/smtp_body.h"

#include <algorithm>
#include <utility>

#include "proto/error.h"

namespace proto {

SMTPBody::SMTPBody(MessageSource& source) : source_(&source), bytes_(source.size()) {
  if (bytes_ <= kSmallBytes) replace(read_all());
}

MessageNeeds SMTPBody::scan() {
  MessageScanner scanner;
  rewind();
  while (!at_end()) scanner.feed(next());
  rewind();
  return scanner.finish();
}

std::string_view SMTPBody::next() {
  if (source_ == nullptr) {
    offset_ = bytes_;
    return text_;
  }
  if (!buffer_) buffer_.reset(new char[kPieceBytes]);
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, bytes_ - offset_));
  if (source_->read_at(offset_, {buffer_.get(), size}) != size) {
    throw Error("the message ended early: it was to have " + std::to_string(bytes_) + " bytes");
  }
  offset_ += size;
  return {buffer_.get(), size};
}

std::string SMTPBody::read_all() {
  std::string all;
  all.reserve(bytes_);
  rewind();
  while (!at_end()) all += next();
  rewind();
  return all;
}

void SMTPBody::replace(std::string text) {
  own_ = std::make_unique<const std::string>(std::move(text));
  text_ = *own_;
  source_ = nullptr;
  buffer_.reset();
  bytes_ = text_.size();
  offset_ = 0;
}

}  // namespace proto
