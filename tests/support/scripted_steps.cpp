// The steps of a script, in terms of PeerConnection.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "support/scripted_peer.h"

namespace proto::test {

namespace {

constexpr std::size_t kQuoted = 400;

Step expect_exactly(std::string name, std::string bytes) {
  return {std::move(name), [bytes = std::move(bytes)](PeerConnection& c) {
            // A first byte that differs is told at once: the rest may never come.
            const std::string got = c.take([&](std::string_view have) {
              const std::size_t common = std::min(have.size(), bytes.size());
              if (have.substr(0, common) != std::string_view(bytes).substr(0, common))
                return have.size();
              return have.size() >= bytes.size() ? bytes.size() : 0;
            });
            if (got != bytes) throw std::runtime_error("got " + proto::quoted(got, kQuoted));
          }};
}

// True when the client has ended its side, false when the test ended first.
bool take_end(PeerConnection& c) {
  const auto [bytes, ended] = c.take_all();
  if (!bytes.empty())
    throw std::runtime_error("more than the script says: " + proto::quoted(bytes, kQuoted));
  return ended;
}

}  // namespace

Step expect(std::string bytes) {
  return expect_exactly("expect(" + proto::quoted(bytes, kQuoted) + ")", bytes);
}

Step expect_line(std::string line) {
  return expect_exactly("expect_line(" + proto::quoted(line, kQuoted) + ")", line + "\r\n");
}

Step expect_until(std::string end) {
  return {"expect_until(" + proto::quoted(end) + ")", [end](PeerConnection& c) {
            std::size_t scanned = 0;
            c.take([&](std::string_view have) -> std::size_t {
              const std::size_t at = have.find(end, scanned);
              if (at != std::string_view::npos) return at + end.size();
              scanned = have.size() - std::min(have.size(), end.size() - 1);
              return 0;
            });
          }};
}

Step receive(std::size_t count) {
  return {"receive(" + std::to_string(count) + ")", [count](PeerConnection& c) {
            for (std::size_t left = count; left > 0;) {
              left -=
                  c.take([&](std::string_view have) { return std::min(have.size(), left); }).size();
            }
          }};
}

Step drain() {
  return {"drain()", [](PeerConnection& c) { c.take_all(); }};
}

Step expect_end() {
  return {"expect_end()", [](PeerConnection& c) {
            if (!take_end(c)) throw std::runtime_error("the test ended, and the client had not");
          }};
}

Step send(std::string bytes) {
  return {"send(" + proto::quoted(bytes) + ")",
          [bytes = std::move(bytes)](PeerConnection& c) { c.send(bytes); }};
}

Step send_segments(std::vector<std::string> segments) {
  return {"send_segments()", [segments = std::move(segments)](PeerConnection& c) {
            for (const std::string& segment : segments) {
              if (!c.send(segment)) return;
              c.wait_until_read();
            }
          }};
}

Step send_bytewise(std::string bytes) {
  std::vector<std::string> segments;
  for (const char c : bytes) segments.emplace_back(1, c);
  return send_segments(std::move(segments));
}

Step send_cut(std::string bytes, std::vector<std::size_t> offsets) {
  std::vector<std::string> segments;
  std::size_t begin = 0;
  offsets.push_back(bytes.size());
  for (const std::size_t end : offsets) {
    segments.push_back(bytes.substr(begin, end - begin));
    begin = end;
  }
  return send_segments(std::move(segments));
}

Step send_endlessly(std::string block) {
  // Short blocks are sent many at a time, or they would take long to reach a limit.
  std::string many;
  while (many.size() < 16384) many += block;
  return {"send_endlessly(" + proto::quoted(block) + ")",
          [many = std::move(many)](PeerConnection& c) {
            while (c.send(many)) {
            }
            c.take_all();  // what it said meanwhile was never read
          }};
}

Step stall() {
  return {"stall()", [](PeerConnection& c) {
            c.wait_until_gone();
            c.take_all();  // what it said meanwhile was never read
          }};
}

Step half_close() {
  return {"half_close()", [](PeerConnection& c) { c.shutdown_write(); }};
}

Step close() {
  return {"close()", [](PeerConnection& c) {
            c.shutdown_write();
            take_end(c);
            c.close_now(false);
          }};
}

Step close_now() {
  return {"close_now()", [](PeerConnection& c) { c.close_now(false); }};
}

Step reset() {
  return {"reset()", [](PeerConnection& c) { c.close_now(true); }};
}

Step call(std::function<void()> function) {
  return {"call()", [function = std::move(function)](PeerConnection&) { function(); }};
}

Step repeat(std::size_t count, Script script) {
  return {"repeat(" + std::to_string(count) + ")",
          [count, script = std::move(script)](PeerConnection& c) {
            for (std::size_t i = 0; i < count; ++i) {
              for (const Step& step : script) {
                try {
                  step.run(c);
                } catch (const std::exception& e) {
                  throw std::runtime_error("round " + std::to_string(i + 1) + ", " + step.name +
                                           ": " + e.what());
                }
              }
            }
          }};
}

// RFC 1928.
Script takes_socks(const std::string& host) {
  using namespace std::string_literals;
  return {expect("\5\1\0"s), send("\5\0"s),
          expect("\5\1\0\3"s + static_cast<char>(host.size()) + host), receive(2),
          send("\5\0\0\1\0\0\0\0\0\0"s)};
}

}  // namespace proto::test
