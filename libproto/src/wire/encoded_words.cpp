// unfold(), decode_header_text(), printable_line().
#include "wire/encoded_words.h"

#include <algorithm>
#include <utility>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/header_text.h"
#include "wire/charset.h"
#include "wire/mime_base64.h"
#include "wire/scan.h"

namespace proto {

namespace {

constexpr bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// RFC 2047 §2: what a charset's name may consist of.
constexpr bool is_charset_char(char c) noexcept {
  return is_token_char(c);  // neither "=" nor "?" is
}

void decode_q(std::string_view text, std::string& out) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '=' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 &&
        hex_digit(text[at + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]));
      at += 2;
    } else {
      out += text[at] == '_' ? ' ' : text[at];
    }
  }
}

struct EncodedWord {
  std::string_view charset;
  std::string_view text;
  bool is_base64 = false;
  std::size_t size = 0;  // of the whole word; 0: there is none

  void append_bytes(std::string& out) const {
    is_base64 ? Base64Decoder().feed(text, out) : decode_q(text, out);
  }
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
  const std::size_t last = text.size() - 1;
  for (at = text.find('?', begin); at < last; at = text.find('?', at + 1)) {
    if (text[at + 1] == '=') {
      word.text = text.substr(begin, at - begin);
      word.size = at + 2;
      return word;
    }
    if (at > begin && text[at - 1] == '=') return {};
  }
  return {};
}

// Where the next "=?" is, from `at` on, or npos.
std::size_t find_beginning(std::string_view text, std::size_t at) noexcept {
  for (at = text.find('=', at); at < text.size(); at = text.find('=', at + 1)) {
    if (at + 1 < text.size() && text[at + 1] == '?') return at;
  }
  return text.npos;
}

// Collects words that stand beside each other, as bytes while the charset stays the same. They
// stand at the end of what is decoded already: text in UTF-8, as most is, stays where it is.
class Decoder {
 public:
  Decoder(std::string& out, std::size_t max_bytes) : out_(out), max_bytes_(max_bytes) {}

  bool is_full() const noexcept { return (in_run_ ? run_ : out_.size()) > max_bytes_; }

  void add_plain(std::string_view text) {
    end_run();
    after_raw_ = false;
    append(text);
  }

  // `gap`: the blanks between the last word and this one, which stay only beside what is not
  // decoded.
  void add_word(const EncodedWord& word, std::string_view gap, std::string_view raw) {
    if (!equals_ignoring_case(word.charset, name_)) {
      end_run();
      name_ = word.charset;
      charset_ = find_charset(name_);
    }
    if (after_raw_ || !charset_.is_known()) out_ += gap;
    after_raw_ = !charset_.is_known();
    if (after_raw_) return append(raw);
    if (!std::exchange(in_run_, true)) {
      run_ = out_.size();
      raw_ = raw;
    }
    raw_ = {raw_.data(), static_cast<std::size_t>(raw.data() + raw.size() - raw_.data())};
    word.append_bytes(out_);
  }

  void finish() {
    end_run();
    if (out_.size() > max_bytes_) out_.resize(cut_utf8(out_, max_bytes_).size());
  }

 private:
  void append(std::string_view text) {
    if (is_valid_utf8(text)) {
      out_ += text;
    } else {
      out_ += utf8_or_latin1(text);
    }
  }

  void end_run() {
    if (std::exchange(in_run_, false)) convert_run();
  }

  void convert_run() {
    const auto bytes = std::string_view(out_).substr(run_);
    if (charset_.kind == Charset::Kind::utf8 && is_valid_utf8(bytes)) return;
    const auto text = to_utf8(charset_, bytes);
    out_.resize(run_);
    out_ += text ? *text : utf8_or_latin1(raw_);
  }

  std::string& out_;
  std::size_t max_bytes_;
  std::string_view name_;  // of the last word's charset
  Charset charset_;
  bool in_run_ = false;
  std::size_t run_ = 0;   // where the bytes of words begin that are not text yet
  std::string_view raw_;  // the words: for a charset that this system cannot convert after all
  bool after_raw_ = false;
};

std::string_view without_space(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// What was encoded may hold line ends: they must not come back to life in another header.
void make_one_line(std::string& text) {
  if (!has_line_break_or_nul(text)) return;
  std::string out;
  bool after_break = false;
  for (const char c : text) {
    const bool is_break = c == '\r' || c == '\n';
    if (is_break && !after_break) out += ' ';
    if (!is_break) out += c == '\0' ? ' ' : c;
    after_break = is_break;
  }
  text = std::move(out);
}

}  // namespace

std::string unfold(std::string_view value) {
  value = without_space(value);
  std::string out;
  out.reserve(value.size());
  const char* const end = value.data() + value.size();
  for (const char* p = value.data(); p != end;) {
    const char* const line_end = find_cr_or_lf(p, end);
    out.append(p, line_end);
    p = line_end == end ? end : line_end + 1;
  }
  return out;
}

std::string decode_header_text(std::string_view value, std::size_t max_bytes) {
  value = without_space(value);
  if (!has_line_break_or_nul(value)) return decode_encoded_words(value, max_bytes);
  return decode_encoded_words(unfold(value), max_bytes);
}

std::string decode_encoded_words(std::string_view text, std::size_t max_bytes) {
  std::string out;
  out.reserve(std::min(max_bytes, text.size()));
  Decoder decoder(out, max_bytes);
  std::size_t plain_begin = 0;  // what has not been written yet begins here
  bool after_word = false;
  std::size_t at = find_beginning(text, 0);
  while (at != text.npos && !decoder.is_full()) {
    const EncodedWord word = match_word(text.substr(at));
    if (word.size == 0) {
      at = find_beginning(text, at + 1);
      continue;
    }
    std::string_view between = text.substr(plain_begin, at - plain_begin);
    if (!between.empty() && (!after_word || !trim(between).empty())) {
      decoder.add_plain(between);
      between = {};
    }
    decoder.add_word(word, between, text.substr(at, word.size));
    after_word = true;
    plain_begin = at + word.size;
    at = find_beginning(text, plain_begin);
  }
  if (!decoder.is_full()) decoder.add_plain(text.substr(plain_begin));
  decoder.finish();
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
