#include "wire/sasl.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <stdexcept>
#include <utility>

#include "base/base64.h"
#include "base/characters.h"
#include "base/crypto.h"
#include "base/integers.h"
#include "base/random.h"
#include "proto/error.h"
#include "wire/saslprep.h"
#include "wire/scram.h"

namespace proto {

namespace {

constexpr std::string_view kNul("\0", 1);
constexpr std::string_view kPlus = "-PLUS";

Secret joined(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  std::string text;
  text.reserve(size);  // it must not move: only one copy can be wiped
  for (const auto part : parts) text += part;
  Secret secret(text);
  wipe(text.data(), text.size());
  return secret;
}

class Plain final : public SaslClient {  // RFC 4616
 public:
  explicit Plain(const Credentials& c)
      : response_(joined({c.authzid, kNul, c.user, kNul, c.password.reveal()})) {}
  std::string_view mechanism() const noexcept override { return "PLAIN"; }
  std::optional<Secret> initial_response() override { return response_; }
  Secret respond(std::string_view) override {
    throw ProtocolError("PLAIN: the server challenges a login that has none");
  }

 private:
  Secret response_;
};

// The prompts' words differ from server to server; their order does not.
class Login final : public SaslClient {
 public:
  explicit Login(const Credentials& c) : user_(c.user), password_(c.password) {}
  std::string_view mechanism() const noexcept override { return "LOGIN"; }
  Secret respond(std::string_view) override {
    if (++asked_ > 2) throw ProtocolError("LOGIN: the server asks for a third answer");
    return asked_ == 1 ? Secret(user_) : password_;
  }
  void succeeded() const override {
    if (asked_ < 2) throw ProtocolError("LOGIN: the server says yes before it knows the password");
  }

 private:
  std::string user_;
  Secret password_;
  int asked_ = 0;
};

class CramMD5 final : public SaslClient {  // RFC 2195
 public:
  explicit CramMD5(const Credentials& c) : user_(c.user), password_(c.password) {}
  std::string_view mechanism() const noexcept override { return "CRAM-MD5"; }
  Secret respond(std::string_view challenge) override {
    if (std::exchange(asked_, true))
      throw ProtocolError("CRAM-MD5: the server challenges a second time");
    const auto proof = hmac(DigestAlgorithm::md5, password_.reveal(), challenge);
    return joined({user_, " ", hex_encode(proof)});
  }
  void succeeded() const override {
    if (!asked_) throw ProtocolError("CRAM-MD5: the server says yes before it has challenged");
  }

 private:
  std::string user_;
  Secret password_;
  bool asked_ = false;
};

class Scram final : public SaslClient {
 public:
  Scram(std::string name, DigestAlgorithm algorithm, const Credentials& c, const SaslContext& x)
      : name_(std::move(name)), algorithm_(algorithm) {
    nonce_ = x.nonce.empty() ? random_text(32) : x.nonce;
    std::string prepared = saslprep(c.password.reveal());
    password_ = Secret(prepared);
    wipe(prepared.data(), prepared.size());
    if (name_.ends_with(kPlus)) {
      if (x.binding.name.empty())
        throw std::invalid_argument(name_ + ": the connection has no channel binding");
      gs2_ = "p=" + x.binding.name;
      binding_data_ = x.binding.data;
    } else {
      // "y": we could bind, and think that the server cannot. One that can knows by it that
      // somebody between has taken its -PLUS away (RFC 5802 §6).
      gs2_ = !x.binding.name.empty() && !x.server_offers_plus ? "y" : "n";
    }
    gs2_ += ',';
    if (!c.authzid.empty()) gs2_ += "a=" + escape_scram_name(c.authzid);
    gs2_ += ',';
    first_bare_ = "n=" + escape_scram_name(saslprep(c.user)) + ",r=" + nonce_;
  }

  std::string_view mechanism() const noexcept override { return name_; }
  std::optional<Secret> initial_response() override {
    state_ = State::sent_first;
    return joined({gs2_, first_bare_});
  }

  Secret respond(std::string_view challenge) override {
    switch (std::exchange(state_, State::over)) {
      case State::start:
        if (!challenge.empty()) throw ProtocolError(name_ + ": the client speaks first");
        return *initial_response();
      case State::sent_first:
        return final_message(challenge);
      case State::sent_final:
        verify(challenge);
        return Secret();
      default:
        throw ProtocolError(name_ + ": a challenge after the end");
    }
  }

