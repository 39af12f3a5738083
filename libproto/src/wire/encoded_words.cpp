// unfold(), decode_header_text(), printable_line().
#include "wire/encoded_words.h"

#include <algorithm>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/header_text.h"
#include "wire/charset.h"
#include "wire/mime_codec.h"

namespace proto {

namespace {

constexpr bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// RFC 2047 §2: what a charset's name may consist of.
constexpr bool is_charset_char(char c) noexcept {
  return is_token_char(c) && c != '=' && c != '?';
}

std::string decode_q(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '=' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 &&
        hex_digit(text[at + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]));
      at += 2;
    } else {
      out += text[at] == '_' ? ' ' : text[at];
    }
  }
  return out;
}

struct EncodedWord {
  std::string_view charset;
  std::string_view text;
  bool is_base64 = false;
  std::size_t size = 0;  // of the whole word; 0: there is none

  std::string bytes() const { return is_base64 ? base64_decode_leniently(text) : decode_q(text); }
};

// The word at the front of `text`, which begins with "=?". Looks no further than the next "=?" that
// could begin another one, so that a line of nothing but beginnings costs linear time. Blanks and
// "?" within the text are wrong, but common, and do no harm.
EncodedWord match_word(std::string_view text) {
  EncodedWord word;
  std::size_t at = 2;
  while (at < text.size() && is_charset_char(text[at])) ++at;
  word.charset = text.substr(2, at - 2);
  word.charset = word.charset.substr(0, word.charset.find('*'));  // RFC 2231 §5: a language
  if (word.charset.empty() || at + 3 > text.size() || text[at] != '?' || text[at + 2] != '?') {
    return {};
  }
  const char encoding = to_lower(text[at + 1]);
  if (encoding != 'b' && encoding != 'q') return {};
  word.is_base64 = encoding == 'b';
  const std::size_t begin = at + 3;
  for (at = begin; at + 1 < text.size(); ++at) {
    if (text[at] != '?') continue;
    if (text[at + 1] == '=') {
      word.text = text.substr(begin, at - begin);
      word.size = at + 2;
      return word;
    }
    if (at > begin && text[at - 1] == '=') return {};
  }
  return {};
}

// Collects words that stand beside each other, as bytes while the charset stays the same.
class Decoder {
 public:
  explicit Decoder(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  bool is_full() const noexcept { return out_.size() > max_bytes_; }

  void add_plain(std::string_view text) {
    flush();
    out_ += utf8_or_latin1(text);
  }

  // `gap`: the blanks between the last word and this one, which stay only beside what is not
  // decoded.
  void add_word(const EncodedWord& word, std::string_view gap, std::string_view raw) {
    if (!is_known_charset(word.charset)) {
      flush();
      out_ += gap;
      out_ += utf8_or_latin1(raw);
      last_was_raw_ = true;
      return;
    }
    if (last_was_raw_) out_ += gap;
    last_was_raw_ = false;
    if (!equals_ignoring_case(word.charset, charset_)) flush();
    charset_ = word.charset;
    bytes_ += word.bytes();
    raw_ += raw;
  }

  void flush() {
    if (!charset_.empty()) {
      const auto text = to_utf8(charset_, bytes_);
      out_ += text ? *text : utf8_or_latin1(raw_);
    }
    charset_ = {};
    bytes_.clear();
    raw_.clear();
    last_was_raw_ = false;
  }

  std::string take() {
    flush();
    out_.resize(cut_utf8(out_, max_bytes_).size());
    return std::move(out_);
  }

 private:
  std::size_t max_bytes_;
  std::string out_;
  std::string_view charset_;
  std::string bytes_;
  std::string raw_;  // for a charset that this system cannot convert after all
  bool last_was_raw_ = false;
};

// What was encoded may hold line ends: they must not come back to life in another header.
void make_one_line(std::string& text) {
  std::string_view rest = text;
  if (!has_line_break_or_nul(rest)) return;
  std::string out;
  bool after_break = false;
  for (const char c : rest) {
    const bool is_break = c == '\r' || c == '\n';
    if (is_break && !after_break) out += ' ';
    if (!is_break) out += c == '\0' ? ' ' : c;
    after_break = is_break;
  }
  text = std::move(out);
}

}  // namespace

std::string unfold(std::string_view value) {
  while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (c != '\r' && c != '\n') out += c;
  }
  return out;
}

std::string decode_header_text(std::string_view value, std::size_t max_bytes) {
  return decode_encoded_words(unfold(value), max_bytes);
}

std::string decode_encoded_words(std::string_view text, std::size_t max_bytes) {
  Decoder decoder(max_bytes);
  std::size_t plain_begin = 0;  // what has not been written yet begins here
  bool after_word = false;
  std::size_t at = text.find("=?");
  while (at != text.npos && !decoder.is_full()) {
    const EncodedWord word = match_word(text.substr(at));
    if (word.size == 0) {
      at = text.find("=?", at + 1);
      continue;
    }
    std::string_view between = text.substr(plain_begin, at - plain_begin);
    if (!after_word || !trim(between).empty()) {
      decoder.add_plain(between);
      between = {};
    }
    decoder.add_word(word, between, text.substr(at, word.size));
    after_word = true;
    plain_begin = at + word.size;
    at = text.find("=?", plain_begin);
  }
  if (!decoder.is_full()) decoder.add_plain(text.substr(plain_begin));
  std::string out = decoder.take();
  make_one_line(out);
  return out;
}

std::string printable_line(std::string_view text, std::size_t max_bytes) {
  // Escaping makes at most six bytes of one: what lies beyond cannot matter.
  std::string line = escaped(cut_utf8(text, max_bytes + 4));
  if (line.size() <= max_bytes && text.size() <= max_bytes) return line;
  line.resize(cut_utf8(line, max_bytes < 3 ? 0 : max_bytes - 3).size());
  return line + "...";
}

}  // namespace proto
