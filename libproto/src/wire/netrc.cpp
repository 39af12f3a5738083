#include <stdexcept>
#include <utility>

#include "base/characters.h"
#include "proto/credentials.h"

namespace proto {

namespace {

bool is_space(char c) {
  return is_blank(c) || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// A file of words: blanks and line ends between them.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  // The next word, unquoted; nothing at the end. A comment runs from a '#' that begins a word where
  // a keyword is due.
  std::optional<std::string> next(bool keyword) {
    for (;;) {
      while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
      if (!keyword || !rest_.starts_with('#')) break;
      rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
    }
    if (rest_.empty()) return std::nullopt;
    return rest_.front() == '"' ? quoted_word() : plain_word();
  }

  std::string value(std::string_view of) {
    auto word = next(false);
    if (!word) throw std::invalid_argument("netrc: no value after \"" + std::string(of) + '"');
    return *std::move(word);
  }

  // A macro's text ends at the first empty line.
  void skip_macro() {
    const auto end = std::min(rest_.find("\n\n"), rest_.find("\n\r\n"));
    rest_.remove_prefix(std::min(end, rest_.size()));
  }

 private:
  std::string plain_word() {
    std::size_t size = 0;
    while (size < rest_.size() && !is_space(rest_[size])) ++size;
    std::string word(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return word;
  }

  std::string quoted_word() {
    std::string word;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      char c = rest_[i];
      if (c == '"') {
        rest_.remove_prefix(i + 1);
        return word;
      }
      if (c == '\\' && ++i < rest_.size()) {
        c = rest_[i];
        if (c == 'n') c = '\n';
        if (c == 'r') c = '\r';
        if (c == 't') c = '\t';
      }
      word += c;
    }
    throw std::invalid_argument("netrc: a double quote is never closed");
  }

  std::string_view rest_;
};

struct Entry {
  bool fits = false;
  bool has_login = false;
  bool has_password = false;
  Credentials login{};
};

bool is_wanted(const Entry& entry, std::string_view user) {
  if (!entry.fits || (!entry.has_login && !entry.has_password)) return false;
  return user.empty() || !entry.has_login || entry.login.user == user;
}

}  // namespace

std::optional<Credentials> find_in_netrc(std::string_view text, std::string_view machine,
                                         std::string_view user) {
  Words words(text);
  Entry entry;
  const auto found = [&]() -> std::optional<Credentials> {
    if (!is_wanted(entry, user)) return std::nullopt;
    if (entry.login.user.empty()) entry.login.user = user;
    return std::move(entry.login);
  };
  while (const auto keyword = words.next(true)) {
    if (*keyword == "machine" || *keyword == "default") {
      if (auto login = found()) return login;
      entry = Entry();
      entry.fits = *keyword == "default" || equals_ignoring_case(words.value("machine"), machine);
    } else if (*keyword == "login") {
      entry.login.user = words.value("login");
      entry.has_login = true;
    } else if (*keyword == "password") {
      std::string password = words.value("password");
      entry.login.password = Secret(password);
      wipe(password.data(), password.size());
      entry.has_password = true;
    } else if (*keyword == "account" || *keyword == "port" || *keyword == "protocol") {
      words.value(*keyword);
    } else if (*keyword == "macdef") {
      words.skip_macro();
    } else {
      // Not quoted: it may be the second half of a password with a space in it.
      throw std::invalid_argument("netrc: a word that is no keyword");
    }
  }
  return found();
}

}  // namespace proto
