// What has come for the requests of an HTTP/2 connection: heads, bodies, trailers, ends (RFC 9113
// §8.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "wire/http2_head.h"

namespace proto {

using HTTP2StreamID = std::int32_t;

// A malformed response is a ProtocolError, what passes a limit a LimitError. What comes for a
// stream that is not open here is passed over.
class HTTP2Responses {
 public:
  struct Limits {
    HeadLimits head;
    std::size_t max_trailer_bytes = std::size_t{16} * 1024;
    std::size_t max_interim_responses = 32;
  };
  // How a stream ended before its response did.
  struct Loss {
    bool processed = true;  // false: the server says that it did nothing (RFC 9113 §8.7)
    std::string reason;     // "CANCEL", say
  };

  explicit HTTP2Responses(const Limits& limits);

  // The oldest head that has come and was not taken; null: none. 1xx come before the final one.
  const HTTP2Head* head(HTTP2StreamID id) const;
  HTTP2Head take_head(HTTP2StreamID id);
  // Whose body piece() is about, once that of the one before is read or forgotten. Those of others
  // are kept until then.
  void read_body_of(HTTP2StreamID id) noexcept { reading_ = id; }
  // What of the body is at hand. It stands in what was received, or lives until more is.
  std::string_view piece() const noexcept;
  // The whole response has come, maybe not taken yet.
  bool ended(HTTP2StreamID id) const { return streams_.at(id).ended; }
  Fields take_trailers(HTTP2StreamID id);
  // Nothing: it goes on.
  const std::optional<Loss>& loss(HTTP2StreamID id) const { return streams_.at(id).loss; }

  // For HTTP2Session: what goes on with a stream.
  void open(HTTP2StreamID id) { streams_.try_emplace(id); }
  void begin_head(HTTP2StreamID id);
  void add_field(HTTP2StreamID id, std::string_view name, std::string_view value);
  void end_head(HTTP2StreamID id, bool end);
  enum class Place { nowhere, here, held };  // here: where it was received, until it is used up
  Place add_data(HTTP2StreamID id, std::string_view data);
  void end_data(HTTP2StreamID id, bool end);
  void close(HTTP2StreamID id, bool refused, std::string_view reason);
  HTTP2StreamID reading() const noexcept { return reading_; }
  Place consume(std::size_t size);  // of piece(): where it was
  // A piece() that was given lives on until the next call. False: it was not open.
  bool forget(HTTP2StreamID id);

 private:
  struct Response {
    std::deque<HTTP2Head> heads;
    std::size_t interim = 0;
    bool final_head = false;
    std::string held;  // of the body, while another stream is read
    std::size_t held_at = 0;
    Fields trailers;
    bool ended = false;
    std::optional<Loss> loss;
  };
  using Streams = std::map<HTTP2StreamID, Response>;
  Response* find(HTTP2StreamID id);
  HTTP2HeadReader& reader_for(const Response& response) {
    return response.final_head ? trailer_reader_ : reader_;
  }

  std::size_t max_interim_;
  HTTP2HeadReader reader_, trailer_reader_;
  Streams streams_;
  HTTP2StreamID reading_ = 0;
  std::string_view here_;         // of the body that is read
  Streams::node_type forgotten_;  // a piece of it may still be looked at
};

}  // namespace proto
