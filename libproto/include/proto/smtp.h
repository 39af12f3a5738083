// SMTP (RFC 5321) and LMTP (RFC 2033), the client's side.
//
//   proto::SMTP smtp("mail.example.org");
//   smtp.sendmail("me@example.org", {"you@example.org"}, "Subject: Hello\n\nHow are you?\n");
//   smtp.quit();
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/deadline.h"
#include "proto/error.h"
#include "proto/smtp_types.h"
#include "proto/stream.h"
#include "proto/tls.h"

namespace proto {

struct Credentials;
class Message;
class SaslClient;
struct EnvelopeAddress;

// The server said no. The connection goes on, unless the code is 421: then it is closed.
class SMTPReplyError : public ReplyError {
 public:
  SMTPReplyError(const std::string& what, SMTPReply reply)
      : ReplyError(what, reply.code, reply.enhanced, reply.text), reply_(std::move(reply)) {}
  const SMTPReply& reply() const noexcept { return reply_; }
  bool for_now() const noexcept { return reply_.for_now(); }

 private:
  SMTPReply reply_;
};

// One for each thing that can be refused, as smtplib's users know them.
class SMTPConnectError : public SMTPReplyError {  // the greeting
  using SMTPReplyError::SMTPReplyError;
};
class SMTPHeloError : public SMTPReplyError {  // EHLO, HELO, LHLO
  using SMTPReplyError::SMTPReplyError;
};
class SMTPAuthenticationError : public SMTPReplyError {  // AUTH
  using SMTPReplyError::SMTPReplyError;
};
class SMTPSenderRefused : public SMTPReplyError {  // MAIL
  using SMTPReplyError::SMTPReplyError;
};
class SMTPRecipientsRefused : public SMTPReplyError {  // RCPT: all of them
 public:
  SMTPRecipientsRefused(const std::string& what, SMTPReply first, SendResult result)
      : SMTPReplyError(what, std::move(first)), result_(std::move(result)) {}
  const SendResult& result() const noexcept { return result_; }

 private:
  SendResult result_;
};
class SMTPDataError : public SMTPReplyError {  // DATA, BDAT, or the message
 public:
  SMTPDataError(const std::string& what, SMTPReply reply, SendResult result = {})
      : SMTPReplyError(what, std::move(reply)), result_(std::move(result)) {}
  // Of sendmail() and send_message(); empty where data() or bdat() was called.
  const SendResult& result() const noexcept { return result_; }

 private:
  SendResult result_;
};
// The server does not offer what this needs (SMTPUTF8, a larger SIZE, a mechanism): nothing went.
class SMTPNotSupportedError : public Error {
  using Error::Error;
};
// By its end (ClosedError), a reset, or a time-out (TimeoutError).
using SMTPServerDisconnected = NetworkError;

// How long to wait for what (RFC 5321 §4.5.3.2), each below ConnectOptions::timeouts.idle and the
// total deadline.
struct SMTPTimeouts {
  std::chrono::milliseconds greeting{std::chrono::minutes(5)};
  std::chrono::milliseconds command{std::chrono::minutes(5)};  // MAIL, RCPT and all others
  std::chrono::milliseconds data{std::chrono::minutes(2)};     // DATA
  std::chrono::milliseconds block{std::chrono::minutes(3)};    // each piece of the message
  std::chrono::milliseconds end{std::chrono::minutes(10)};     // the verdict
};

struct SMTPOptions {
  SMTPOptions() { connect.timeouts.idle = std::chrono::minutes(10); }

