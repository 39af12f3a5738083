// What each client of the comparison implements, in a program of its own: what it links and loads
// is part of what it costs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace bench {

// Bytes that one read asks for, where a client lets us say so.
inline constexpr std::size_t kRead = std::size_t{64} * 1024;

struct Place {
  std::uint16_t port;  // of localhost
  std::string ca;      // the file that signs for it; empty: no TLS
};

// One kept-alive connection.
class Client {
 public:
  virtual ~Client() = default;
  // A GET; its body is read and thrown away. How many bytes that were.
  virtual std::uint64_t get(const std::string& target) = 0;
  // `depth` GETs that go out together; body bytes in all. 0: cannot do it.
  virtual std::uint64_t pipelined(const std::string& target, int depth) {
    (void)target, (void)depth;
    return 0;
  }
};

// The one that this program is about.
std::unique_ptr<Client> make_client(const Place& place);

}  // namespace bench
