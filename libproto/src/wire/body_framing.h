// Where the body of an HTTP message ends (RFC 9112 §6.3), and whether the connection goes on
// (§9.3).
#pragma once

#include <cstdint>
#include <string_view>

#include "proto/fields.h"
#include "wire/deviations.h"

namespace proto {

struct BodyFraming {
  enum class Kind {
    none,         // no body
    counted,      // `length` octets
    chunked,      // until the last chunk
    until_close,  // until the peer ends the stream: truncation cannot be told
    tunnel,       // no HTTP any more
    frames,       // of HTTP/2: until END_STREAM; `length` octets, where that is known
  };
  static constexpr std::uint64_t kUnknown = UINT64_MAX;
  Kind kind = Kind::none;
  std::uint64_t length = 0;
  // The connection must not be used again, whatever the fields say.
  bool must_close = false;
  Deviations deviations;
};

// Of a response. RFC 9112 §6.3, rules in order; the first that matches wins. `version` is 10 or 11.
// Throws ProtocolError where the fields do not say one thing.
BodyFraming framing_for(std::string_view request_method, int status, int version,
                        const Fields& fields);
// Of a response over HTTP/2 (RFC 9113 §8.1.1), which frames bodies itself. Throws as above.
BodyFraming framing_for_http2(std::string_view request_method, int status, const Fields& fields);
// Of a request. Stricter: what proxies are known to read in two ways is refused.
BodyFraming framing_for_request(int version, const Fields& fields);

// Whether the fields allow another message on this connection.
bool keeps_alive(int version, const Fields& fields) noexcept;

}  // namespace proto
