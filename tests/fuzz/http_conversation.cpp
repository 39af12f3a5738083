// A whole HTTP conversation against bytes from nowhere: it returns or throws one of our errors,
// within its limits. (That the result does not depend on how the bytes were cut is what the
// parsers' own targets hold.)
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "proto/http.h"
#include "proto/socket.h"

namespace {

using namespace proto;

// What the bytes come to, over a socket pair that holds all of them.
std::string converse(std::string_view bytes) {
  Socket listener(Family::local);
  static int serial = 0;
  const std::string name =
      "@libproto-fuzz-" + std::to_string(std::rand()) + "-" + std::to_string(serial++);
  listener.bind(Address::local(name));
  listener.listen();
  HTTPOptions options;
  options.connect.unix_socket = name;
  options.connect.timeouts.total = std::chrono::seconds(5);
  options.retry_stale = false;
  options.limits.max_read_bytes = 1 << 20;
  HTTPConnection connection("fuzz", 0, options);
  std::string result;
  try {
    connection.request("GET", "/");
    Socket peer = listener.accept().socket;
    peer.setsockopt(so::sndbuf, 1 << 20);
    peer.send_all(bytes);
    peer.shutdown(Socket::How::write);
    HTTPResponse response = connection.getresponse();
    result = std::to_string(response.status()) + response.reason() +
             std::to_string(response.headers().size());
    result += response.read();
    if (!response.complete()) std::abort();
  } catch (const Error& e) {
    result += e.what();
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 100'000) return 0;  // what the pair holds without a reader
  converse({reinterpret_cast<const char*>(data), size});
  return 0;
}
