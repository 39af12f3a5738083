#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "net/tls_bio.h"
#include "net/tls_context.h"
#include "proto/error.h"

namespace proto {
namespace tls {
namespace {

// Bytes of plaintext in a record (RFC 8446 §5.1).
constexpr std::size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;

class Connection final : public TLSTransport {
 public:
  Connection(std::unique_ptr<Transport> lower, std::shared_ptr<const TLSContext> context,
             std::string name);
  ~Connection() override { close(); }

  void connect(const ReferenceIdentity& identity, Deadline deadline);
  void accept(Deadline deadline);

  std::size_t read_some(std::span<char> into, Patience patience) override;
  std::size_t write_some(std::span<const std::string_view> parts, Patience patience) override;
  Ready wait(Ready wanted, Deadline deadline) override;
  void shutdown_write() noexcept override;
  void close() noexcept override;
  const std::string& peer() const noexcept override { return lower_->peer(); }

  const TLSInfo& info() const noexcept override { return info_; }
  std::string tls_exporter_binding() const override;
  std::string tls_server_end_point_binding() const override;

 private:
  void handshake(Deadline deadline);
  void note_result();
  [[noreturn]] void throw_handshake_error(int ssl_error);
  [[noreturn]] void throw_error(int ssl_error, Phase phase);
  std::size_t read_buffered(std::span<char> into) noexcept;
  bool look_ahead(std::size_t reads) noexcept;
  void keep_failure(int ssl_error) noexcept;
  std::string_view gather(std::span<const std::string_view> parts, std::size_t skipped);
  void end_sending(Patience patience) noexcept;
  std::string text(const std::string& what) const { return "TLS with " + name_ + ": " + what; }

  std::unique_ptr<Transport> lower_;
  std::shared_ptr<const TLSContext> context_;
  std::string name_;  // "host:port", or the client's address
  BIOState io_;
  CallbackData callbacks_;
  SSLHandle ssl_;
  TLSInfo info_;
  bool established_ = false;
  bool closed_ = false;
  std::exception_ptr failure_;  // what a look ahead met: the next read's
  // The last record's last byte was not yet reported as sent: part of the record is in io_.unsent.
  bool owed_ = false;
  std::unique_ptr<char[]> gathered_;
};

Connection::Connection(std::unique_ptr<Transport> lower, std::shared_ptr<const TLSContext> context,
                       std::string name)
    : lower_(std::move(lower)),
      context_(std::move(context)),
      name_(std::move(name)),
      io_(*lower_),
      ssl_(SSL_new(context_->state().handle.get())) {
  if (!ssl_) throw TLSError(text(take_error_text()));
  BIO* bio = new_bio(io_).release();
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), &callbacks_);
  callbacks_.check.required = context_->state().verify;
  callbacks_.check.pins = &context_->state().pins;
}

void Connection::connect(const ReferenceIdentity& identity, Deadline deadline) {
  TLSContext::State& state = context_->state();
  identity.apply(ssl_.get());
  if (state.resume_sessions) {
    callbacks_.sessions = &state.sessions;
    callbacks_.session_key = name_;
    const SessionHandle session = state.sessions.take(callbacks_.session_key);
    if (session) SSL_set_session(ssl_.get(), session.get());
  }
  SSL_set_connect_state(ssl_.get());
  handshake(deadline);
}

void Connection::accept(Deadline deadline) {
  SSL_set_accept_state(ssl_.get());
  handshake(deadline);
}

void Connection::handshake(Deadline deadline) {
  io_.patience = deadline;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) throw_handshake_error(SSL_get_error(ssl_.get(), result));
  io_.sending = BIOState::Sending::some;
  established_ = true;
  note_result();
}

void Connection::note_result() {
  const SSL* ssl = ssl_.get();
  info_.version = SSL_get_version(ssl);
  info_.cipher = SSL_get_cipher_name(ssl);
  const unsigned char* alpn = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &size);
  if (size != 0) info_.alpn.assign(reinterpret_cast<const char*>(alpn), size);
  if (const X509* certificate = SSL_get0_peer_certificate(ssl)) {
    info_.subject = name_text(X509_get_subject_name(certificate));
    info_.issuer = name_text(X509_get_issuer_name(certificate));
  }
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) info_.verify_error = X509_verify_cert_error_string(verdict);
  info_.resumed = SSL_session_reused(ssl) == 1;
}

