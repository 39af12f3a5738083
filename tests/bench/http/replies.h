// The ready-made replies that every client fetches, known to both sides: the raw client counts
// their bytes and parses nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

// A head, then a block so many times, then an end.
struct Reply {
  std::string head;
  std::string block;
  std::uint64_t blocks = 0;
  std::string end;

  std::uint64_t size() const { return head.size() + block.size() * blocks + end.size(); }
};

// "/small": 200 bytes behind a head of 11 fields and 400 bytes. "/counted/N" and "/chunked/N":
// N MiB, by Content-Length or in chunks of 4 KiB.
Reply reply_for(std::string_view target);

// What a raw client sends: as much as a browser's shortest request.
inline std::string request_for(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

}  // namespace bench
