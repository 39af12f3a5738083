// A mail server in a thread of the test: it takes mail as its rules say, and keeps it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace proto::test {

struct SunkMail {
  std::string from;
  std::vector<std::string> to;  // that were taken
  std::string message;          // unstuffed, CRLF
  std::size_t connection = 0;
  std::string helo;  // how the client called itself
};

struct SinkRules {
  // Replies, without CRLF; called by several threads at once.
  std::function<std::string(const std::string& address)> on_rcpt = [](const std::string&) {
    return "250 2.1.5 ok";
  };
  std::function<std::string(const SunkMail& mail)> on_message = [](const SunkMail&) {
    return "250 2.0.0 taken";
  };
  std::string ehlo = "250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES";
};

class MailSink {
 public:
  // Port 0: a free one.
  explicit MailSink(SinkRules rules = {}, std::uint16_t port = 0);
  ~MailSink();
  MailSink(const MailSink&) = delete;
  MailSink& operator=(const MailSink&) = delete;

  std::uint16_t port() const;
  // What was taken, so far.
  std::vector<SunkMail> mails() const;
  // How many of them hold this text.
  std::size_t count(const std::string& text) const;
  std::size_t connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace proto::test
