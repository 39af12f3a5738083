#include "replies.h"

#include <cstdlib>

namespace bench {

namespace {

std::string head(const std::string& framing) {
  return "HTTP/1.1 200 OK\r\n"
         "Server: nginx/1.22.1\r\n"
         "Date: Mon, 23 Nov 2026 03:11:44 GMT\r\n"
         "Content-Type: text/html; charset=utf-8\r\n" +
         framing +
         "\r\n"
         "Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT\r\n"
         "Connection: keep-alive\r\n"
         "ETag: \"6561d3a0-c8\"\r\n"
         "Cache-Control: public, max-age=3600, must-revalidate\r\n"
         "X-Content-Type-Options: nosniff\r\n"
         "Vary: Accept-Encoding\r\n"
         "Accept-Ranges: bytes\r\n"
         "\r\n";
}

constexpr std::uint64_t kBlock = std::uint64_t{256} * 1024;
constexpr std::uint64_t kBlocksInMiB = 4;

}  // namespace

Reply reply_for(std::string_view target) {
  Reply reply;
  if (target == "/small") {
    reply.head = head("Content-Length: 200") + std::string(200, 'x');
    return reply;
  }
  reply.blocks =
      std::strtoull(std::string(target.substr(target.rfind('/') + 1)).c_str(), nullptr, 10) *
      kBlocksInMiB;
  if (target.starts_with("/counted/")) {
    reply.head = head("Content-Length: " + std::to_string(reply.blocks * kBlock));
    reply.block.assign(kBlock, 'x');
  } else {
    reply.head = head("Transfer-Encoding: chunked");
    for (std::uint64_t i = 0; i < kBlock / 4096; ++i)
      reply.block += "1000\r\n" + std::string(4096, 'x') + "\r\n";
    reply.end = "0\r\n\r\n";
  }
  return reply;
}

}  // namespace bench
