// Frames of HTTP/2 (RFC 9113 §4, §6), byte by byte, as a server sends them; well-formed or not.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "proto/http.h"
#include "support/scripted_peer.h"

namespace proto::test::h2 {

enum Type : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kReset = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoaway = 7,
  kWindowUpdate = 8,
  kContinuation = 9
};
enum Flag : std::uint8_t { kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8 };
enum Code : std::uint32_t {
  kNoError = 0,
  kProtocolError = 1,
  kInternalError = 2,
  kRefused = 7,
  kCancel = 8
};

using Field = std::pair<std::string_view, std::string_view>;
using Section = std::initializer_list<Field>;

std::string number(std::uint32_t value);  // 4 bytes
std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload);
// HPACK: literals without indexing, not Huffman-coded (RFC 7541 §6.2.2).
std::string section(Section fields);

std::string settings(std::string_view payload = {});
std::string headers(std::uint32_t stream, Section fields, bool end = false);
std::string data(std::uint32_t stream, std::string_view bytes, bool end = false);
std::string padded_data(std::uint32_t stream, std::string_view bytes, std::uint8_t padding,
                        bool end);
std::string reset_stream(std::uint32_t stream, std::uint32_t code);
std::string goaway(std::uint32_t last_stream, std::uint32_t code);
std::string ping();
std::string window_update(std::uint32_t stream, std::uint32_t size);

// A whole 200 with this body.
std::string ok(std::uint32_t stream, std::string_view body);

// A client that speaks HTTP/2 by prior knowledge.
HTTPOptions options();
// What every server does first, and last: what else comes (acknowledgements, windows) is taken.
Script serve(const Script& script);

// The client's preface and its SETTINGS come.
Step expect_preface();
// Takes frames up to the head of a request on `stream`; or all of the request.
Step expect_head(std::uint32_t stream);
Step expect_request(std::uint32_t stream);
// Takes frames up to a RST_STREAM of `stream` with this code.
Step expect_reset(std::uint32_t stream, std::uint32_t code);
// Takes frames up to DATA of `stream`, `size` bytes of it in all.
Step expect_data(std::uint32_t stream, std::size_t size);

}  // namespace proto::test::h2
