#include <algorithm>

#include "base/base64.h"
#include "base/characters.h"
#include "base/crypto.h"
#include "protocol/pop3_state.h"
#include "protocol/private_way.h"
#include "protocol/sasl_exchange.h"

namespace proto {

namespace {

// RFC 2449 §4, with the CRLF.
constexpr std::size_t kMaxCommandBytes = 253;

void check_name(std::string_view name) {
  if (name.empty() || has_line_break_or_nul(name))
    throw std::invalid_argument("POP3: a user name is empty, or holds CR, LF or NUL");
}

}  // namespace

bool POP3::State::secrets_may_go() const {
  return options.cleartext_login || is_private(stream, options.connect);
}

void POP3::State::require_cover(std::string_view what) const {
  if (secrets_may_go()) return;
  throw TLSError("POP3 " + std::string(what) + ": the password would go to " + stream.peer() +
                 " in clear: use TLS, or allow it");
}

std::string POP3::State::simple_secret(std::string_view prefix, std::string_view secret) {
  const auto verb = prefix.substr(0, prefix.find(' '));
  pipeline.push_secret(prefix, secret);
  const auto status = read_status(verb);
  pipeline.pop();
  if (!status.ok) refuse(verb, status, POP3Refusal::login);
  std::string text(status.text);
  pipeline.forget_secrets();
  return text;
}

std::string POP3::user(std::string_view name) {
  State& s = *state_;
  s.begin("USER", s.step == State::Step::name_given ? s.step : State::Step::authorization);
  check_name(name);
  return s.run([&] {
    s.require_cover("USER");
    std::string text = s.simple("USER " + std::string(name), POP3Refusal::login);
    s.step = State::Step::name_given;
    return text;
  });
}

std::string POP3::pass(std::string_view password) {
  State& s = *state_;
  s.begin("PASS", State::Step::name_given);
  if (has_line_break_or_nul(password))
    throw std::invalid_argument("POP3 PASS: CR, LF or NUL in a password");
  return s.run([&] {
    s.step = State::Step::authorization;  // after a refusal, USER is due again
    std::string text = s.simple_secret("PASS ", password);
    s.step = State::Step::transaction;
    return text;
  });
}

std::string POP3::apop(std::string_view name, const Secret& password) {
  State& s = *state_;
  s.begin("APOP", State::Step::authorization);
  check_name(name);
  return s.run([&] {
    const auto timestamp = find_apop_timestamp(s.welcome);
    if (timestamp.empty()) {
      throw POP3NotSupportedError("POP3 APOP: " + s.stream.peer() +
                                  " does not offer it: no time stamp in " + quoted(s.welcome));
    }
    Digest md5(DigestAlgorithm::md5);
    md5.update(timestamp);
    md5.update(password.reveal());
    std::string text = s.simple_secret("APOP " + std::string(name) + " ", hex_encode(md5.finish()));
    s.step = State::Step::transaction;
    return text;
  });
}

std::string POP3::auth(std::string_view mechanism, const Credentials& credentials) {
  State& s = *state_;
  s.begin("AUTH", State::Step::authorization);
  return s.run([&] {
    SaslContext context;
    context.host = s.host;
    context.port = s.port;
    context.binding = binding_of(s.stream.tls());
    if (s.capabilities && s.capabilities->contains("SASL")) {
      const auto& offered = s.capabilities->at("SASL");
      context.server_offers_plus = std::any_of(offered.begin(), offered.end(), [](const auto& m) {
        return upper(m).ends_with("-PLUS");
      });
    }
    const auto client = make_sasl_client(mechanism, credentials, context);
    if (sends_secret(mechanism)) s.require_cover("AUTH " + std::string(client->mechanism()));
    s.pipeline.hide(credentials.password.reveal());
    s.pipeline.hide(credentials.oauth_token.reveal());
    std::string last;
    const auto turn = [&](std::string_view prefix, std::string_view secret) -> SaslReply {
      s.pipeline.push_secret(prefix, secret);
      const auto line = s.pipeline.read_line(s.options.limits.status_line);
      last = line;
      std::string_view challenge;
      const bool asks = is_pop3_challenge(last, challenge);
      const bool ok = !asks && parse_pop3_status(last, "AUTH").ok;
      s.pipeline.pop();
      if (asks) return {SaslReply::Kind::challenge, std::string(challenge)};
      return {ok ? SaslReply::Kind::yes : SaslReply::Kind::no, {}};
    };
    const bool yes = run_sasl(*client, true, kMaxCommandBytes, turn);
    auto status = parse_pop3_status(last, "AUTH");
    if (!yes) {
      std::string command = "AUTH " + std::string(client->mechanism());
      if (!client->server_error().empty()) command += " (" + escaped(client->server_error()) + ")";
      s.refuse(command, status, POP3Refusal::login);
    }
    s.pipeline.forget_secrets();
    s.step = State::Step::transaction;
    return std::string(status.text);
  });
}

std::string POP3::login(const Credentials& credentials) {
  State& s = *state_;
  s.begin("login", State::Step::authorization);
  const bool asks_mechanisms = has_capability("SASL");
  const bool covered = s.secrets_may_go();
  if (asks_mechanisms) {
    const SaslPolicy policy{.secrets_may_go = covered,
                            .can_bind = !binding_of(s.stream.tls()).name.empty()};
    const auto mechanism = choose_mechanism(s.capabilities->at("SASL"), credentials, policy);
    if (!mechanism.empty()) return auth(mechanism, credentials);
  }
  if (credentials.password.empty() || !credentials.oauth_token.empty()) {
    throw POP3NotSupportedError("POP3 login: " + s.stream.peer() +
                                " offers no mechanism for a token or a certificate");
  }
  // APOP's digest is cheap to attack for whoever can choose the time stamp.
  if (is_secure() && !find_apop_timestamp(s.welcome).empty())
    return apop(credentials.user, credentials.password);
  s.require_cover("login");
  if (!s.capabilities->empty() && !has_capability("USER")) {
    throw POP3NotSupportedError("POP3 login: " + s.stream.peer() +
                                " offers no way to log in with a password that is known here");
  }
  user(credentials.user);
  return pass(credentials.password);
}

}  // namespace proto
