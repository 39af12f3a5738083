// Reading SO_SNDBUF and setting SO_REUSEADDR (Listing 13): S5, S11.
#include <cstdio>

#include "proto/socket.h"

int main() {
  proto::Socket socket(proto::Family::ipv4);

  const int size = socket.getsockopt(proto::so::sndbuf);
  std::printf("the send buffer holds %d bytes\n", size);

  std::printf("reuse is %s\n", socket.getsockopt(proto::so::reuseaddr) ? "on" : "off");
  socket.setsockopt(proto::so::reuseaddr, true);  // true: a 1 would not compile
  std::printf("reuse is %s\n", socket.getsockopt(proto::so::reuseaddr) ? "on" : "off");

  socket.setsockopt(proto::so::linger, proto::Linger(std::chrono::seconds(5)));
  return size > 0 && socket.getsockopt(proto::so::reuseaddr) &&
                 socket.getsockopt(proto::so::linger) == std::chrono::seconds(5)
             ? 0
             : 1;
}
