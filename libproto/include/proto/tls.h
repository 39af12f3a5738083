// TLS 1.2 and 1.3 by OpenSSL. Certificates are verified unless a caller says otherwise, in so many
// words.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto/deadline.h"
#include "proto/secret.h"
#include "proto/transport.h"

namespace proto {

// starttls means required: without it nothing goes over the connection.
enum class TLSMode { none, starttls, implicit };
enum class TLSVersion { tls1_2, tls1_3 };

// The policy of a connection; TLSContext makes it immutable.
struct TLSOptions {
  bool verify = true;            // false: any certificate (--insecure)
  std::string ca_file;           // PEM; with ca_dir empty too: the system's trust store
  std::string ca_dir;            // hashed directory
  std::string certificate_file;  // client certificate (PEM, with its chain)
  std::string key_file;          // its key; empty: in certificate_file
  Secret key_password;
  TLSVersion min_version = TLSVersion::tls1_2;
  TLSVersion max_version = TLSVersion::tls1_3;
  std::vector<std::string> alpn;  // most wanted first
  std::vector<std::string>
      pinned_public_keys;       // "sha256//BASE64" of the SubjectPublicKeyInfo; one must match
  bool resume_sessions = true;  // within this context, for the same host and port only
};

// What was agreed on.
struct TLSInfo {
  std::string version;  // "TLSv1.3"
  std::string cipher;
  std::string alpn;  // empty: none
  std::string subject;
  std::string issuer;
  std::string verify_error;  // empty: verified
  bool resumed = false;
};

// An immutable TLS policy with its trust store and session cache. Thread-safe; shared by the
// connections it makes.
class TLSContext {
 public:
  // Throws TLSError where a file cannot be read or used: it fails closed.
  static std::shared_ptr<const TLSContext> client(const TLSOptions& options);
  // For servers: PEM files. ALPN names are those the server accepts, most wanted first. With
  // ca_file or ca_dir clients are asked for a certificate, and with `verify` they must have one.
  static std::shared_ptr<const TLSContext> server(const std::string& certificate_file,
                                                  const std::string& key_file,
                                                  const TLSOptions& options = {});
  ~TLSContext();
  TLSContext(const TLSContext&) = delete;
  TLSContext& operator=(const TLSContext&) = delete;

  struct State;
  State& state() const noexcept { return *state_; }

 private:
  explicit TLSContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class TLSTransport : public Transport {
 public:
  // The client's side, handshake and verification included. `host` is the reference identity (a
  // name in ASCII, or an IP literal); one trailing dot is taken off, a leading one refused. Owns
  // `lower`. Throws TLSError (with verify_reason), TimeoutError, NetworkError; no byte of the
  // user's was sent then.
  static std::unique_ptr<TLSTransport> connect(std::unique_ptr<Transport> lower,
                                               std::shared_ptr<const TLSContext> context,
                                               std::string_view host, std::uint16_t port,
                                               Deadline deadline);
  // The server's side; throws the same.
  static std::unique_ptr<TLSTransport> accept(std::unique_ptr<Transport> lower,
                                              std::shared_ptr<const TLSContext> context,
                                              Deadline deadline);

  virtual const TLSInfo& info() const noexcept = 0;
  // Channel bindings: RFC 9266 (TLS 1.3, or 1.2 with extended master secret; else empty) and RFC
  // 5929 §4.
  virtual std::string tls_exporter_binding() const = 0;
  virtual std::string tls_server_end_point_binding() const = 0;
};

}  // namespace proto
