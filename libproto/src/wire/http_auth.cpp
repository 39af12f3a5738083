#include "wire/http_auth.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "base/base64.h"
#include "base/characters.h"
#include "base/random.h"
#include "proto/url.h"

namespace proto {

namespace {

void check_user(std::string_view user, const Secret& password) {
  const auto has_control = [](std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_control);
  };
  if (user.find(':') != std::string_view::npos || has_control(user))
    throw std::invalid_argument("HTTP login: a user's name has no ':' and no control characters");
  if (has_control(password.reveal()))
    throw std::invalid_argument("HTTP login: a password has no control characters");
}

// "begin" + text, with nothing left in memory that is not wiped.
Secret with_prefix(std::string_view prefix, std::string text) {
  std::string whole;
  whole.reserve(prefix.size() + text.size());
  whole.append(prefix).append(text);
  Secret secret(whole);
  wipe(whole.data(), whole.size());
  wipe(text.data(), text.size());
  return secret;
}

void append_quoted(std::string& out, std::string_view name, std::string_view value) {
  out.append(", ").append(name).append("=\"");
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

std::string_view algorithm_name(const DigestChallenge& challenge) noexcept {
  switch (challenge.algorithm) {
    case DigestAlgorithm::sha256:
      return challenge.session ? "SHA-256-sess" : "SHA-256";
    case DigestAlgorithm::sha512_256:
      return challenge.session ? "SHA-512-256-sess" : "SHA-512-256";
    default:
      return challenge.session ? "MD5-sess" : "MD5";
  }
}

std::string count_text(std::uint32_t count) {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", count);
  return {text.data(), 8};
}

}  // namespace

Secret basic_authorization(std::string_view user, const Secret& password) {
  check_user(user, password);
  std::string pair;
  pair.reserve(user.size() + 1 + password.reveal().size());
  pair.append(user).append(":").append(password.reveal());
  Secret value = with_prefix("Basic ", base64_encode(pair));
  wipe(pair.data(), pair.size());
  return value;
}

Secret bearer_authorization(const Secret& token) {
  const std::string_view text = token.reveal();
  const bool valid = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
  });
  if (!valid) throw std::invalid_argument("HTTP login: the bearer token is no token");
  return with_prefix("Bearer ", std::string(text));
}

DigestAuth::DigestAuth(DigestChallenge challenge, std::string_view user, const Secret& password,
                       std::string cnonce)
    : challenge_(std::move(challenge)), user_(user), cnonce_(std::move(cnonce)) {
  check_user(user, password);
  if (cnonce_.empty()) cnonce_ = random_text(32);
  std::string a1 = user_ + ":" + challenge_.realm + ":";
  a1.reserve(a1.size() + password.reveal().size());
  a1 += password.reveal();
  std::string ha1 = hash(a1);
  wipe(a1.data(), a1.size());
  // RFC 7616 §3.4.2: the session's key comes from the first nonces and stays.
  if (challenge_.session) ha1 = hash(ha1 + ":" + challenge_.nonce + ":" + cnonce_);
  ha1_ = Secret(ha1);
  wipe(ha1.data(), ha1.size());
}

std::string DigestAuth::hash(std::string_view text) const {
  return hex_encode(digest(challenge_.algorithm, text));
}

bool DigestAuth::needs_body() const noexcept {
  return challenge_.has_qop && !challenge_.auth;
}

std::string_view DigestAuth::qop() const noexcept {
  return needs_body() ? "auth-int" : "auth";
}

std::string DigestAuth::respond(std::string_view a2) const {
  std::string text(ha1_.reveal());
  text += ":" + challenge_.nonce + ":";
  if (challenge_.has_qop)
    text.append(count_text(count_) + ":" + cnonce_ + ":").append(qop()) += ":";
  std::string response = hash(text + hash(a2));
  wipe(text.data(), text.size());
  return response;
}

std::string DigestAuth::authorization(std::string_view method, std::string_view target,
                                      std::string_view body) {
  ++count_;
  target_ = target;
  std::string a2 = std::string(method) + ":" + target_;
  if (needs_body()) a2 += ":" + hash(body);

  std::string value = "Digest ";
  if (challenge_.user_hash) {
    value += "username=\"" + hash(user_ + ":" + challenge_.realm) + "\"";
  } else if (challenge_.utf8 && !is_ascii(user_)) {
    value += "username*=UTF-8''" + percent_encode(user_, "!#$&+^`|");  // RFC 8187 attr-char
  } else {
    std::string name;
    append_quoted(name, "username", user_);
    value += name.substr(2);
  }
  append_quoted(value, "realm", challenge_.realm);
  append_quoted(value, "nonce", challenge_.nonce);
  append_quoted(value, "uri", target_);
  value.append(", algorithm=").append(algorithm_name(challenge_));
  append_quoted(value, "response", respond(a2));
  if (challenge_.opaque) append_quoted(value, "opaque", *challenge_.opaque);
  if (challenge_.has_qop) {
    value.append(", qop=").append(qop()).append(", nc=").append(count_text(count_));
    append_quoted(value, "cnonce", cnonce_);
  }
  if (challenge_.user_hash) value += ", userhash=true";
  return value;
}

bool DigestAuth::take_info(std::string_view authentication_info) {
  const auto parsed = parse_challenges("info " + std::string(authentication_info));
  if (parsed.empty()) return true;
  const Challenge& info = parsed.front();
  // With auth-int the proof covers the body of the response, which is not here.
  const std::string* const proof = info.find("rspauth");
  if (proof != nullptr && challenge_.has_qop && !needs_body() &&
      !equals_in_constant_time(lower(*proof), respond(":" + target_)))
    return false;
  if (const std::string* const next = info.find("nextnonce")) {
    challenge_.nonce = *next;
    count_ = 0;
  }
  return true;
}

}  // namespace proto
