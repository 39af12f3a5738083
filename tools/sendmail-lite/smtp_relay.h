// The real Relay: an SMTP or LMTP server.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/credentials.h"
#include "proto/smtp.h"
#include "sendmail-lite/options.h"
#include "sendmail-lite/relay.h"
#include "sendmail-lite/smtp_failure.h"

namespace proto::sendmail {

// Connects when it is first used, and again when a connection was lost; says what it does, and all
// that goes over the wire, to `trace`.
class SMTPRelay final : public Relay {
 public:
  SMTPRelay(RelayOptions options, Trace trace);
  ~SMTPRelay() override;

  Attempt send(const Letter& letter) override;
  std::string name() const override { return name_; }
  std::string transcript() const override { return transcript_; }

  // Greeted, under TLS and logged in as the options say. Throws what SMTP throws,
  // tools::PasswordError, std::invalid_argument.
  SMTP& open();
  // As whom we log in; nothing: we do not.
  std::optional<std::string> user() const;
  // QUIT, in so far as the server cares to answer.
  void quit() noexcept;

 private:
  SMTPOptions smtp_options(bool starttls_allowed);
  void connect(bool starttls_allowed);
  void login();
  Attempt send_over(SMTP& smtp, const Letter& letter);
  Attempt failed(const Letter& letter, const Failure& failure) const;
  void note(const TraceEvent& event);

  RelayOptions options_;
  Trace trace_;
  std::string name_, transcript_;
  std::shared_ptr<const TLSContext> tls_;
  std::optional<Credentials> credentials_;
  std::optional<SMTP> smtp_;
  Deadline deadline_;            // of the message, connecting included
  bool committed_ = false;       // in this attempt
  int broken_ = 0;               // connections lost in the midst of a message, one after the other
  std::optional<Failure> down_;  // nothing goes any more in this run
};

}  // namespace proto::sendmail
