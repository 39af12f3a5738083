// What protod's line protocols share: commands in, replies out, and the time and room they have.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proto/stream.h"
#include "reference/protod/accounts.h"

namespace proto::protod {

// One client's conversation. The stream must outlive it; what the stream throws goes through.
class LineSession {
 public:
  struct Rules {
    std::chrono::milliseconds command_time;  // for a line to come whole
    std::size_t max_line;                    // bytes
    std::string_view too_long;               // the reply to a longer one, which ends the session
    std::shared_ptr<const TLSContext> tls;   // null: TLS is not to be had
  };
  LineSession(Stream& stream, Rules rules) : stream_(stream), rules_(std::move(rules)) {}

  // Gives `command` each line, without its end, until end() or until the client has gone. Replies
  // to commands that came together go together.
  void run(const std::function<void(std::string_view line)>& command);
  // Nothing more is read; what was replied goes.
  void end() noexcept { over_ = true; }

  // Queues a line, to which the line end is added; or bytes as they are.
  void reply(std::string_view line) { out_.append(line).append("\r\n"); }
  void append(std::string_view bytes) { out_.append(bytes); }
  void flush();
  void flush_beyond(std::size_t bytes) {
    if (out_.size() > bytes) flush();
  }

  bool offers_tls() const noexcept { return rules_.tls != nullptr && stream_.tls() == nullptr; }
  // Says `go_ahead`, and begins TLS. Throws ProtocolError where the client has sent anything behind
  // its command: that came before TLS (RFC 3207 §4.2, RFC 2595 §4).
  void start_tls(std::string_view go_ahead);

  // The SASL mechanisms that are offered now, with blanks between.
  std::string mechanisms() const;
  enum class Login { accepted, refused, unknown_mechanism, not_base64, left };
  // "MECHANISM [initial-response]", and the exchange that follows: challenges go behind `prompt`
  // (RFC 4954 §4, RFC 5034 §4).
  Login authenticate(std::string_view argument, const Accounts& accounts, std::string_view prompt);

 private:
  std::string read_line();

  Stream& stream_;
  Rules rules_;
  std::string out_;
  bool over_ = false;
};

}  // namespace proto::protod
