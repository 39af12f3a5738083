// What scripted servers say to sendmail-lite, whose words they take as they come.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/characters.h"
#include "support/process.h"
#include "support/scripted_peer.h"

namespace proto::test {

inline const std::string kAlert = "Subject: alert\n\nbody\n";

inline Script greeted(const std::string& keywords = "") {
  return {send("220 mx ESMTP\r\n"), expect_until("\r\n"),
          send("250-mx\r\n" + keywords + "250 HELP\r\n")};
}

inline Script joined(Script a, const Script& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Script said(const std::string& reply) {
  return {expect_until("\r\n"), send(reply)};
}

// Up to the dot.
inline Script sent() {
  Script script = greeted();
  for (const char* reply : {"250 ok\r\n", "250 ok\r\n", "354 go\r\n"})
    script = joined(std::move(script), said(reply));
  script.push_back(expect_until("\r\n.\r\n"));
  return script;
}

inline Script after(Script begin, const std::string& reply) {
  return joined(std::move(begin), {send(reply), drain()});
}

// One line, escaped.
inline void expect_one_line(const ProcessResult& result, bool some) {
  if (!some) return;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  for (const char c : result.err) EXPECT_TRUE(c == '\n' || !is_control(c)) << result.err;
}

}  // namespace proto::test
