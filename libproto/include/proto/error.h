// What can go wrong, as types. A message says what failed, where and why, in one line; it never
// holds a secret.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proto {

// What a connection was doing when it failed.
enum class Phase { none, resolve, connect, proxy, tls, greeting, login, send, receive, close };
std::string_view to_string(Phase phase);

// The root of everything this library throws for reasons outside the program. What the caller did
// wrong is std::invalid_argument or std::logic_error instead, thrown before a byte is sent.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The network or the machine failed. The connection is over.
class NetworkError : public Error {
 public:
  // `code` is an errno value, or 0 where the system gave none.
  NetworkError(const std::string& what, int code, Phase phase, std::string address = {})
      : Error(what), code_(code), phase_(phase), address_(std::move(address)) {}

  int code() const noexcept { return code_; }
  Phase phase() const noexcept { return phase_; }
  // The peer as text, where it is known; else empty.
  const std::string& address() const noexcept { return address_; }

 private:
  int code_;
  Phase phase_;
  std::string address_;
};

// The name has no address, or the look-up failed. `temporary()`: asking again later may help.
class ResolveError : public NetworkError {
 public:
  ResolveError(const std::string& what, std::string host, bool temporary)
      : NetworkError(what, 0, Phase::resolve, std::move(host)), temporary_(temporary) {}
  bool temporary() const noexcept { return temporary_; }

 private:
  bool temporary_;
};

// No address could be connected to.
class ConnectError : public NetworkError {
 public:
  struct Attempt {
    std::string address;
    int code;  // errno
    std::string reason;
  };
  ConnectError(const std::string& what, int code, std::string address,
               std::vector<Attempt> attempts)
      : NetworkError(what, code, Phase::connect, std::move(address)),
        attempts_(std::move(attempts)) {}
  // Every address tried, in order.
  const std::vector<Attempt>& attempts() const noexcept { return attempts_; }

 private:
  std::vector<Attempt> attempts_;
};

// The deadline or the idle bound passed.
class TimeoutError : public NetworkError {
 public:
  using NetworkError::NetworkError;
};

// The peer closed the connection where more was due.
class ClosedError : public NetworkError {
 public:
  using NetworkError::NetworkError;
};

// Canceller::cancel() was called.
class CancelledError : public NetworkError {
 public:
  using NetworkError::NetworkError;
};

// TLS failed. `verify_reason()` is not empty where the certificate was not accepted.
class TLSError : public Error {
 public:
  explicit TLSError(const std::string& what, std::string verify_reason = {})
      : Error(what), verify_reason_(std::move(verify_reason)) {}
  const std::string& verify_reason() const noexcept { return verify_reason_; }

 private:
  std::string verify_reason_;
};

// The peer does not keep to the protocol: what was wanted, and what came, quoted.
class ProtocolError : public Error {
 public:
  using Error::Error;
};

// The peer keeps to the protocol and says no.
class ReplyError : public Error {
 public:
  // `code`: the SMTP reply code, the HTTP status of a proxy that refused, or 0 in POP3. `enhanced`:
  // RFC 3463 ("5.1.1") or the POP3 response code ("IN-USE"); empty: none.
  ReplyError(const std::string& what, int code, std::string enhanced, std::string text)
      : Error(what), code_(code), enhanced_(std::move(enhanced)), text_(std::move(text)) {}
  int code() const noexcept { return code_; }
  const std::string& enhanced() const noexcept { return enhanced_; }
  // The peer's own words, all lines, as they came: escape before you show them.
  const std::string& text() const noexcept { return text_; }

 private:
  int code_;
  std::string enhanced_;
  std::string text_;
};

// A limit of ours was passed: something of the peer's is too long, too many or too large.
class LimitError : public Error {
 public:
  using Error::Error;
};

// A local file cannot be read.
class ReadError : public Error {
 public:
  ReadError(const std::string& what, int code) : Error(what), code_(code) {}
  int code() const noexcept { return code_; }  // errno

 private:
  int code_;
};

// The local file or pipe refused what arrived.
class WriteError : public Error {
 public:
  WriteError(const std::string& what, int code) : Error(what), code_(code) {}
  int code() const noexcept { return code_; }  // errno

 private:
  int code_;
};

}  // namespace proto
