#include "reference/chatserver/output.h"

#include <array>
#include <string_view>

#include "proto/error.h"

namespace proto {

void Output::exclude(std::size_t begin, std::size_t end) {
  if (!excluded_.empty() && excluded_.back().end == begin) {
    excluded_.back().end = end;
  } else {
    excluded_.push_back({begin, end});
  }
}

void Output::add(const SharedText& text, std::size_t begin, std::size_t end) {
  if (begin == end) return;
  segments_.push_back({text, begin, end});
  pending_ += end - begin;
}

void Output::add_turn(const SharedText& turn) {
  std::size_t begin = 0;
  for (const Range& own : excluded_) {
    add(turn, begin, own.begin);
    begin = own.end;
  }
  add(turn, begin, turn->size());
  excluded_.clear();
}

bool Output::send(Socket& socket) {
  while (pending_ > 0) {
    std::array<std::string_view, 64> parts;
    std::size_t count = 0, size = 0;
    for (std::size_t i = first_; i < segments_.size() && count < parts.size(); ++i) {
      const Segment& segment = segments_[i];
      parts[count] =
          std::string_view(*segment.text).substr(segment.begin, segment.end - segment.begin);
      size += parts[count++].size();
    }
    std::size_t sent = 0;
    try {
      sent = socket.send(std::span(parts).first(count), MessageFlags::dontwait);
    } catch (const TimeoutError& error) {
      if (error.code() != EAGAIN) throw;  // the connection timed out
      return false;
    }
    take(sent);
    if (sent < size) return false;
  }
  return true;
}

void Output::take(std::size_t size) {
  pending_ -= size;
  while (first_ < segments_.size() && size >= segments_[first_].end - segments_[first_].begin) {
    size -= segments_[first_].end - segments_[first_].begin;
    segments_[first_++].text.reset();
  }
  if (first_ == segments_.size()) {
    segments_.clear();
    first_ = 0;
    return;
  }
  segments_[first_].begin += size;
  // What has gone is dropped by halves, so that a queue that never empties costs O(1) a segment.
  if (first_ > segments_.size() / 2) {
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

}  // namespace proto
