// A whole conversation with a server that says what the input says: each NUL ends what it says to
// one send of ours. The client returns or throws an Error; what goes well does not depend on how
// the bytes were cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "proto/error.h"
#include "proto/pop3.h"

namespace {

class Server final : public proto::Transport {
 public:
  Server(std::string_view script, std::size_t max_read) : script_(script), max_read_(max_read) {
    next_turn();
  }
  std::size_t read_some(std::span<char> into, proto::Patience) override {
    const std::size_t n = std::min({into.size(), now_.size(), max_read_});
    now_.copy(into.data(), n);
    now_.remove_prefix(n);
    return n;
  }
  std::size_t write_some(std::span<const std::string_view> parts, proto::Patience) override {
    std::size_t size = 0;
    for (const auto part : parts) size += part.size();
    if (now_.empty()) next_turn();
    return size;
  }
  Ready wait(Ready wanted, proto::Deadline) override {
    return {.read = wanted.read && !now_.empty(), .write = wanted.write};
  }
  void shutdown_write() noexcept override {}
  void close() noexcept override {}
  const std::string& peer() const noexcept override { return peer_; }

 private:
  void next_turn() {
    now_ = script_.substr(0, script_.find('\0'));
    script_.remove_prefix(std::min(now_.size() + 1, script_.size()));
  }
  std::string_view script_, now_;
  std::size_t max_read_;
  std::string peer_ = "fuzz";
};

void converse(std::string_view script, std::size_t max_read, std::string& seen) {
  proto::POP3Options options;
  options.cleartext_login = true;
  options.limits = {512, 4096, 4096, 65536, 65536};
  proto::POP3 pop(proto::Stream(std::make_unique<Server>(script, max_read)), "fuzz", options);
  seen += pop.getwelcome();
  proto::Credentials ann;
  ann.user = "ann";
  ann.password = proto::Secret("secret");
  pop.login(ann);
  const auto [count, octets] = pop.stat();
  seen += std::to_string(count) + " " + std::to_string(octets);
  for (const auto& entry : pop.list()) seen += std::to_string(entry.octets);
  for (const auto& entry : pop.uidl()) seen += entry.uid;
  pop.top({1, std::min(count, 20U)}, 0, [&](const proto::POP3Item& item) {
    seen += item.error != nullptr ? item.error->text() : std::string(item.text);
  });
  for (const auto& line : pop.retr(1).lines) seen += line;
  pop.dele(1);
  seen += pop.quit();
  seen += "|done";
}

std::string outcome(std::string_view script, std::size_t max_read) {
  std::string seen;
  try {
    converse(script, max_read, seen);
  } catch (const proto::Error&) {
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view script(reinterpret_cast<const char*>(data), size);
  const std::string whole = outcome(script, size);
  const std::string bytes = outcome(script, 1);
  if (whole.ends_with("|done") && bytes != whole) std::abort();
  return 0;
}