  ConnectOptions connect;
  TLSMode tls = TLSMode::none;
  bool lmtp = false;
  std::string helo_name;  // empty: this machine's name, or an address literal
  // Lets login() go over a connection without TLS to another machine.
  bool cleartext_login = false;
  SMTPTimeouts timeouts;
  std::size_t max_line_bytes = 2048;  // of a reply
  std::size_t max_reply_lines = 100;
};

// How a message goes.
struct SendOptions {
  // automatic: BDAT where PIPELINING and CHUNKING are offered (one flight less), else DATA.
  enum class Transfer { automatic, data, bdat };
  Transfer transfer = Transfer::automatic;
  // Called when all that a server needs to take the message is about to go: what must be on disk
  // before is put there now. Once for each transaction; the server's LIMITS may make several of one
  // message. What it throws ends the connection, and send() throws it, too, unless a transaction
  // before it has ended: then that is told, by the result.
  std::function<void()> before_commit;
  // Called with the index into Envelope::to as soon as that recipient's verdict is known.
  std::function<void(std::size_t, const RecipientResult&)> on_verdict;
};

// One connection. Its functions throw
// - std::invalid_argument and std::logic_error, where the caller is wrong, and
//   SMTPNotSupportedError, before a byte is sent: the connection stays as it is;
// - a class of SMTPReplyError where the server says no: the connection stays open, unless the code
//   is 421 or the refusal came before the message had gone;
// - what its stream throws, ProtocolError and LimitError: the connection is closed, and only quit()
//   and close() may follow.
// One thread at a time.
class SMTP {
 public:
  // Connects, reads the greeting, and with TLSMode::starttls is under TLS when it returns. Port 0:
  // 25, or 465 for implicit TLS, or 24 for LMTP. Throws SMTPConnectError, TLSError where STARTTLS
  // is not offered.
  explicit SMTP(const std::string& host, std::uint16_t port = 0, SMTPOptions options = {});
  // Over a stream that is connected already; `host` is for messages and for TLS.
  SMTP(Stream stream, const std::string& host, std::uint16_t port = 0, SMTPOptions options = {});
  SMTP(SMTP&&) noexcept;
  SMTP& operator=(SMTP&&) noexcept;
  // Closes; does not converse.
  ~SMTP();

  // Bounds all that follows, whatever Timeouts::total says for each call.
  void set_deadline(Deadline deadline) noexcept;

  // Who we are; an empty name is SMTPOptions::helo_name's. LMTP says LHLO.
  SMTPReply helo(std::string_view name = {});
  SMTPReply ehlo(std::string_view name = {});
  // EHLO, and HELO where the server knows no EHLO; nothing where one was said already. All that
  // need it call it.
  void ehlo_or_helo_if_needed();
  const SMTPCapabilities& capabilities() const noexcept;

  // Throws TLSError where it is not offered, SMTPReplyError where it is refused. Forgets the
  // capabilities and says EHLO again.
  void starttls();
  bool is_secure() const noexcept;
  // By the strongest mechanism of both sides; never a weaker one after a refusal. Throws
  // SMTPAuthenticationError; SMTPNotSupportedError; TLSError, and the connection is closed, where
  // it is neither under TLS nor to this machine, and SMTPOptions::cleartext_login is not set.
  void login(const Credentials& credentials);
  // By this mechanism: "PLAIN", "SCRAM-SHA-256", ... Throws as login() does.
  void auth(std::string_view mechanism, const Credentials& credentials);

  // The whole of it, as the tutorial has it. Returns what became of each recipient: at least one
  // was accepted. Throws SMTPSenderRefused, SMTPRecipientsRefused, SMTPDataError, and
  // SMTPServerDisconnected where the message was sent whole and no verdict came.
  SendResult sendmail(std::string_view from, const std::vector<std::string>& to,
                      std::string_view message);
  // Refused recipients are results, in the order given; so is a refused message, and a verdict that
  // did not come. A server's RCPTMAX and RCPTDOMAINMAX (RFC 9422) make several transactions of it;
  // those for whom its MAILMAX leaves none are for_now, with a reply of code 0. Throws
  // SMTPSenderRefused and SMTPNotSupportedError: no recipient has it then.
  [[nodiscard]] SendResult send(const Envelope& envelope, std::string_view message,
                                const SendOptions& options = {});
  [[nodiscard]] SendResult send(const Envelope& envelope, MessageSource& message,
                                const SendOptions& options = {});
  // Sender and recipients from the header (RFC 5322 Sender, From; To, Cc, Bcc, or their Resent-).
  // Returns and throws as sendmail() does.
  SendResult send_message(const Message& message, const SendOptions& options = {});
  SendResult send_message(const Envelope& envelope, const Message& message,
                          const SendOptions& options = {});

