#include "wire/body_framing.h"

#include <cstddef>
#include <limits>
#include <optional>
#include <string>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/error.h"
#include "wire/list.h"
#include "wire/wire_fields.h"

namespace proto {

namespace {

// Lengths are added up and told to interfaces that count in signed 64 bits.
constexpr std::uint64_t kMaxLength = std::numeric_limits<std::int64_t>::max();

struct BodyFields {
  explicit BodyFields(const Fields& fields) noexcept {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::string_view name = fields[i].name;
      if (equals_ignoring_case(name, "Transfer-Encoding")) has_coding = true;
      if (!equals_ignoring_case(name, "Content-Length")) continue;
      if (lengths++ == 0) length_at = i;
    }
    has_length = lengths != 0;
  }
  bool has_coding = false;
  bool has_length = false;
  std::size_t lengths = 0;
  std::size_t length_at = 0;  // of the first
};

// Calls `use` with each member of each field of this name.
template <typename F>
void for_each_member(const Fields& fields, std::string_view name, F use) {
  for (std::size_t i = WireFields::find(fields, name); i < fields.size();
       i = WireFields::find(fields, name, i + 1)) {
    std::string_view list = fields[i].value;
    std::string_view member;
    while (next_member(list, member)) use(member);
  }
}

// Of transfer codings exactly "chunked" is known: any other list would leave the user with octets
// that are still coded.
void require_chunked(const Fields& fields, std::string_view what) {
  const std::string list = *fields.combined("Transfer-Encoding");
  if (!equals_ignoring_case(list, "chunked"))
    throw ProtocolError(std::string(what) + ": Transfer-Encoding: want \"chunked\", got " +
                        quoted(list));
}

// RFC 9110 §8.6: a list of equal lengths counts as one.
std::uint64_t content_length(const Fields& fields, const BodyFields& found, std::string_view what,
                             Deviations& deviations) {
  // Nearly always there is one, and it is one number.
  if (found.lengths == 1) {
    if (const auto only = parse_decimal(fields[found.length_at].value, kMaxLength)) return *only;
  }
  std::optional<std::uint64_t> length;
  for_each_member(fields, "Content-Length", [&](std::string_view member) {
    const auto value = parse_decimal(member, kMaxLength);
    if (!value) throw ProtocolError(std::string(what) + ": no Content-Length: " + quoted(member));
    if (length && *length != *value) {
      throw ProtocolError(std::string(what) + ": two Content-Lengths: " + std::to_string(*length) +
                          " and " + std::to_string(*value));
    }
    if (length) deviations.add(Deviation::repeated_length);
    length = value;
  });
  return *length;
}

}  // namespace

BodyFraming framing_for(std::string_view request_method, int status, int version,
                        const Fields& fields) {
  using Kind = BodyFraming::Kind;
  const BodyFields found(fields);
  BodyFraming framing;

  // 1. No body, whatever the fields say.
  if (status / 100 == 1 || status == 204) {
    if (found.has_coding || found.has_length) {
      framing.deviations.add(Deviation::body_fields_without_body);
      framing.must_close = status == 204;  // what follows may be the body all the same
    }
    return framing;
  }
  if (request_method == "HEAD" || status == 304) return framing;

  // 2. A tunnel begins right behind the head.
  if (request_method == "CONNECT" && status / 100 == 2) {
    framing.kind = Kind::tunnel;
    framing.must_close = true;
    return framing;
  }

  // 3. and 4. Transfer-Encoding beats Content-Length; that both are there may be an attempt at
  // splitting responses.
  if (found.has_coding) {
    require_chunked(fields, "HTTP response");
    framing.kind = Kind::chunked;
    if (found.has_length) framing.deviations.add(Deviation::chunked_and_length);
    if (version < 11) framing.deviations.add(Deviation::chunked_in_http_1_0);
    framing.must_close = found.has_length || version < 11;
    return framing;
  }

  // 5. and 6.
  if (found.has_length) {
    framing.kind = Kind::counted;
    framing.length = content_length(fields, found, "HTTP response", framing.deviations);
    return framing;
  }

  // 8. Whatever comes until the end.
  framing.kind = Kind::until_close;
  framing.must_close = true;
  return framing;
}

BodyFraming framing_for_http2(std::string_view request_method, int status, const Fields& fields) {
  const BodyFields found(fields);
  BodyFraming framing;
  if (status == 204 || status == 304 || request_method == "HEAD") return framing;
  framing.kind = BodyFraming::Kind::frames;
  framing.length = found.has_length
                       ? content_length(fields, found, "HTTP/2 response", framing.deviations)
                       : BodyFraming::kUnknown;
  return framing;
}

BodyFraming framing_for_request(int version, const Fields& fields) {
  const BodyFields found(fields);
  BodyFraming framing;
  if (found.has_coding) {
    if (found.has_length)
      throw ProtocolError("HTTP request: both Transfer-Encoding and Content-Length");
    if (version < 11) throw ProtocolError("HTTP request: Transfer-Encoding in HTTP/1.0");
    require_chunked(fields, "HTTP request");
    framing.kind = BodyFraming::Kind::chunked;
  } else if (found.has_length) {
    framing.length = content_length(fields, found, "HTTP request", framing.deviations);
    framing.kind = framing.length == 0 ? BodyFraming::Kind::none : BodyFraming::Kind::counted;
  }
  return framing;
}

bool keeps_alive(int version, const Fields& fields) noexcept {
  bool close = false;
  bool keep_alive = false;
  for_each_member(fields, "Connection", [&](std::string_view member) {
    close |= equals_ignoring_case(member, "close");
    keep_alive |= equals_ignoring_case(member, "keep-alive");
  });
  return !close && (version >= 11 || keep_alive);
}

}  // namespace proto