// The certificate's refusal comes first: what failed after it failed in telling the peer.
void Connection::throw_handshake_error(int ssl_error) {
  const CertificateCheck& check = callbacks_.check;
  if (!check.refusal.empty()) {
    throw TLSError(text("the certificate was not accepted: " + check.refusal +
                        (check.detail.empty() ? "" : " (" + check.detail + ")")),
                   check.refusal);
  }
  try {
    throw_error(ssl_error, Phase::tls);
  } catch (const CancelledError&) {
    throw;
  } catch (const TimeoutError& e) {
    throw TimeoutError(text("out of time in the handshake"), e.code(), Phase::tls, peer());
  } catch (const ClosedError& e) {
    throw ClosedError(text("the peer closed the connection in the handshake"), e.code(), Phase::tls,
                      peer());
  } catch (const NetworkError& e) {
    throw NetworkError(text(std::string("in the handshake: ") + e.what()), e.code(), Phase::tls,
                       peer());
  }
}

// OpenSSL's own reason before the transport's exception: that one may come from sending the alert.
void Connection::throw_error(int ssl_error, Phase phase) {
  if (!io_.plaintext.empty())
    throw TLSError(text("the peer does not speak TLS: got " + io_.plaintext));
  const unsigned long code = ERR_peek_error();
  const bool cut_off = ERR_GET_LIB(code) == ERR_LIB_SSL &&
                       ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  if (cut_off || (code == 0 && io_.ended)) {
    ERR_clear_error();
    throw ClosedError(text("the peer ended the connection without close_notify"), 0, phase, peer());
  }
  if (code == 0 && io_.error) std::rethrow_exception(io_.error);
  if (ssl_error == SSL_ERROR_ZERO_RETURN)
    throw ClosedError(text("the peer closed the connection"), 0, phase, peer());
  throw TLSError(text(take_error_text()));
}

std::size_t Connection::read_some(std::span<char> into, Patience patience) {
  if (failure_) std::rethrow_exception(failure_);
  if (into.empty()) return 0;
  io_.patience = patience;
  io_.reads_allowed = BIOState::kAnyNumber;
  ERR_clear_error();
  std::size_t got = 0;
  if (SSL_read_ex(ssl_.get(), into.data(), into.size(), &got) != 1) {
    const int error = SSL_get_error(ssl_.get(), 0);
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    throw_error(error, Phase::receive);
  }
  return got + read_buffered(into.subspan(got));
}

// Further records, as far as they have been received.
std::size_t Connection::read_buffered(std::span<char> into) noexcept {
  std::size_t total = 0;
  io_.reads_allowed = 0;
  while (total < into.size() && SSL_has_pending(ssl_.get()) == 1) {
    std::size_t got = 0;
    if (SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &got) != 1) {
      const int error = SSL_get_error(ssl_.get(), 0);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN) keep_failure(error);
      break;
    }
    total += got;
  }
  return total;
}

void Connection::keep_failure(int ssl_error) noexcept {
  try {
    throw_error(ssl_error, Phase::receive);
  } catch (...) {
    failure_ = std::current_exception();
  }
}

// True: read_some() returns (or throws) at once. May read `reads` times of the transport for it.
bool Connection::look_ahead(std::size_t reads) noexcept {
  if (failure_) return true;
  char byte = 0;
  std::size_t got = 0;
  io_.reads_allowed = reads;
  ERR_clear_error();
  if (SSL_peek_ex(ssl_.get(), &byte, 1, &got) == 1) return true;
  const int error = SSL_get_error(ssl_.get(), 0);
  if (error == SSL_ERROR_WANT_READ) return false;
  if (error != SSL_ERROR_ZERO_RETURN) keep_failure(error);
  return true;
}

Transport::Ready Connection::wait(Ready wanted, Deadline deadline) {
  io_.patience = deadline;
  if (wanted.read && look_ahead(0)) return {.read = true};
  for (;;) {
    Ready ready = lower_->wait(wanted, deadline);
    if (ready.write && !io_.unsent.empty()) {
      io_.send_unsent();
      ready.write = false;  // whether there is room for more, the next round finds out
    }
    ready.read = ready.read && look_ahead(1);
    if (ready.read || ready.write) return ready;
  }
}

