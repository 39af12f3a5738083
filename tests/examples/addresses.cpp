// Addresses are values: a host and a port, from text and to text (S6).
#include <cstdio>

#include "proto/address.h"

using proto::Address;

int main() {
  const Address pair("192.0.2.1", 80);  // the tutorial's pair
  const Address any("", 2525);          // '' is any interface
  const Address six = Address::parse("[2001:db8::1]:443");
  const Address path = Address::parse("/run/socket");
  for (const Address& each : {pair, any, six, path}) std::printf("%s\n", each.to_string().c_str());
  return pair.host() == "192.0.2.1" && pair.port() == 80 && any.to_string() == "0.0.0.0:2525" &&
                 six == Address("2001:db8::1", 443) && path.family() == proto::Family::local
             ? 0
             : 1;
}
