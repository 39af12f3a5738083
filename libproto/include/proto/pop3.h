// POP3 (RFC 1939, 2449, 2595, 3206, 5034, 6856), the client's side.
//
//   proto::POP3 pop("mail.example.org");
//   pop.user("ann");
//   pop.pass("secret");
//   const auto [count, octets] = pop.stat();
//   const auto [response, lines, size] = pop.retr(1);
//   pop.quit();
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/credentials.h"
#include "proto/deadline.h"
#include "proto/error.h"
#include "proto/stream.h"
#include "proto/tls.h"

namespace proto {

// The server said -ERR. The connection goes on, but for a greeting. enhanced() is the response code
// (RFC 2449 §8) in upper case: "IN-USE", "LOGIN-DELAY", "SYS/TEMP", "SYS/PERM", "AUTH"; or empty.
class POP3Error : public ReplyError {
 public:
  POP3Error(const std::string& what, std::string code, std::string text)
      : ReplyError(what, 0, std::move(code), std::move(text)) {}
  // Trying later may help: IN-USE, LOGIN-DELAY, SYS/TEMP.
  bool temporary() const noexcept;
};

// One for each thing that can be refused.
class POP3GreetingError : public POP3Error {
  using POP3Error::POP3Error;
};
class POP3AuthenticationError : public POP3Error {  // USER, PASS, APOP, AUTH
  using POP3Error::POP3Error;
};
class POP3InUseError : public POP3Error {  // a login, while somebody else has the mailbox open
  using POP3Error::POP3Error;
};
class POP3LoginDelayError : public POP3Error {  // a login too soon after the last
  using POP3Error::POP3Error;
};
class POP3MessageError : public POP3Error {  // LIST, UIDL, TOP, RETR, DELE of one message
  using POP3Error::POP3Error;
};
// The server does not offer what this needs: nothing was sent.
class POP3NotSupportedError : public Error {
  using Error::Error;
};
// QUIT came to no good end after DELE: whether the messages are gone, only the server knows.
class POP3UncertainError : public Error {
  using Error::Error;
};

// Bytes; each bounds what a server can make us hold.
struct POP3Limits {
  std::size_t status_line = 2048;                       // of a reply, its first line
  std::uint64_t capabilities = 64 * 1024;               // CAPA, LANG
  std::uint64_t listing = 64 * 1024 * 1024;             // LIST, UIDL
  std::uint64_t message = std::uint64_t{1} << 30;       // RETR
  std::uint64_t top = std::uint64_t{16} * 1024 * 1024;  // TOP
};

struct POP3Options {
  ConnectOptions connect;
  TLSMode tls = TLSMode::none;
  // Lets a password or token go over a connection without TLS to another machine. Without it that
  // is a TLSError before a byte of it is sent; to this machine it may always go.
  bool cleartext_login = false;
  POP3Limits limits;
};

// Names in upper case, to their arguments, as they came.
using POP3Capabilities = std::map<std::string, std::vector<std::string>>;

struct POP3Stat {
  std::uint32_t count;
  std::uint64_t octets;
};
struct POP3Size {
  std::uint32_t number;
  std::uint64_t octets;
};
struct POP3Uid {
  std::uint32_t number;
  std::string uid;
};
// As the tutorial has it. Lines are without their ends, dots unstuffed; `octets` counts both.
struct POP3Message {
  std::string response;  // behind "+OK "
  std::vector<std::string> lines;
  std::uint64_t octets;
};

// Which messages, in which order. Does not own a list that it is made from.
class POP3Numbers {
 public:
  // Up, or down where `first` is the larger. None where one of them is 0, as in 1 to the count of
  // an empty mailbox.
  POP3Numbers(std::uint32_t first, std::uint32_t last) noexcept : first_(first), last_(last) {}
  POP3Numbers(std::span<const std::uint32_t> list) noexcept : list_(list), is_list_(true) {}
  POP3Numbers(const std::vector<std::uint32_t>& list) noexcept
      : POP3Numbers(std::span<const std::uint32_t>(list)) {}
  std::uint64_t size() const noexcept;
  std::uint32_t operator[](std::uint64_t index) const noexcept;

