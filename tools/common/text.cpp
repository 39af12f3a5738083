#include "common/text.h"

#include "base/characters.h"

namespace proto::tools {

std::string one_line(std::string_view text) {
  return escaped(text);
}

std::string TerminalText::feed(std::string_view text) {
  held_ += text;
  std::string_view rest = held_;
  // A sequence that is cut at the end waits for its rest: a lead byte within the last three bytes
  // that asks for more than there is.
  std::size_t keep = 0;
  for (std::size_t back = 1; back <= 3 && back <= rest.size(); ++back) {
    const auto byte = static_cast<unsigned char>(rest[rest.size() - back]);
    if (byte < 0x80) break;
    if (byte >= 0xc0) {
      const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      if (length > back) keep = back;
      break;
    }
  }
  const std::string_view ready = rest.substr(0, rest.size() - keep);
  std::string out;
  std::size_t from = 0;
  const auto flush_to = [&](std::size_t to) { out += escaped(ready.substr(from, to - from)); };
  for (std::size_t i = 0; i < ready.size(); ++i) {
    const bool crlf = ready[i] == '\r' && i + 1 < ready.size() && ready[i + 1] == '\n';
    if (ready[i] != '\n' && ready[i] != '\t' && !crlf) continue;
    flush_to(i);
    if (!crlf) out += ready[i];
    from = i + 1;
  }
  flush_to(ready.size());
  held_.erase(0, ready.size());
  return out;
}

std::string TerminalText::finish() {
  std::string out = escaped(held_);
  held_.clear();
  return out;
}

}  // namespace proto::tools
