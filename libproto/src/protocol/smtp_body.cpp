#include "protocol/smtp_body.h"

#include <algorithm>
#include <utility>

#include "proto/error.h"
#include "wire/smtp_data.h"

namespace proto {

SMTPBody::SMTPBody(MessageSource& source) : source_(&source), bytes_(source.size()) {
  if (bytes_ <= kSmallBytes) replace_front(bytes_, read_front(bytes_));
}

MessageNeeds SMTPBody::scan(MessageScanner::Header header) {
  const bool whole = header == MessageScanner::Header::scanned;
  MessageScanner scanner(header);
  rewind();
  while (!at_end() && (whole || scanner.is_plain())) scanner.feed(next());
  rewind();
  return scanner.finish();
}

std::string_view SMTPBody::next() {
  if (offset_ < front_.size()) {
    const std::string_view piece = front_.substr(offset_, kPieceBytes);
    offset_ += piece.size();
    return piece;
  }
  const std::uint64_t at = offset_ - front_.size() + skipped_;
  if (source_ == nullptr) {
    const std::string_view piece = text_.substr(at, kPieceBytes);
    offset_ += piece.size();
    return piece;
  }
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, bytes_ - offset_));
  if (!buffer_) buffer_.reset(new char[size]);  // no piece is larger than the first
  if (source_->read_at(at, {buffer_.get(), size}) != size) {
    throw Error("the message ended early: it was to have " + std::to_string(source_->size()) +
                " bytes");
  }
  offset_ += size;
  return {buffer_.get(), size};
}

std::uint64_t SMTPBody::encoded_size() {
  DataEncoder encoder(DataEncoder::Dots::plain);
  const auto block = std::make_unique<DataBlock>();
  std::uint64_t size = 0;
  const auto count = [&] {
    size += block->size();
    block->clear();
  };
  rewind();
  while (!at_end()) {
    for (std::string_view piece = next(); !piece.empty(); count())
      piece.remove_prefix(encoder.encode(piece, *block));
  }
  rewind();
  encoder.finish(*block);
  count();
  return size;
}

std::string SMTPBody::read_front(std::uint64_t bytes) {
  std::string front;
  front.reserve(bytes);
  rewind();
  while (front.size() < bytes) front += next().substr(0, bytes - front.size());
  rewind();
  return front;
}

void SMTPBody::replace_front(std::uint64_t bytes, std::string text) {
  rewind();
  // What is left of the front before stays in the one to come.
  if (bytes < front_.size()) text += front_.substr(std::exchange(bytes, front_.size()));
  const std::uint64_t rest = bytes_ - bytes;
  if (rest > 0 && text.size() + rest > kSmallBytes) {
    skipped_ += bytes - front_.size();
    own_ = std::make_unique<const std::string>(std::move(text));
    front_ = *own_;
    bytes_ = rest + front_.size();
    return;
  }
  // What is small is one piece.
  if (rest > 0) text += read_front(bytes_).substr(bytes);
  own_ = std::make_unique<const std::string>(std::move(text));
  front_ = {};
  skipped_ = 0;
  text_ = *own_;
  source_ = nullptr;
  buffer_.reset();
  bytes_ = text_.size();
}

}  // namespace proto
