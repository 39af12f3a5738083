// One thread, many sockets: an echo server in an event loop, with a timer and a call from another
// thread (S7).
#include <cstdio>
#include <map>
#include <thread>

#include "proto/selector.h"

using proto::Family;
using proto::MessageFlags;
using proto::Readiness;
using proto::Selector;
using proto::Socket;

int main() {
  using namespace std::chrono_literals;
  Selector loop;
  std::map<int, Socket> clients;
  Socket listener(Family::ipv4);
  listener.bind({"127.0.0.1", 0});
  listener.listen();

  loop.add(listener, {.read = true}, [&](Readiness) {
    Socket client = listener.accept().socket;
    const int number = client.fileno();
    clients[number] = std::move(client);
    loop.add(number, {.read = true}, [&, number](Readiness) {
      const std::string data = clients[number].recv(4096);
      if (!data.empty()) {
        clients[number].send_all(data);
      } else {
        loop.remove(number);
        clients.erase(number);
      }
    });
  });
  loop.after(30s, [&] { loop.stop(); });

  bool echoed = true;
  std::thread visitor([&] {
    for (int i = 0; i < 3; ++i) {
      Socket client(Family::ipv4);
      client.connect(listener.getsockname());
      client.send_all("hello");
      echoed = client.recv(5, MessageFlags::waitall) == "hello" && echoed;
    }
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  visitor.join();
  std::printf("%s\n", echoed ? "three times hello" : "something got lost");
  return echoed ? 0 : 1;
}
