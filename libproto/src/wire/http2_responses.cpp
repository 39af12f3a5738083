#include "wire/http2_responses.h"

#include <utility>

#include "proto/error.h"

namespace proto {

HTTP2Responses::HTTP2Responses(const Limits& limits)
    : max_interim_(limits.max_interim_responses),
      reader_(limits.head),
      trailer_reader_({.max_head_bytes = limits.max_trailer_bytes,
                       .max_line_bytes = limits.head.max_line_bytes,
                       .max_fields = limits.head.max_fields}) {}

HTTP2Responses::Response* HTTP2Responses::find(HTTP2StreamID id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

const HTTP2Head* HTTP2Responses::head(HTTP2StreamID id) const {
  const Response& response = streams_.at(id);
  return response.heads.empty() ? nullptr : &response.heads.front();
}

HTTP2Head HTTP2Responses::take_head(HTTP2StreamID id) {
  Response& response = streams_.at(id);
  HTTP2Head head = std::move(response.heads.front());
  response.heads.pop_front();
  return head;
}

std::string_view HTTP2Responses::piece() const noexcept {
  if (!here_.empty()) return here_;
  const auto found = streams_.find(reading_);
  if (found == streams_.end()) return {};
  return std::string_view(found->second.held).substr(found->second.held_at);
}

Fields HTTP2Responses::take_trailers(HTTP2StreamID id) {
  return std::exchange(streams_.at(id).trailers, {});
}

void HTTP2Responses::begin_head(HTTP2StreamID id) {
  if (const Response* response = find(id)) reader_for(*response).begin(response->final_head);
}

void HTTP2Responses::add_field(HTTP2StreamID id, std::string_view name, std::string_view value) {
  if (const Response* response = find(id)) reader_for(*response).add(name, value);
}

void HTTP2Responses::end_head(HTTP2StreamID id, bool end) {
  Response* response = find(id);
  if (response == nullptr) return;
  HTTP2Head head = reader_for(*response).finish();
  response->ended = end;
  if (response->final_head) {
    if (!end) throw ProtocolError("HTTP/2 response: trailers that do not end it");
    response->trailers = std::move(head.fields);
    return;
  }
  response->final_head = head.status >= 200;
  if (!response->final_head && end) throw ProtocolError("HTTP/2 response: it ends with a 1xx");
  if (!response->final_head && ++response->interim > max_interim_) {
    throw LimitError("HTTP/2: more than " + std::to_string(max_interim_) + " 1xx responses");
  }
  response->heads.push_back(std::move(head));
}

HTTP2Responses::Place HTTP2Responses::add_data(HTTP2StreamID id, std::string_view data) {
  Response* response = find(id);
  if (response == nullptr) return Place::nowhere;
  if (!response->final_head) throw ProtocolError("HTTP/2 response: a body before its head");
  const bool none_held = response->held_at == response->held.size();
  if (id == reading_ && none_held && here_.empty()) {
    here_ = data;
    return Place::here;
  }
  if (none_held) response->held.erase(0, std::exchange(response->held_at, 0));
  response->held.append(data);
  return Place::held;
}

void HTTP2Responses::end_data(HTTP2StreamID id, bool end) {
  Response* response = find(id);
  if (response == nullptr) return;
  if (!response->final_head) throw ProtocolError("HTTP/2 response: a body before its head");
  response->ended = end;
}

void HTTP2Responses::close(HTTP2StreamID id, bool refused, std::string_view reason) {
  Response* response = find(id);
  if (response == nullptr || response->ended || response->loss) return;
  const bool answered = response->interim != 0 || response->final_head;
  response->loss = Loss{.processed = answered || !refused, .reason = std::string(reason)};
}

HTTP2Responses::Place HTTP2Responses::consume(std::size_t size) {
  if (!here_.empty()) {
    here_.remove_prefix(size);
    return Place::here;
  }
  const auto found = streams_.find(reading_);
  if (found == streams_.end()) return Place::nowhere;
  found->second.held_at += size;
  return Place::held;
}

bool HTTP2Responses::forget(HTTP2StreamID id) {
  if (find(id) == nullptr) return false;
  forgotten_ = streams_.extract(id);
  if (reading_ == id) {
    reading_ = 0;
    here_ = {};
  }
  return true;
}

}  // namespace proto
