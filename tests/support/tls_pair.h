// Both sides of a TLS connection in one test.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "proto/tls.h"
#include "support/memory_transport.h"
#include "support/tls_authority.h"

namespace proto::test {

using namespace std::chrono_literals;

// Far above what a test takes; it ends a test that would hang.
inline Deadline test_deadline() {
  return Deadline::after(60s);
}

inline TLSOptions trusting_options() {
  TLSOptions options;
  options.ca_file = test_root().certificate_file();
  return options;
}

inline std::shared_ptr<const TLSContext> server_context(const Identity& identity = test_server(),
                                                        const TLSOptions& options = {}) {
  return TLSContext::server(identity.certificate_file(), identity.key_file(), options);
}

struct TLSPair {
  std::unique_ptr<TLSTransport> client, server;  // server: null where its side failed
};

// Connects over `lower`. What the client throws comes out; what the server throws too, where the
// client is content.
inline TLSPair connect_pair(MemoryPair lower, const std::shared_ptr<const TLSContext>& client,
                            const std::shared_ptr<const TLSContext>& server,
                            const std::string& host = "localhost", std::uint16_t port = 443) {
  auto accepted =
      std::async(std::launch::async, [&server, end = std::move(lower.second)]() mutable {
        return TLSTransport::accept(std::move(end), server, test_deadline());
      });
  TLSPair pair;
  pair.client = TLSTransport::connect(std::move(lower.first), client, host, port, test_deadline());
  pair.server = accepted.get();
  return pair;
}

inline TLSPair connect_pair(const std::shared_ptr<const TLSContext>& client,
                            const std::shared_ptr<const TLSContext>& server,
                            const std::string& host = "localhost", std::uint16_t port = 443) {
  return connect_pair(memory_pair(), client, server, host, port);
}

inline void write_all(Transport& to, std::string_view data) {
  while (!data.empty()) data.remove_prefix(to.write_some({&data, 1}, test_deadline()));
}

// `size` bytes, or as many as come before the end.
inline std::string read_bytes(Transport& from, std::size_t size) {
  std::string data(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const std::size_t n = from.read_some({data.data() + have, size - have}, test_deadline());
    if (n == 0) break;
    have += n;
  }
  data.resize(have);
  return data;
}

}  // namespace proto::test
