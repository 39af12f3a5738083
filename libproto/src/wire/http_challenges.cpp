// Reads challenges, and chooses among them.
#include <algorithm>

#include "base/characters.h"
#include "wire/http_auth.h"
#include "wire/list.h"

namespace proto {

namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const noexcept { return text_.empty(); }
  void skip_blanks() noexcept {
    while (!text_.empty() && is_blank(text_.front())) text_.remove_prefix(1);
  }
  void skip_blanks_and_commas() noexcept {
    while (!text_.empty() && (is_blank(text_.front()) || text_.front() == ','))
      text_.remove_prefix(1);
  }
  bool take(char c) noexcept {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string_view token() noexcept {
    return take_while([](char c) { return is_token_char(c); });
  }

  // A token68 up to the end of its member; empty, with nothing taken, where there is none.
  std::string_view token68() noexcept {
    const std::string_view before = text_;
    const std::string_view chars = take_while([](char c) {
      return is_alnum(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
    });
    const std::string_view padding = take_while([](char c) { return c == '='; });
    skip_blanks();
    if (!chars.empty() && (text_.empty() || text_.front() == ','))
      return before.substr(0, chars.size() + padding.size());
    text_ = before;
    return {};
  }

  // A token or a quoted string; false where it is neither.
  bool value(std::string& out) {
    if (!take('"')) {
      out = token();
      return !out.empty();
    }
    for (;;) {
      if (text_.empty()) return false;
      char c = text_.front();
      text_.remove_prefix(1);
      if (c == '"') return true;
      if (c == '\\' && !text_.empty()) {
        c = text_.front();
        text_.remove_prefix(1);
      }
      out += c;
    }
  }

  // "name =" at the front; empty, with nothing taken, where what stands here is a scheme.
  std::string_view parameter_name() noexcept {
    const std::string_view before = text_;
    const std::string_view name = token();
    skip_blanks();
    if (!name.empty() && take('=')) {
      skip_blanks();
      return name;
    }
    text_ = before;
    return {};
  }

 private:
  template <typename Predicate>
  std::string_view take_while(Predicate predicate) noexcept {
    const auto end = std::find_if_not(text_.begin(), text_.end(), predicate);
    const auto size = static_cast<std::size_t>(end - text_.begin());
    const std::string_view taken = text_.substr(0, size);
    text_.remove_prefix(size);
    return taken;
  }

  std::string_view text_;
};

// True: `in` stands where the next challenge begins, or at the end.
bool read_parameters(Reader& in, Challenge& challenge) {
  for (;;) {
    in.skip_blanks_and_commas();
    if (in.at_end()) return true;
    const std::string_view name = in.parameter_name();
    if (name.empty()) return true;
    std::string value;
    if (!in.value(value)) return false;
    challenge.parameters.emplace_back(lower(name), std::move(value));
  }
}

bool is_true(const std::string* value) noexcept {
  return value != nullptr && equals_ignoring_case(*value, "true");
}

int strength(const DigestChallenge& digest) noexcept {
  switch (digest.algorithm) {
    case DigestAlgorithm::sha512_256:
      return 3;
    case DigestAlgorithm::sha256:
      return 2;
    default:
      return 1;
  }
}

}  // namespace

const std::string* Challenge::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : parameters)
    if (key == name) return &value;
  return nullptr;
}

std::vector<Challenge> parse_challenges(std::string_view value) {
  std::vector<Challenge> challenges;
  Reader in(value);
  for (;;) {
    in.skip_blanks_and_commas();
    Challenge challenge;
    challenge.scheme = lower(in.token());
    if (challenge.scheme.empty()) return challenges;
    in.skip_blanks();
    challenge.token68 = in.token68();
    const bool complete = !challenge.token68.empty() || read_parameters(in, challenge);
    if (!complete) return challenges;
    challenges.push_back(std::move(challenge));
  }
}

std::vector<Challenge> challenges_in(const Fields& fields, std::string_view name) {
  std::vector<Challenge> all;
  for (const Fields::Field field : fields) {
    if (!equals_ignoring_case(field.name, name)) continue;
    for (Challenge& challenge : parse_challenges(field.value)) all.push_back(std::move(challenge));
  }
  return all;
}

std::optional<DigestChallenge> parse_digest(const Challenge& challenge) {
  const std::string* const realm = challenge.find("realm");
  const std::string* const nonce = challenge.find("nonce");
  if (challenge.scheme != "digest" || realm == nullptr || nonce == nullptr) return std::nullopt;
  DigestChallenge digest;
  digest.realm = *realm;
  digest.nonce = *nonce;
  if (const std::string* const name = challenge.find("algorithm")) {
    std::string algorithm = lower(*name);
    digest.session = algorithm.ends_with("-sess");
    if (digest.session) algorithm.resize(algorithm.size() - 5);
    if (algorithm == "sha-256") {
      digest.algorithm = DigestAlgorithm::sha256;
    } else if (algorithm == "sha-512-256") {
      digest.algorithm = DigestAlgorithm::sha512_256;
    } else if (algorithm != "md5") {
      return std::nullopt;
    }
  }
  if (const std::string* const qop = challenge.find("qop")) {
    digest.has_qop = true;
    std::string_view list = *qop;
    std::string_view member;
    while (next_member(list, member)) {
      digest.auth |= equals_ignoring_case(member, "auth");
      digest.auth_int |= equals_ignoring_case(member, "auth-int");
    }
    if (!digest.auth && !digest.auth_int) return std::nullopt;
  }
  digest.stale = is_true(challenge.find("stale"));
  digest.user_hash = is_true(challenge.find("userhash"));
  const std::string* const charset = challenge.find("charset");
  digest.utf8 = charset != nullptr && equals_ignoring_case(*charset, "utf-8");
  if (const std::string* const opaque = challenge.find("opaque")) digest.opaque = *opaque;
  return digest;
}

std::optional<AuthChoice> choose_auth(const std::vector<Challenge>& challenges,
                                      const AuthAllowed& allowed) {
  std::optional<AuthChoice> best;
  int best_strength = -1;
  for (const Challenge& challenge : challenges) {
    AuthChoice choice;
    int rank = -1;
    if (challenge.scheme == "basic" && allowed.basic) {
      rank = 0;
    } else if (challenge.scheme == "bearer" && allowed.bearer) {
      choice.scheme = AuthScheme::bearer;
      rank = 10;
    } else if (challenge.scheme == "digest" && allowed.digest) {
      const auto digest = parse_digest(challenge);
      if (!digest) continue;
      choice.scheme = AuthScheme::digest;
      choice.digest = *digest;
      rank = strength(*digest);
    }
    if (rank <= best_strength) continue;
    best_strength = rank;
    best = std::move(choice);
  }
  return best;
}

}  // namespace proto
