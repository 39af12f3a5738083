// A whole conversation with a server that says the fuzzer's bytes: it returns or throws an Error,
// and never takes for sent what was not answered by 250. The first byte is the size of the pieces
// that the server sends, and what the client does.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "proto/credentials.h"
#include "proto/smtp.h"

namespace {

using namespace proto;

class Server final : public Transport {
 public:
  Server(std::string_view says, std::size_t step) : says_(says), step_(step) {}

  std::size_t read_some(std::span<char> into, Patience) override {
    const std::size_t n = says_.copy(into.data(), std::min(into.size(), step_));
    says_.remove_prefix(n);
    return n;
  }
  std::size_t write_some(std::span<const std::string_view> parts, Patience) override {
    std::size_t n = 0;
    for (const std::string_view part : parts) n += part.size();
    return n;
  }
  Ready wait(Ready wanted, Deadline) override { return {.read = false, .write = wanted.write}; }
  void shutdown_write() noexcept override {}
  void close() noexcept override {}
  const std::string& peer() const noexcept override { return peer_; }

 private:
  std::string_view says_;
  std::size_t step_;
  std::string peer_ = "127.0.0.1:25";
};

void converse(std::string_view says, std::size_t step, unsigned what) {
  SMTPOptions options;
  options.helo_name = "client.example.org";
  options.lmtp = (what & 1) != 0;
  SMTP smtp(Stream(std::make_unique<Server>(says, step)), "mx.example.org", 25, options);
  if ((what & 2) != 0) smtp.login({"joe", Secret("secret"), Secret()});
  const Envelope two{"me@example.org", {"a@example.net", "b@example.net"}, "FULL", "x"};
  const std::string small = "Subject: x\n\ngr\xc3\xbc\n.\n";
  static const std::string large = [] {
    std::string text = "Subject: x\n\n";
    while (text.size() < 300'000) text += ".a line\n";
    return text;
  }();
  const bool has_250 = says.find("250") != says.npos;
  const auto check = [&](const SendResult& result) {
    if (result.recipients.size() != 2) std::abort();
    if (result.any(Verdict::accepted) && !has_250) std::abort();
    for (const RecipientResult& r : result.recipients) {
      if (r.verdict == Verdict::accepted && r.reply.code != 250) std::abort();
    }
  };
  if ((what & 4) != 0) {
    const SMTP::Outgoing batch[] = {{&two, small}, {&two, small}, {&two, large}, {&two, small}};
    std::size_t told = 0;
    smtp.send_all(batch, [&](std::size_t index, const SendResult& result) {
      if (index != told++) std::abort();
      check(result);
    });
    if (told != 4) std::abort();
  } else {
    check(smtp.send(two, small));
    if (smtp.is_open()) check(smtp.send(two, large));
  }
  smtp.quit();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view says(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t steps[] = {1, 7, 100, 65536};
  try {
    converse(says, steps[data[0] & 3U], data[0] >> 2U);
  } catch (const Error&) {
  } catch (const std::logic_error&) {  // the connection has ended, and the next call says so
  }
  return 0;
}
