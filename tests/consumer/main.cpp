// A program as a user writes one: public headers only. It draws on every layer, so that a
// dependency that was not passed on is missed by the linker.
#include <cstdio>
#include <exception>

#include "proto/address.h"
#include "proto/deadline.h"
#include "proto/resolver.h"
#include "proto/socket.h"
#include "proto/tls.h"
#include "proto/version.h"

int main() {
  try {
    auto [ours, theirs] = proto::Socket::pair();
    ours.send_all("hello");
    const bool heard = theirs.recv(16) == "hello";
    const bool resolved = !proto::resolve("127.0.0.1", 80).empty();
    const bool secure = proto::TLSContext::client(proto::TLSOptions()) != nullptr;
    std::printf("libproto %s\n", proto::kVersion.data());
    return heard && resolved && secure ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "consumer: %s\n", e.what());
    return 1;
  }
}