  void succeeded() const override {
    if (state_ != State::verified)
      throw ProtocolError(name_ + ": the server says yes, but has not proved that it is itself");
  }
  std::string_view server_error() const noexcept override { return error_; }

 private:
  enum class State { start, sent_first, sent_final, verified, over };

  Secret final_message(std::string_view challenge) {
    std::string_view rest = challenge;
    const auto nonce = take_scram_attribute(rest, 'r');
    const auto salt = base64_decode(take_scram_attribute(rest, 's'));
    const auto iterations = parse_decimal(take_scram_attribute(rest, 'i'), kMaxScramIterations);
    if (!is_scram_nonce(nonce) || nonce.size() <= nonce_.size() || !nonce.starts_with(nonce_))
      throw ProtocolError(name_ + ": the server's nonce does not continue ours");
    if (!salt || salt->empty()) throw ProtocolError(name_ + ": bad salt");
    if (!iterations || *iterations < kMinScramIterations) {
      throw ProtocolError(name_ + ": want 4096 to 2000000 iterations, got " + quoted(challenge));
    }
    const auto keys =
        scram_keys(algorithm_, password_.reveal(), *salt, static_cast<unsigned>(*iterations));
    const std::string without_proof =
        "c=" + base64_encode(gs2_ + binding_data_) + ",r=" + std::string(nonce);
    const std::string auth_message =
        first_bare_ + ',' + std::string(challenge) + ',' + without_proof;
    server_signature_ = hmac(algorithm_, keys.server_key, auth_message);
    state_ = State::sent_final;
    return joined(
        {without_proof, ",p=", base64_encode(scram_proof(algorithm_, keys, auth_message))});
  }

  void verify(std::string_view message) {
    if (message.starts_with("e=")) {
      error_ = message.substr(2);  // the refusal follows as the protocol's own
      return;
    }
    const auto signature = base64_decode(take_scram_attribute(message, 'v'));
    if (!signature || !equals_in_constant_time(*signature, server_signature_))
      throw ProtocolError(name_ +
                          ": the server's signature is wrong: it does not know the password");
    state_ = State::verified;
  }

  std::string name_;
  DigestAlgorithm algorithm_;
  std::string nonce_, gs2_, binding_data_, first_bare_, server_signature_, error_;
  Secret password_;
  State state_ = State::start;
};

// XOAUTH2 and OAUTHBEARER (RFC 7628): a token, or the server's reason why not.
class OAuth final : public SaslClient {
 public:
  OAuth(bool bearer, const Credentials& c, const SaslContext& x) : bearer_(bearer) {
    const auto token = c.oauth_token.reveal();
    response_ = bearer
                    ? joined({"n,a=", escape_scram_name(c.user), ",\1host=", x.host,
                              "\1port=", std::to_string(x.port), "\1auth=Bearer ", token, "\1\1"})
                    : joined({"user=", c.user, "\1auth=Bearer ", token, "\1\1"});
  }
  std::string_view mechanism() const noexcept override {
    return bearer_ ? "OAUTHBEARER" : "XOAUTH2";
  }
  std::optional<Secret> initial_response() override { return response_; }
  Secret respond(std::string_view challenge) override {
    if (std::exchange(asked_, true))
      throw ProtocolError(std::string(mechanism()) + ": the server challenges a second time");
    error_ = challenge;
    return bearer_ ? Secret("\1") : Secret();
  }
  void succeeded() const override {
    if (asked_)
      throw ProtocolError(std::string(mechanism()) + ": the server says yes after an error");
  }
  std::string_view server_error() const noexcept override { return error_; }

 private:
  bool bearer_;
  Secret response_;
  std::string error_;
  bool asked_ = false;
};

class External final : public SaslClient {  // RFC 4422, appendix A
 public:
  explicit External(const Credentials& c) : response_(c.authzid) {}
  std::string_view mechanism() const noexcept override { return "EXTERNAL"; }
  std::optional<Secret> initial_response() override { return response_; }
  Secret respond(std::string_view) override {
    throw ProtocolError("EXTERNAL: the server challenges a login that has none");
  }

