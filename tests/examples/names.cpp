// gethostbyname, getfqdn and fromfd (S2).
#include <cstdio>
#include <string>

#include "proto/resolver.h"
#include "proto/socket.h"

int main() {
  const std::string address = proto::gethostbyname("localhost");
  std::printf("localhost is %s\n", address.c_str());
  for (const std::string& each : proto::gethostbyname_all("localhost"))
    std::printf("  and %s\n", each.c_str());
  std::printf("this machine is %s\n", proto::getfqdn().c_str());

  // A descriptor from elsewhere, such as one that a parent process left us.
  auto [here, there] = proto::Socket::pair();
  proto::Socket adopted = proto::Socket::fromfd(here.detach());
  adopted.send_all("adopted");
  return address == "127.0.0.1" && there.recv(100) == "adopted" ? 0 : 1;
}
