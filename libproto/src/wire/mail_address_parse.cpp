// Reading address lists: parse_address_list().
#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "base/characters.h"
#include "proto/header_text.h"
#include "proto/mail_address.h"
#include "wire/charset.h"
#include "wire/mail_address_syntax.h"

namespace proto {

namespace {

constexpr std::size_t kMaxDefects = 100;

enum class Kind { end, atom, quoted_string, literal, special };
struct Token {
  Kind kind = Kind::end;
  char special = 0;
  bool after_blank = false;
  std::size_t begin = 0;  // in the text, for messages
  std::string text;       // without quotes and escapes

  bool is(char c) const noexcept { return kind == Kind::special && special == c; }
  bool is_word() const noexcept { return kind == Kind::atom || kind == Kind::quoted_string; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Token next() {
    Token token;
    token.after_blank = skip_blanks_and_comments();
    token.begin = at_;
    if (at_ >= text_.size()) return token;
    const char c = text_[at_];
    if (c == '"') {
      token.kind = Kind::quoted_string;
      token.text = take_delimited('"');
    } else if (c == '[') {
      token.kind = Kind::literal;
      token.text = '[' + take_delimited(']') + ']';
    } else if (is_special(c)) {
      token.kind = Kind::special;
      token.special = c;
      ++at_;
    } else {
      token.kind = Kind::atom;
      while (at_ < text_.size() && !is_special(text_[at_]) && !is_delimiter(text_[at_])) {
        token.text += text_[at_++];
      }
    }
    return token;
  }

  // The last comment since this was called: "joe@example.org (Joe)".
  std::string take_comment() { return std::move(comment_); }
  std::string_view text() const noexcept { return text_; }

 private:
  static bool is_special(char c) noexcept {
    return c == '<' || c == '>' || c == '@' || c == ',' || c == ';' || c == ':' || c == ')' ||
           c == ']';
  }
  static bool is_delimiter(char c) noexcept {
    return is_blank(c) || c == '"' || c == '(' || c == '[';
  }

  bool skip_blanks_and_comments() {
    const std::size_t begin = at_;
    while (at_ < text_.size()) {
      if (is_blank(text_[at_])) {
        ++at_;
      } else if (text_[at_] == '(') {
        comment_ = take_comment_text();
      } else {
        break;
      }
    }
    return at_ > begin;
  }

  std::string take_comment_text() {
    std::string out;
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        c = text_[++at_];
      } else if (c == '(' && depth++ == 0) {
        continue;
      } else if (c == ')' && --depth == 0) {
        ++at_;
        break;
      }
      out += c;
    }
    return out;
  }

