// Scripts of POP3 servers.
#pragma once

#include <string>
#include <utility>

#include "proto/pop3.h"
#include "support/scripted_peer.h"

namespace proto::test {

inline Script says(std::string bytes) {
  return {send(std::move(bytes))};
}
inline Script answers(std::string line, std::string reply) {
  return {expect_line(std::move(line)), send(std::move(reply))};
}

inline Script greets() {
  return says("+OK ready\r\n");
}
// As log_in() below wants it.
inline Script logs_in() {
  return greets() + answers("USER ann", "+OK\r\n") + answers("PASS secret", "+OK\r\n");
}

inline POP3 connect_to(const ScriptedPeer& peer, POP3Options options = {}) {
  return POP3(peer.host(), peer.port(), std::move(options));
}
inline POP3 log_in(const ScriptedPeer& peer, POP3Options options = {}) {
  POP3 pop = connect_to(peer, std::move(options));
  pop.user("ann");
  pop.pass("secret");
  return pop;
}

}  // namespace proto::test