  // Views: both must outlive send_all().
  struct Outgoing {
    Outgoing(const Envelope* to, std::string_view text) : envelope(to), message(text) {}
    Outgoing(const Envelope* to, const std::string& text) : envelope(to), message(text) {}
    Outgoing(const Envelope* to, const char* text) : envelope(to), message(text) {}
    Outgoing(const Envelope*, std::string&&) = delete;

    const Envelope* envelope;
    std::string_view message;
  };
  using Done = std::function<void(std::size_t index, const SendResult&)>;
  // Many messages, each one's commands behind the one before where PIPELINING is offered. `done` is
  // called in order, once for each message, as soon as its result is known; a refused sender is a
  // result here, too, and so is a message that this server cannot take (for_good, with a reply of
  // code 0). When the connection is lost, it is called for those that may have been taken, and then
  // the error is thrown; where MAILMAX (RFC 9422) ends the batch, SMTPNotSupportedError, and the
  // connection stays. Messages that it was not called for have not been sent. Of `options`,
  // on_verdict does not say which message it is about.
  void send_all(std::span<const Outgoing> messages, const Done& done,
                const SendOptions& options = {});
  // MAIL and RCPT as send() says them, then RSET: who would be taken. Sends no message, of which
  // `message_size` says how many bytes it would have; 0: not said.
  [[nodiscard]] SendResult rehearse(const Envelope& envelope, std::uint64_t message_size = 0);

  // The verbs by themselves. `parameters` are ESMTP's, as they go on the line: "SIZE=1000";
  // SMTPUTF8 is added where the address needs it.
  SMTPReply mail(std::string_view from, std::string_view parameters = {});
  SMTPReply rcpt(std::string_view to, std::string_view parameters = {});
  // DATA and the message, encoded. LMTP: call reply() for each further recipient.
  SMTPReply data(std::string_view message);
  SMTPReply bdat(std::string_view chunk, bool last);
  SMTPReply reply();
  void rset();
  void noop();
  SMTPReply vrfy(std::string_view who);
  SMTPReply expn(std::string_view list);
  SMTPReply help(std::string_view topic = {});
  // Any other command of one line: the reply, whatever it says but 421.
  SMTPReply docmd(std::string_view command);
  // A server that closes instead of answering is done, too. Idempotent.
  void quit();

  void close() noexcept;
  bool is_open() const noexcept;
  // The server said how many messages it takes over one connection (RFC 9422 MAILMAX), and it had
  // them: the next one needs another connection, and send() throws SMTPNotSupportedError here.
  bool is_used_up() const noexcept;
  Stream& stream() noexcept;

 private:
  SMTPReply greet(std::string_view verb, std::string_view name);
  SMTPReply expect_ok(const std::string& line);
  SMTPReply ask(std::string_view line);
  SMTPReply converse(std::string_view command);
  void require_smtputf8_for(std::string_view verb, const EnvelopeAddress& path) const;
  SendResult accepted_by_some(SendResult result) const;
  SMTPReply read_verdict();
  SMTPReply finish_verdict(const SMTPReply& reply, bool last);
  void authenticate(std::string_view mechanism, const Credentials& credentials);
  void converse(SaslClient& client, const Credentials& credentials);
  SendResult send_one(const Envelope& envelope, std::string_view text, MessageSource* source,
                      const SendOptions& options);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace proto