  std::string take_delimited(char close) {
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != close; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_];
    }
    at_ = std::min(at_ + 1, text_.size());
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string comment_;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) { advance(); }

  AddressList parse() {
    while (token_.kind != Kind::end) parse_item();
    return std::move(list_);
  }

 private:
  void advance() { token_ = lexer_.next(); }

  bool at_item_end() const noexcept {
    return token_.kind == Kind::end || token_.is(',') || token_.is(';');
  }

  void defect(std::size_t begin, std::string_view why) {
    if (list_.defects.size() >= kMaxDefects) return;
    const std::size_t size = token_.begin > begin ? token_.begin - begin : 1;
    list_.defects.push_back(std::string(why) + ": " + quoted(lexer_.text().substr(begin, size)));
  }

  std::string_view text_from(std::size_t begin) const noexcept {
    return lexer_.text().substr(begin, token_.begin - begin);
  }

  // "joe@example.org <joe@example.org>", "[Ext] Joe <...>": no rule lets that stand before the
  // bracket, and much mail has it: it is a name. False: the item has no bracket, or what ends one
  // or a group before it.
  bool find_bracket() {
    while (!at_item_end() && !token_.is('<') && !token_.is('>') && !token_.is(':')) advance();
    return token_.is('<');
  }

  // Goes on behind the next comma.
  void skip_item(std::size_t begin, std::string_view why) {
    while (!at_item_end()) advance();
    defect(begin, why);
  }

  // One mailbox, the beginning of a group, or its end.
  void parse_item() {
    if (token_.is(',')) return advance();
    if (token_.is(';')) {
      const bool is_empty = group_size_ == list_.addresses.size();
      if (!group_.empty() && group_ != " " && is_empty) list_.empty_groups.push_back(group_);
      group_.clear();
      return advance();
    }
    const std::size_t begin = token_.begin;
    lexer_.take_comment();
    std::vector<Token> words;
    for (; token_.is_word(); advance()) words.push_back(std::move(token_));
    if (token_.is(':') && group_.empty()) {
      group_ = phrase(words, words.size());
      if (group_.empty()) group_ = " ";
      group_size_ = list_.addresses.size();
      return advance();
    }
    MailAddress address;
    if (token_.is('<')) {
      address.display_name = phrase(words, words.size());
    } else if (!parse_bare(words, address) || !at_item_end()) {
      if (!find_bracket()) return skip_item(begin, "not an address");
      address = {};
      address.display_name = decode_header_text(text_from(begin));
    }
    if (token_.is('<')) {
      advance();
      if (!parse_angle(address)) return skip_item(begin, "not an address");
    }
    if (!at_item_end()) return skip_item(begin, "more than an address");
    if (address.display_name.empty()) {
      address.display_name = decode_header_text(lexer_.take_comment());
    }
    address.local = utf8_or_latin1(address.local);
    address.domain = utf8_or_latin1(address.domain);
    if (!is_sane(address)) return skip_item(begin, "a malformed address");
    address.group = group_ == " " ? "" : group_;
    list_.addresses.push_back(std::move(address));
  }

  // Words as text: the blanks between them become one.
  static std::string phrase(const std::vector<Token>& words, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0 && words[i].after_blank) out += ' ';
      out += words[i].text;
    }
    return decode_header_text(out);
  }

  // How many of the words at the end are one local part: obsolete syntax has blanks around dots.
  static std::size_t local_words(const std::vector<Token>& words) noexcept {
    std::size_t count = words.empty() ? 0 : 1;
    while (count < words.size()) {
      const Token& before = words[words.size() - count - 1];
      const Token& after = words[words.size() - count];
      const bool dotted = (before.kind == Kind::atom && before.text.ends_with('.')) ||
                          (after.kind == Kind::atom && after.text.starts_with('.'));
      if (after.after_blank && !dotted) break;
      ++count;
    }
    return count;
  }

  // "joe@example.org", "root", and "Joe joe@example.org" without its brackets.
  bool parse_bare(const std::vector<Token>& words, MailAddress& address) {
    const std::size_t count = local_words(words);
    if (count == 0) return false;
    for (std::size_t i = words.size() - count; i < words.size(); ++i) {
      address.local += words[i].text;
    }
    if (token_.is('@')) {
      address.display_name = phrase(words, words.size() - count);
      advance();
      return parse_domain(address);
    }
    return count == words.size();
  }

  // Behind "<". "<@relay,@relay:joe@example.org>" names an obsolete route.
  bool parse_angle(MailAddress& address) {
    while (token_.is('@')) {
      while (token_.kind != Kind::end && !token_.is(':') && !token_.is('>')) advance();
      if (!token_.is(':')) return false;
      advance();
    }
    std::vector<Token> words;
    for (; token_.is_word(); advance()) words.push_back(std::move(token_));
    if (words.empty() || local_words(words) != words.size()) return false;
    for (const Token& word : words) address.local += word.text;
    if (token_.is('@')) {
      advance();
      if (!parse_domain(address)) return false;
    }
    if (token_.is('>')) {
      advance();
      return true;
    }
    return token_.kind == Kind::end;  // cut off: what is there is an address
  }

  bool parse_domain(MailAddress& address) {
    if (token_.kind == Kind::literal) {
      address.domain = std::move(token_.text);
      advance();
      return true;
    }
    while (token_.kind == Kind::atom && (address.domain.empty() || address.domain.ends_with('.') ||
                                         token_.text.starts_with('.'))) {
      address.domain += token_.text;
      advance();
    }
    if (address.domain.ends_with('.')) address.domain.pop_back();
    return !address.domain.empty();
  }

  // What is read can be written again.
  static bool is_sane(const MailAddress& address) noexcept {
    return address.local.size() <= kMaxMailLocal &&
           std::none_of(address.local.begin(), address.local.end(), is_control) &&
           (address.domain.empty() || domain_fault(address.domain) == nullptr);
  }

  Lexer lexer_;
  Token token_;
  std::string group_;           // " " stands for a group without a name
  std::size_t group_size_ = 0;  // how many addresses there were before it
  AddressList list_;
};

}  // namespace

void AddressList::append(AddressList more) {
  const auto move_to = [](auto& from, auto& to) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
  };
  move_to(more.addresses, addresses);
  move_to(more.defects, defects);
  move_to(more.empty_groups, empty_groups);
}

AddressList parse_address_list(std::string_view text) {
  const std::string unfolded = unfold(text);
  return Parser(unfolded).parse();
}

MailAddress MailAddress::parse(std::string_view text) {
  AddressList list = parse_address_list(text);
  if (list.addresses.size() != 1 || !list.defects.empty()) {
    throw std::invalid_argument("not one mail address: " + quoted(text));
  }
  return std::move(list.addresses.front());
}

}  // namespace proto