 private:
  std::span<const std::uint32_t> list_;
  std::uint32_t first_ = 1, last_ = 0;
  bool is_list_ = false;
};

// One message of many.
struct POP3Item {
  std::uint32_t number;
  std::string_view text;   // CRLF line ends, dots unstuffed; dies with the call
  const POP3Error* error;  // null, or why the server did not give it: text is empty then
};

// One connection. Its functions throw what its stream throws, ProtocolError, LimitError, and a
// class of POP3Error where the server says -ERR; after any but the last the connection is closed.
// CR, LF or NUL in an argument is std::invalid_argument, a command out of order std::logic_error:
// nothing was sent then. A server's whole reply is read before any of it is understood. One thread
// at a time.
class POP3 {
 public:
  // Connects and reads the greeting; with TLSMode::starttls it is under TLS when it returns. Port
  // 0: 110, or 995 for implicit TLS. Throws POP3GreetingError; TLSError where STLS is not offered.
  explicit POP3(const std::string& host, std::uint16_t port = 0, POP3Options options = {});
  // Over a stream that is connected already; `host` is for messages and for TLS.
  POP3(Stream stream, const std::string& host, POP3Options options = {});
  POP3(POP3&&) noexcept;
  POP3& operator=(POP3&&) noexcept;
  // Closes; does not converse. Nothing is deleted without quit().
  ~POP3();

  // Bounds all that follows, whatever Timeouts::total says for each call.
  void set_deadline(Deadline deadline) noexcept;
  // The greeting, behind "+OK ".
  const std::string& getwelcome() const noexcept;

  // Logging in: one of these. Those that give a response return it without "+OK ".
  std::string user(std::string_view name);
  std::string pass(std::string_view password);
  std::string pass(const Secret& password) { return pass(password.reveal()); }
  // poplib's name for it, for `pass` is a keyword there.
  std::string pass_(std::string_view password) { return pass(password); }
  // By a digest of the greeting's time stamp. Throws POP3NotSupportedError where it has none.
  std::string apop(std::string_view name, const Secret& password);
  // By one SASL mechanism, asked for by name: "PLAIN", "SCRAM-SHA-256-PLUS", ...
  std::string auth(std::string_view mechanism, const Credentials& credentials);
  // By the strongest way that both sides know; never a weaker one after a refusal. The last resorts
  // are APOP (under TLS only) and USER. Throws POP3AuthenticationError, POP3InUseError,
  // POP3LoginDelayError, and POP3NotSupportedError where no way is left.
  std::string login(const Credentials& credentials);

  // Throws TLSError where it is not offered. What was learnt before is forgotten.
  void stls();
  bool is_secure() const noexcept;

  // Asks. Empty where the server knows no CAPA.
  const POP3Capabilities& capa();
  // Asks once, and again after STLS.
  bool has_capability(std::string_view name);

  POP3Stat stat();
  std::vector<POP3Size> list();
  std::uint64_t list(std::uint32_t number);
  std::vector<POP3Uid> uidl();
  std::string uidl(std::uint32_t number);
  // The header and the first `lines` lines of the body.
  POP3Message top(std::uint32_t number, std::uint64_t lines);
  POP3Message retr(std::uint32_t number);
  // The message's text piece by piece, as it comes. Returns how many bytes it was.
  std::uint64_t retr(std::uint32_t number, const std::function<void(std::string_view)>& sink);
  // Many messages, each command ahead of the replies before it where the server says PIPELINING
  // (RFC 2449 §6.6): by 64 KiB of commands at most, by 16 KiB where it answers within 2 ms. `each`
  // is called once for every message, in order; -ERR on one of them is its item's error, and the
  // rest goes on. What `each` throws ends the connection.
  void top(POP3Numbers numbers, std::uint64_t lines,
           const std::function<void(const POP3Item&)>& each);
  void retr(POP3Numbers numbers, const std::function<void(const POP3Item&)>& each);

  std::string dele(std::uint32_t number);
  std::string rset();
  std::string noop();
  std::string utf8();
  // The languages offered, with their names; or chooses one ("*": the server's own).
  std::vector<std::pair<std::string, std::string>> lang();
  std::string lang(std::string_view tag);

  // Deletes what dele() marked, and closes. Without marks, a server that closes instead of
  // answering is done, too. Throws POP3UncertainError. Idempotent.
  std::string quit();
  void close() noexcept;
  bool is_open() const noexcept;
  Stream& stream() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace proto