// One record's worth of what follows the first `skipped` bytes: a view into a part that stands
// alone, or a copy of several, so that a head and its body are one record.
std::string_view Connection::gather(std::span<const std::string_view> parts, std::size_t skipped) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < parts.size() && size < kRecordBytes; ++i) {
    const std::string_view part = parts[i].substr(std::min(skipped, parts[i].size()));
    skipped -= parts[i].size() - part.size();
    if (part.empty()) continue;
    if (size == 0 && (part.size() >= kRecordBytes || i + 1 == parts.size())) return part;
    if (!gathered_) gathered_.reset(new char[kRecordBytes]);
    const std::size_t taken = std::min(part.size(), kRecordBytes - size);
    std::memcpy(gathered_.get() + size, part.data(), taken);
    size += taken;
  }
  return {gathered_.get(), size};
}

// A record cannot be sent in part and then be taken back. Where part of one went, the rest waits in
// io_.unsent, and the record's last byte is reported as sent only when it is: so write() returns
// when everything went, and still no call waits while the peer may be waiting for us to read.
std::size_t Connection::write_some(std::span<const std::string_view> parts, Patience patience) {
  io_.patience = patience;
  while (!io_.unsent.empty()) io_.send_unsent();
  const std::size_t paid = std::exchange(owed_, false) ? 1 : 0;
  const std::string_view data = gather(parts, paid);
  if (data.empty()) return paid;
  ERR_clear_error();
  std::size_t sent = 0;
  if (SSL_write_ex(ssl_.get(), data.data(), data.size(), &sent) != 1)
    throw_error(SSL_get_error(ssl_.get(), 0), Phase::send);
  while (!io_.unsent.empty() && paid + sent == 1) io_.send_unsent();
  owed_ = !io_.unsent.empty();
  return paid + sent - (owed_ ? 1 : 0);
}

// close_notify, as far as patience lets it.
void Connection::end_sending(Patience patience) noexcept {
  try {
    io_.patience = patience;
    while (!io_.unsent.empty()) io_.send_unsent();
    ERR_clear_error();
    if (SSL_shutdown(ssl_.get()) < 0) ERR_clear_error();
    while (!io_.unsent.empty()) io_.send_unsent();
  } catch (const std::exception&) {  // nobody is left to tell
    io_.unsent.clear();
  }
}

void Connection::shutdown_write() noexcept {
  if (closed_) return;
  end_sending(io_.patience);
  lower_->shutdown_write();
}

void Connection::close() noexcept {
  if (std::exchange(closed_, true)) return;
  const bool broken = failure_ || io_.error || io_.ended || !io_.unsent.empty();
  // A transport sends what goes at once before it looks at the time.
  if (established_ && !broken) end_sending(Deadline::after(Deadline::Clock::duration::zero()));
  lower_->close();
}

std::string Connection::tls_exporter_binding() const {
  constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
  constexpr std::size_t kBytes = 32;
  SSL* ssl = ssl_.get();
  if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1) return {};
  std::string binding(kBytes, '\0');
  // RFC 9266 §4.2: the context is there, and empty.
  const unsigned char empty = 0;
  if (SSL_export_keying_material(ssl, reinterpret_cast<unsigned char*>(binding.data()), kBytes,
                                 kLabel.data(), kLabel.size(), &empty, 0, 1) != 1)
    throw TLSError(text("no channel binding: " + take_error_text()));
  return binding;
}

std::string Connection::tls_server_end_point_binding() const {
  const X509* certificate = SSL_is_server(ssl_.get()) == 1 ? SSL_get_certificate(ssl_.get())
                                                           : SSL_get0_peer_certificate(ssl_.get());
  return certificate == nullptr ? std::string() : server_end_point(certificate);
}

}  // namespace
}  // namespace tls

std::unique_ptr<TLSTransport> TLSTransport::connect(std::unique_ptr<Transport> lower,
                                                    std::shared_ptr<const TLSContext> context,
                                                    std::string_view host, std::uint16_t port,
                                                    Deadline deadline) {
  if (context->state().is_server) throw std::logic_error("TLS: connect() with a server's context");
  const tls::ReferenceIdentity identity(host);
  auto connection = std::make_unique<tls::Connection>(
      std::move(lower), std::move(context), identity.authority() + ":" + std::to_string(port));
  connection->connect(identity, deadline);
  return connection;
}

std::unique_ptr<TLSTransport> TLSTransport::accept(std::unique_ptr<Transport> lower,
                                                   std::shared_ptr<const TLSContext> context,
                                                   Deadline deadline) {
  if (!context->state().is_server) throw std::logic_error("TLS: accept() with a client's context");
  const std::string name = lower->peer();
  auto connection = std::make_unique<tls::Connection>(std::move(lower), std::move(context), name);
  connection->accept(deadline);
  return connection;
}

}  // namespace proto
