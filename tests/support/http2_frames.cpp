#include "support/http2_frames.h"

#include <functional>
#include <stdexcept>

namespace proto::test::h2 {

namespace {

constexpr std::size_t kHeadBytes = 9;

char byte(std::size_t value) {
  return static_cast<char>(value & 0xff);
}

std::size_t at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// RFC 7541 §5.1, with a prefix of 7 bits; §5.2.
std::string literal(std::string_view text) {
  std::string out;
  std::size_t size = text.size();
  if (size < 127) {
    out += byte(size);
  } else {
    out += byte(127);
    for (size -= 127; size >= 128; size /= 128) out += byte(size % 128 + 128);
    out += byte(size);
  }
  return out.append(text);
}

struct Frame {
  std::size_t type, flags, stream;
  std::string payload;
};

Frame take_frame(PeerConnection& peer) {
  const std::string bytes = peer.take([](std::string_view have) -> std::size_t {
    if (have.size() < kHeadBytes) return 0;
    const std::size_t size = kHeadBytes + (at(have, 0) << 16 | at(have, 1) << 8 | at(have, 2));
    return have.size() < size ? 0 : size;
  });
  return {at(bytes, 3), at(bytes, 4),
          at(bytes, 5) << 24 | at(bytes, 6) << 16 | at(bytes, 7) << 8 | at(bytes, 8),
          bytes.substr(kHeadBytes)};
}

Step until(std::string name, std::function<bool(const Frame&)> enough) {
  return {std::move(name), [enough = std::move(enough)](PeerConnection& peer) {
            while (!enough(take_frame(peer))) {
            }
          }};
}

}  // namespace

std::string number(std::uint32_t value) {
  return {byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)};
}

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
  const auto size = static_cast<std::uint32_t>(payload.size());
  return number(size).substr(1) + byte(type) + byte(flags) + number(stream) + std::string(payload);
}

std::string section(Section fields) {
  std::string out;
  for (const auto& [name, value] : fields) out += '\0' + literal(name) + literal(value);
  return out;
}

std::string settings(std::string_view payload) {
  return frame(kSettings, 0, 0, payload);
}
std::string headers(std::uint32_t stream, Section fields, bool end) {
  return frame(kHeaders, static_cast<std::uint8_t>(kEndHeaders | (end ? kEndStream : 0)), stream,
               section(fields));
}
std::string data(std::uint32_t stream, std::string_view bytes, bool end) {
  return frame(kData, end ? kEndStream : 0, stream, bytes);
}
std::string padded_data(std::uint32_t stream, std::string_view bytes, std::uint8_t padding,
                        bool end) {
  return frame(kData, static_cast<std::uint8_t>(kPadded | (end ? kEndStream : 0)), stream,
               byte(padding) + std::string(bytes) + std::string(padding, '\0'));
}
std::string reset_stream(std::uint32_t stream, std::uint32_t code) {
  return frame(kReset, 0, stream, number(code));
}
std::string goaway(std::uint32_t last_stream, std::uint32_t code) {
  return frame(kGoaway, 0, 0, number(last_stream) + number(code));
}
std::string ping() {
  return frame(kPing, 0, 0, "12345678");
}
std::string window_update(std::uint32_t stream, std::uint32_t size) {
  return frame(kWindowUpdate, 0, stream, number(size));
}

std::string ok(std::uint32_t stream, std::string_view body) {
  return headers(stream, {{":status", "200"}}, body.empty()) +
         (body.empty() ? "" : data(stream, body, true));
}

HTTPOptions options() {
  HTTPOptions o;
  o.version = 20;
  o.http2_prior_knowledge = true;
  return o;
}

Script serve(const Script& script) {
  return Script{h2::expect_preface(), send(h2::settings())} + script + Script{drain()};
}

Step expect_preface() {
  const Step magic = expect("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  return {"the preface", [magic](PeerConnection& peer) {
            magic.run(peer);
            if (take_frame(peer).type != kSettings)
              throw std::runtime_error("want SETTINGS behind the preface");
          }};
}

Step expect_head(std::uint32_t stream) {
  return until("a head on stream " + std::to_string(stream),
               [stream](const Frame& f) { return f.type == kHeaders && f.stream == stream; });
}

Step expect_request(std::uint32_t stream) {
  return until("a request on stream " + std::to_string(stream), [stream](const Frame& f) {
    return (f.type == kHeaders || f.type == kData) && f.stream == stream &&
           (f.flags & kEndStream) != 0;
  });
}

Step expect_reset(std::uint32_t stream, std::uint32_t code) {
  return until("RST_STREAM of stream " + std::to_string(stream), [stream, code](const Frame& f) {
    return f.type == kReset && f.stream == stream && f.payload == number(code);
  });
}

Step expect_data(std::uint32_t stream, std::size_t size) {
  return {std::to_string(size) + " bytes of DATA", [stream, size](PeerConnection& peer) {
            std::size_t have = 0;
            while (have < size) {
              const Frame f = take_frame(peer);
              if (f.type == kData && f.stream == stream) have += f.payload.size();
            }
          }};
}

}  // namespace proto::test::h2
