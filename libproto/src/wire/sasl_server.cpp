#include "wire/sasl_server.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/base64.h"
#include "base/characters.h"
#include "base/crypto.h"
#include "base/random.h"
#include "proto/error.h"
#include "wire/saslprep.h"
#include "wire/scram.h"

namespace proto {

namespace {

bool is_password(const std::optional<Secret>& known, std::string_view given) {
  return known && equals_in_constant_time(known->reveal(), given);
}

class PlainServer final : public SaslServer {
 public:
  explicit PlainServer(PasswordLookup lookup) : SaslServer(std::move(lookup)) {}
  Step step(std::optional<std::string_view> response) override {
    if (!response) return {Verdict::go_on, {}};
    const auto first = response->find('\0');
    const auto second = response->find('\0', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return verdict(false);
    const auto authzid = response->substr(0, first);
    user_ = response->substr(first + 1, second - first - 1);
    if (!authzid.empty() && authzid != user_) return verdict(false);
    return verdict(is_password(lookup_(user_), response->substr(second + 1)));
  }
};

class LoginServer final : public SaslServer {
 public:
  explicit LoginServer(PasswordLookup lookup) : SaslServer(std::move(lookup)) {}
  Step step(std::optional<std::string_view> response) override {
    if (!response) return {Verdict::go_on, "Username:"};
    if (!std::exchange(named_, true)) {
      user_ = *response;
      return {Verdict::go_on, "Password:"};
    }
    return verdict(is_password(lookup_(user_), *response));
  }

 private:
  bool named_ = false;
};

class CramMD5Server final : public SaslServer {
 public:
  CramMD5Server(PasswordLookup lookup, std::string_view host, std::string nonce)
      : SaslServer(std::move(lookup)), challenge_("<" + nonce + "@" + std::string(host) + ">") {}
  Step step(std::optional<std::string_view> response) override {
    if (!response) return {Verdict::go_on, challenge_};
    const auto space = response->rfind(' ');
    if (space == std::string_view::npos) return verdict(false);
    user_ = response->substr(0, space);
    const auto password = lookup_(user_);
    if (!password) return verdict(false);
    const auto proof = hex_encode(hmac(DigestAlgorithm::md5, password->reveal(), challenge_));
    return verdict(equals_in_constant_time(proof, response->substr(space + 1)));
  }

 private:
  std::string challenge_;
};

class Scram256Server final : public SaslServer {
 public:
  Scram256Server(PasswordLookup lookup, bool plus, SaslServerContext context)
      : SaslServer(std::move(lookup)),
        plus_(plus),
        bindings_(std::move(context.bindings)),
        nonce_(std::move(context.nonce)) {}

  Step step(std::optional<std::string_view> response) override try {
    if (!response) return {Verdict::go_on, {}};
    switch (turn_++) {
      case 0:
        return {Verdict::go_on, first_message(*response)};
      case 1:
        return final_message(*response);
      default:
        return verdict(accepted_ && response->empty());
    }
  } catch (const ProtocolError&) {
    return verdict(false);
  } catch (const std::invalid_argument&) {  // a password that nobody can prepare
    return verdict(false);
  }

 private:
  std::string first_message(std::string_view message) {
    const auto comma = message.find(',');
    if (comma == std::string_view::npos) throw ProtocolError("SCRAM: no GS2 header");
    bind(message.substr(0, comma));
    const auto end = message.find(',', comma + 1);
    if (end == std::string_view::npos) throw ProtocolError("SCRAM: no GS2 header");
    gs2_ = message.substr(0, end + 1);
    first_bare_ = message.substr(end + 1);
    std::string_view rest = first_bare_;
    user_ = unescape_scram_name(take_scram_attribute(rest, 'n'));
    const auto theirs = take_scram_attribute(rest, 'r');
    if (!is_scram_nonce(theirs)) throw ProtocolError("SCRAM: bad nonce");
    nonce_.insert(0, theirs);
    // A user that there is not gets a challenge as well, and fails by it.
    const auto password = lookup_(user_);
    const std::string salt = random_bytes(16);
    keys_ = scram_keys(DigestAlgorithm::sha256,
                       saslprep(password ? password->reveal() : random_text(32)), salt,
                       kMinScramIterations);
    return first_ = "r=" + nonce_ + ",s=" + base64_encode(salt) +
                    ",i=" + std::to_string(kMinScramIterations);
  }

  // RFC 5802 §6. "y" says that the client could bind, and was not offered to: somebody between took
  // the -PLUS away.
  void bind(std::string_view flag) {
    if (!plus_) {
      if (flag != "n" && (flag != "y" || !bindings_.empty()))
        throw ProtocolError("SCRAM: the wrong channel binding flag");
      return;
    }
    const auto found = std::find_if(bindings_.begin(), bindings_.end(), [&](const auto& binding) {
      return flag == "p=" + binding.name;
    });
    if (found == bindings_.end()) throw ProtocolError("SCRAM: no such channel binding");
    binding_data_ = found->data;
  }

  Step final_message(std::string_view message) {
    const auto without_proof = message.substr(0, message.rfind(",p="));
    std::string_view rest = message;
    const auto binding = base64_decode(take_scram_attribute(rest, 'c'));
    const auto nonce = take_scram_attribute(rest, 'r');
    const auto proof = base64_decode(take_scram_attribute(rest, 'p'));
    const std::string auth_message = first_bare_ + ',' + first_ + ',' + std::string(without_proof);
    if (!binding || *binding != gs2_ + binding_data_ || nonce != nonce_ || !proof ||
        !equals_in_constant_time(*proof, scram_proof(DigestAlgorithm::sha256, keys_, auth_message)))
      return verdict(false);
    accepted_ = true;
    return {Verdict::go_on,
            "v=" + base64_encode(hmac(DigestAlgorithm::sha256, keys_.server_key, auth_message))};
  }

  bool plus_;
  std::vector<ChannelBinding> bindings_;
  std::string nonce_, gs2_, binding_data_, first_bare_, first_;
  ScramKeys keys_;
  int turn_ = 0;
  bool accepted_ = false;
};

}  // namespace

std::string sasl_server_mechanisms(const SaslServerContext& context) {
  return std::string("PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256") +
         (context.bindings.empty() ? "" : " SCRAM-SHA-256-PLUS");
}

std::unique_ptr<SaslServer> make_sasl_server(std::string_view mechanism, PasswordLookup lookup,
                                             SaslServerContext context) {
  if (context.nonce.empty()) context.nonce = random_text(24);
  const auto is = [&](std::string_view name) { return equals_ignoring_case(mechanism, name); };
  if (is("PLAIN")) return std::make_unique<PlainServer>(std::move(lookup));
  if (is("LOGIN")) return std::make_unique<LoginServer>(std::move(lookup));
  if (is("CRAM-MD5"))
    return std::make_unique<CramMD5Server>(std::move(lookup), context.host,
                                           std::move(context.nonce));
  const bool plus = is("SCRAM-SHA-256-PLUS");
  if (is("SCRAM-SHA-256") || (plus && !context.bindings.empty()))
    return std::make_unique<Scram256Server>(std::move(lookup), plus, std::move(context));
  return nullptr;
}

}  // namespace proto
