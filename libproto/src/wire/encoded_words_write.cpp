// RFC 2047, writing: encode_header_text().
#include <algorithm>
#include <stdexcept>

#include "base/base64.h"
#include "base/characters.h"
#include "base/integers.h"
#include "proto/header_text.h"
#include "proto/message_edit.h"
#include "wire/charset.h"
#include "wire/header_write.h"

namespace proto {

namespace {

constexpr std::size_t kFold = 78;         // RFC 5322 §2.1.1
constexpr std::size_t kEncodedLine = 76;  // RFC 2047 §2
constexpr std::size_t kMaxWord = 75;      // the same
constexpr std::string_view kB = "=?utf-8?B?";
constexpr std::string_view kQ = "=?utf-8?Q?";
constexpr std::size_t kFrame = 12;          // either of them, and "?="
constexpr std::size_t kLongestPlain = 400;  // what cannot be folded is encoded, which can
constexpr std::size_t kMostBlanks = 30;

// RFC 2047 §5 (3): what stands for itself in Q wherever a word may be.
constexpr bool is_q_safe(char c) noexcept {
  return is_alnum(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

std::size_t q_size(std::string_view text) noexcept {
  std::size_t size = 0;
  for (const char c : text) size += is_q_safe(c) || c == ' ' ? 1 : 3;
  return size;
}

std::string encode_q(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_q_safe(c)) {
      out += c;
    } else if (c == ' ') {
      out += '_';
    } else {
      out += '=';
      append_hex(c, out);
    }
  }
  return out;
}

// Blanks, none only at the beginning, and the word after them.
struct Token {
  std::string_view blanks;
  std::string_view word;
};

Token next_token(std::string_view text) noexcept {
  std::size_t word = 0;
  while (word < text.size() && is_blank(text[word])) ++word;
  std::size_t end = word;
  while (end < text.size() && !is_blank(text[end])) ++end;
  return {text.substr(0, word), text.substr(word, end - word)};
}

bool must_encode(const Token& token) noexcept {
  return token.word.size() > kLongestPlain || token.blanks.size() > kMostBlanks ||
         token.word.find("=?") != token.word.npos ||
         std::any_of(token.word.begin(), token.word.end(),
                     [](char c) { return is_control(c) || static_cast<unsigned char>(c) >= 0x80; });
}

}  // namespace

void HeaderWriter::put(std::string_view text) {
  out_ += text;
  column_ += text.size();
}

void HeaderWriter::fold() {
  if (folds_) out_ += "\r\n";
  column_ = 0;
  has_encoded_ = false;
}

void HeaderWriter::put_word(std::string_view blanks, std::string_view word) {
  // At the beginning of the value there is no fold, but where no line could hold it otherwise.
  const std::size_t most = blanks.empty() ? kMaxMailLine : has_encoded_ ? kEncodedLine : kFold;
  if (folds_ && column_ > 0 && column_ + blanks.size() + word.size() > most) {
    fold();
    if (blanks.empty()) blanks = " ";
  }
  put(blanks);
  put(word);
}

void HeaderWriter::put_encoded(std::string_view blanks, std::string_view text,
                               std::string_view mark) {
  const std::size_t most = kEncodedLine - mark.size();
  const bool as_q = q_size(text) <= (text.size() + 2) / 3 * 4;
  while (!text.empty()) {
    // At least one character of four bytes must fit, in either encoding.
    if (column_ + blanks.size() + kFrame + 12 > most) {
      fold();
      if (blanks.empty()) blanks = " ";
    }
    put(blanks);
    const std::size_t room = std::min(kMaxWord, most - std::min(most, column_));
    const std::size_t fits = std::max<std::size_t>(room, kFrame + 12) - kFrame;
    std::size_t take = 0;
    std::size_t used = 0;
    while (take < text.size()) {
      const std::string_view next = text.substr(take, utf8_size(text[take]));
      used = as_q ? used + q_size(next) : (take + next.size() + 2) / 3 * 4;
      if (used > fits) break;
      take += next.size();
    }
    put(as_q ? kQ : kB);
    put(as_q ? encode_q(text.substr(0, take)) : base64_encode(text.substr(0, take)));
    put("?=");
    has_encoded_ = true;
    text.remove_prefix(take);
    blanks = " ";
  }
  put(mark);
}

void HeaderWriter::put_text(std::string_view text) {
  text = trim(text);
  for (bool is_first = true; !text.empty(); is_first = false) {
    Token token = next_token(text);
    if (!must_encode(token)) {
      put_word(token.blanks, token.word);
      text.remove_prefix(token.blanks.size() + token.word.size());
      continue;
    }
    // The blank before an encoded word is seen where a plain word stands before it; all others of
    // this run stand within words, where nothing drops them.
    const std::string_view blank = text.substr(0, is_first ? 0 : 1);
    text.remove_prefix(blank.size());
    std::size_t size = token.blanks.size() - blank.size() + token.word.size();
    while (size < text.size()) {
      token = next_token(text.substr(size));
      if (!must_encode(token)) break;
      size += token.blanks.size() + token.word.size();
    }
    put_encoded(blank, text.substr(0, size));
    text.remove_prefix(size);
  }
}

std::string quoted_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string encode_header_text(std::string_view text, std::size_t column) {
  if (has_line_break_or_nul(text)) {
    throw std::invalid_argument("header text: CR, LF or NUL in " + quoted(text));
  }
  HeaderWriter writer(column);
  writer.put_text(is_valid_utf8(text) ? text : utf8_or_latin1(text));
  return writer.take();
}

}  // namespace proto