 private:
  Secret response_;
};

enum class Needs { password, token, nothing };

struct Mechanism {
  std::string_view name;
  Needs needs;
  bool reveals;  // the secret itself goes over the wire
  bool mutual;   // good enough without TLS: the server proves itself too
};

// Strongest first.
constexpr std::array kMechanisms = {
    Mechanism{"SCRAM-SHA-256-PLUS", Needs::password, false, true},
    Mechanism{"SCRAM-SHA-1-PLUS", Needs::password, false, true},
    Mechanism{"SCRAM-SHA-256", Needs::password, false, true},
    Mechanism{"SCRAM-SHA-1", Needs::password, false, true},
    Mechanism{"CRAM-MD5", Needs::password, false, false},
    Mechanism{"PLAIN", Needs::password, true, false},
    Mechanism{"LOGIN", Needs::password, true, false},
    Mechanism{"OAUTHBEARER", Needs::token, true, false},
    Mechanism{"XOAUTH2", Needs::token, true, false},
    Mechanism{"EXTERNAL", Needs::nothing, false, false},
};

const Mechanism* find_mechanism(std::string_view name) noexcept {
  const auto* found = std::find_if(kMechanisms.begin(), kMechanisms.end(), [&](const auto& m) {
    return equals_ignoring_case(m.name, name);
  });
  return found == kMechanisms.end() ? nullptr : found;
}

Needs given_by(const Credentials& credentials) {
  if (!credentials.oauth_token.empty()) return Needs::token;
  return credentials.password.empty() ? Needs::nothing : Needs::password;
}

void check_usable(const Mechanism& mechanism, const Credentials& c) {
  const auto fail = [&](const char* why) {
    throw std::invalid_argument(std::string(mechanism.name) + ": " + why);
  };
  if (mechanism.needs == Needs::password && c.password.empty()) fail("no password given");
  if (mechanism.needs == Needs::token && c.oauth_token.empty()) fail("no token given");
  if (mechanism.needs != Needs::nothing && c.user.empty()) fail("no user name given");
  for (const std::string_view text : {std::string_view(c.user), c.password.reveal(),
                                      c.oauth_token.reveal(), std::string_view(c.authzid)}) {
    if (has_line_break_or_nul(text) || text.find('\1') != std::string_view::npos)
      fail("CR, LF, NUL or another control character in the credentials");
  }
}

}  // namespace

std::unique_ptr<SaslClient> make_sasl_client(std::string_view mechanism,
                                             const Credentials& credentials,
                                             const SaslContext& context) {
  const Mechanism* m = find_mechanism(mechanism);
  if (m == nullptr) throw std::invalid_argument("no such SASL mechanism: " + quoted(mechanism));
  check_usable(*m, credentials);
  if (m->name == "PLAIN") return std::make_unique<Plain>(credentials);
  if (m->name == "LOGIN") return std::make_unique<Login>(credentials);
  if (m->name == "CRAM-MD5") return std::make_unique<CramMD5>(credentials);
  if (m->name == "EXTERNAL") return std::make_unique<External>(credentials);
  if (m->needs == Needs::token)
    return std::make_unique<OAuth>(m->name == "OAUTHBEARER", credentials, context);
  const auto algorithm =
      m->name.starts_with("SCRAM-SHA-256") ? DigestAlgorithm::sha256 : DigestAlgorithm::sha1;
  return std::make_unique<Scram>(std::string(m->name), algorithm, credentials, context);
}

bool sends_secret(std::string_view mechanism) noexcept {
  const Mechanism* m = find_mechanism(mechanism);
  return m == nullptr || m->reveals;
}

std::string_view choose_mechanism(const std::vector<std::string>& offered,
                                  const Credentials& credentials, const SaslPolicy& policy) {
  const Needs given = given_by(credentials);
  for (const Mechanism& m : kMechanisms) {
    if (m.needs != given) continue;
    if (!policy.secrets_may_go && !m.mutual) continue;
    if (!policy.can_bind && m.name.ends_with(kPlus)) continue;
    const bool is_offered =
        std::any_of(offered.begin(), offered.end(),
                    [&](const std::string& name) { return equals_ignoring_case(name, m.name); });
    if (is_offered) return m.name;
  }
  return {};
}

Secret base64_encode(const Secret& bytes) {
  std::string text = base64_encode(bytes.reveal());
  Secret secret(text);
  wipe(text.data(), text.size());
  return secret;
}

}  // namespace proto
