// What scripted SMTP servers say.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "proto/smtp.h"
#include "support/scripted_peer.h"

namespace proto::test {

// The greeting, and EHLO with these keywords.
inline Script greets(const std::vector<std::string>& keywords = {}) {
  std::string reply;
  for (const std::string& keyword : keywords) reply += "250-" + keyword + "\r\n";
  return {send("220 mx.example.org ESMTP\r\n"), expect_line("EHLO client.example.org"),
          send("250-mx.example.org\r\n" + reply + "250 HELP\r\n")};
}

// The line comes, and is answered so.
inline Script answers(const std::string& line, const std::string& reply) {
  return {expect_line(line), send(reply)};
}

// MAIL and one RCPT, taken, without extensions.
inline Script takes_envelope() {
  return answers("MAIL FROM:<me@example.org>", "250 ok\r\n") +
         answers("RCPT TO:<you@example.net>", "250 ok\r\n");
}

// Up to the dot, without extensions.
inline Script takes_message() {
  return takes_envelope() + answers("DATA", "354 go\r\n") + Script{expect_until("\r\n.\r\n")};
}

inline SMTPOptions test_smtp_options() {
  SMTPOptions options;
  options.helo_name = "client.example.org";
  options.connect.timeouts.idle = std::chrono::seconds(20);
  return options;
}

inline SMTP connect_to(const ScriptedPeer& peer, SMTPOptions options = test_smtp_options()) {
  return SMTP(peer.host(), peer.port(), std::move(options));
}

inline const Envelope kEnvelope{"me@example.org", {"you@example.net"}, "", ""};
inline const std::string kMessage = "Subject: Hello\r\n\r\nHow are you?\r\n";

}  // namespace proto::test
