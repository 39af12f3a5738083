#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/characters.h"
#include "proto/error.h"

namespace proto {

namespace tls {
namespace {

// Forward secrecy for all of TLS 1.2; AEAD first, CBC for the mail servers that have nothing else.
// Level 2 refuses keys, DH groups and signatures of less than 112 bits.
constexpr const char* kCiphers =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:DHE+AES:"
    "!aNULL:!eNULL:!aDSS:!PSK:!SRP:!AESCCM:@SECLEVEL=2";

// Two whole records of TLS 1.3 are received at once, so that a record's header and body cost no
// system call each. Not more: a part of a third would be moved to the front, and its rest received
// by a call of its own. OpenSSL takes up to 7 bytes off the front to align the payload.
constexpr std::size_t kRecordBytes = SSL3_RT_HEADER_LENGTH + SSL3_RT_MAX_PLAIN_LENGTH + 1 + 16;
constexpr std::size_t kReadBufferBytes = 2 * kRecordBytes + 7;

// proto's: std::quoted() would be found too.
std::string shown(const std::string& path) {
  constexpr std::size_t kMaxBytes = 256;
  return proto::quoted(path, kMaxBytes);
}

[[noreturn]] void fail(const std::string& what) {
  throw TLSError("TLS: " + what + ": " + take_error_text());
}

void require_readable(const std::string& what, const std::string& path) {
  struct stat status {};
  const BIOHandle file(BIO_new_file(path.c_str(), "r"));
  const int error = errno;
  ERR_clear_error();
  if (!file)
    throw TLSError("TLS: cannot read " + what + " " + shown(path) + ": " + std::strerror(error));
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    throw TLSError("TLS: cannot read " + what + " " + shown(path) + ": " + std::strerror(EISDIR));
}

bool holds_certificate(const std::filesystem::path& path) {
  const BIOHandle file(BIO_new_file(path.c_str(), "r"));
  const CertificateHandle certificate(
      file ? PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  return certificate != nullptr;
}

// As X509_LOOKUP_hash_dir() looks for it: eight hexadecimal digits, a dot, a number.
bool is_hashed_name(const std::string& name) {
  constexpr std::size_t kHashDigits = 8;
  return name.size() > kHashDigits + 1 && name[kHashDigits] == '.' &&
         name.find_first_not_of("0123456789abcdef") == kHashDigits &&
         name.find_first_not_of("0123456789", kHashDigits + 1) == std::string::npos;
}

// OpenSSL opens a folder's files when it needs them, and says nothing where there are none.
void require_certificates(const std::string& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error)) {
    if (is_hashed_name(i->path().filename()) && holds_certificate(i->path())) return;
  }
  throw TLSError("TLS: cannot use the CA folder " + shown(folder) + ": " +
                 (error ? error.message()
                        : "it holds no certificate under a hashed name (see openssl rehash)"));
}

void load_trust(SSL_CTX* context, const TLSOptions& options) {
  if (!options.ca_file.empty()) {
    require_readable("the CA file", options.ca_file);
    if (SSL_CTX_load_verify_file(context, options.ca_file.c_str()) != 1)
      fail("cannot use the CA file " + shown(options.ca_file));
  }
  if (!options.ca_dir.empty()) {
    require_certificates(options.ca_dir);
    if (SSL_CTX_load_verify_dir(context, options.ca_dir.c_str()) != 1)
      fail("cannot use the CA folder " + shown(options.ca_dir));
  }
  if (options.ca_file.empty() && options.ca_dir.empty() && options.verify &&
      SSL_CTX_set_default_verify_paths(context) != 1)
    fail("cannot use the system's trust store");
}

// OpenSSL's own would ask at the terminal.
int give_password(char* into, int size, int, void* secret) noexcept {
  const std::string_view text = static_cast<const Secret*>(secret)->reveal();
  if (text.empty() || text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(into, text.data(), text.size());
  return static_cast<int>(text.size());
}

void load_identity(SSL_CTX* context, const std::string& certificate, const std::string& key_file,
                   const Secret& password) {
  const std::string& key = key_file.empty() ? certificate : key_file;
  require_readable("the certificate", certificate);
  require_readable("the key", key);
  Secret copy = password;
  SSL_CTX_set_default_passwd_cb(context, give_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, &copy);
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    fail("cannot use the certificate " + shown(certificate));
  const bool usable = SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  if (!usable || SSL_CTX_check_private_key(context) != 1)
    fail("cannot use the key " + shown(key) + " with the certificate " + shown(certificate));
}

std::string alpn_wire(const std::vector<std::string>& names) {
  constexpr std::size_t kMaxNameBytes = 255;
  std::string wire;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > kMaxNameBytes)
      throw std::invalid_argument("ALPN: want 1 to 255 bytes, got " + proto::quoted(name));
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

// RFC 7301 §3.2: the server chooses; with nothing in common the handshake fails.
int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* size,
                const unsigned char* offered, unsigned offered_size, void* wire) noexcept {
  const auto* ours = static_cast<const std::string*>(wire);
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(ours->data()),
                            static_cast<unsigned>(ours->size()), offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

int verify_certificate(X509_STORE_CTX* store, void*) noexcept {
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  return check_certificate(store, static_cast<CallbackData*>(SSL_get_app_data(ssl))->check) ? 1 : 0;
}

// In TLS 1.3 tickets come after the handshake, while the user reads. 1: the session is ours.
int keep_session(SSL* ssl, SSL_SESSION* session) noexcept {
  const auto* data = static_cast<CallbackData*>(SSL_get_app_data(ssl));
  if (data == nullptr || data->sessions == nullptr) return 0;
  try {
    data->sessions->put(data->session_key, session);
    return 1;
  } catch (const std::exception&) {
    return 0;
  }
}

int number_of(TLSVersion version) {
  return version == TLSVersion::tls1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

// What both sides have in common.
void make(TLSContext::State& state, const TLSOptions& options) {
  if (options.max_version < options.min_version)
    throw std::invalid_argument("TLS: the highest version is below the lowest");
  ERR_clear_error();
  state.handle.reset(SSL_CTX_new(state.is_server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* context = state.handle.get();
  if (context == nullptr || SSL_CTX_set_cipher_list(context, kCiphers) != 1 ||
      SSL_CTX_set_min_proto_version(context, number_of(options.min_version)) != 1 ||
      SSL_CTX_set_max_proto_version(context, number_of(options.max_version)) != 1)
    fail("cannot set up");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadBufferBytes);
  SSL_CTX_set_cert_verify_callback(context, verify_certificate, nullptr);
  state.verify = options.verify;
  state.resume_sessions = options.resume_sessions;
  state.alpn = alpn_wire(options.alpn);
  for (const std::string& pin : options.pinned_public_keys) state.pins.push_back(parse_pin(pin));
}

void make_client(TLSContext::State& state, const TLSOptions& options) {
  make(state, options);
  SSL_CTX* context = state.handle.get();
  load_trust(context, options);
  if (!options.certificate_file.empty())
    load_identity(context, options.certificate_file, options.key_file, options.key_password);
  // check_certificate() decides, with verify = false too: pins bind even then.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (!state.alpn.empty() &&
      SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(state.alpn.data()),
                              static_cast<unsigned>(state.alpn.size())) != 0)
    fail("cannot offer ALPN");
  SSL_CTX_set_session_cache_mode(context, options.resume_sessions
                                              ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
                                              : SSL_SESS_CACHE_OFF);
  if (options.resume_sessions) SSL_CTX_sess_set_new_cb(context, keep_session);
}

void make_server(TLSContext::State& state, const std::string& certificate, const std::string& key,
                 const TLSOptions& options) {
  state.is_server = true;
  make(state, options);
  SSL_CTX* context = state.handle.get();
  load_identity(context, certificate, key, options.key_password);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (!options.ca_file.empty() || !options.ca_dir.empty()) {
    load_trust(context, options);
    SSL_CTX_set_verify(
        context, SSL_VERIFY_PEER | (options.verify ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  }
  if (!state.alpn.empty()) SSL_CTX_set_alpn_select_cb(context, choose_alpn, &state.alpn);
  // Stateless tickets only, under a key that lives as long as this context.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  static constexpr unsigned char kSessionContext[] = "libproto";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  if (!options.resume_sessions) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
  }
}

}  // namespace
}  // namespace tls

TLSContext::TLSContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TLSContext::~TLSContext() = default;

std::shared_ptr<const TLSContext> TLSContext::client(const TLSOptions& options) {
  auto state = std::make_unique<State>();
  tls::make_client(*state, options);
  return std::shared_ptr<const TLSContext>(new TLSContext(std::move(state)));
}

std::shared_ptr<const TLSContext> TLSContext::server(const std::string& certificate_file,
                                                     const std::string& key_file,
                                                     const TLSOptions& options) {
  auto state = std::make_unique<State>();
  tls::make_server(*state, certificate_file, key_file, options);
  return std::shared_ptr<const TLSContext>(new TLSContext(std::move(state)));
}

}  // namespace proto
