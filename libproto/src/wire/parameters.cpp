// "value; name=value" and RFC 2231, reading: parse_parameters().
#include <algorithm>
#include <map>

#include "base/characters.h"
#include "base/integers.h"
#include "proto/header_text.h"
#include "wire/charset.h"
#include "wire/encoded_words.h"

namespace proto {

namespace {

constexpr std::size_t kMaxPieces = 1000;  // of all parameters of one field

// One "name*2*=value" as it stands there.
struct Piece {
  std::string value;
  bool is_percent_encoded = false;
};

// The pieces of one parameter.
struct Pieces {
  std::map<unsigned, Piece> numbered;
  std::string plain;
  Piece extended;  // "name*=": wins over "name="
  bool has_plain = false;
  bool has_extended = false;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const noexcept { return at_ >= text_.size(); }

  enum class Comments { skip, keep };
  // Up to `stops`; trimmed.
  std::string take_until(std::string_view stops, Comments comments = Comments::skip) {
    std::string out;
    while (!at_end() && stops.find(text_[at_]) == stops.npos) {
      const char c = text_[at_];
      if (c == '(' && comments == Comments::skip && (out.empty() || is_blank(out.back()))) {
        skip_comment();
      } else {
        out += c;
        ++at_;
      }
    }
    return std::string(trim(out));
  }

  // A value: quoted, or whatever stands before the next ";": unquoted blanks are common in names of
  // files, and what looks like a comment there is part of the name.
  std::string take_value(bool is_file_name) {
    skip_blanks();
    if (at_end() || text_[at_] != '"') {
      return take_until(";", is_file_name ? Comments::keep : Comments::skip);
    }
    ++at_;
    std::string out;
    while (!at_end() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_++];
    }
    take_until(";");
    return out;
  }

  void skip_blanks() {
    while (!at_end() && is_blank(text_[at_])) ++at_;
  }
  void skip(char c) {
    if (!at_end() && text_[at_] == c) ++at_;
  }
  bool next_is(char c) const noexcept { return !at_end() && text_[at_] == c; }

 private:
  void skip_comment() {
    int depth = 0;
    for (; !at_end(); ++at_) {
      const char c = text_[at_];
      if (c == '\\') {
        ++at_;
      } else if (c == '(') {
        ++depth;
      } else if (c == ')' && --depth == 0) {
        ++at_;
        return;
      }
    }
    at_ = std::min(at_, text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 &&
        hex_digit(text[at + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]));
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

// "charset'language'" at the front of an extended value; takes it off.
std::string_view take_charset(std::string_view& value) {
  const std::size_t first = value.find('\'');
  if (first == value.npos) return {};
  const std::size_t second = value.find('\'', first + 1);
  if (second == value.npos) return {};
  const std::string_view charset = value.substr(0, first);
  value.remove_prefix(second + 1);
  return charset;
}

std::string decode_bytes(std::string_view charset, const std::string& bytes) {
  if (!charset.empty()) {
    if (auto text = to_utf8(find_charset(charset), bytes)) return std::move(*text);
  }
  return utf8_or_latin1(bytes);
}

// A parameter's bytes, and what they are.
struct Joined {
  std::string bytes;
  std::string_view charset;  // empty: none was named
  bool is_extended = false;
};

// RFC 2231 §3 and §4: pieces are joined as bytes, then decoded.
Joined join(const Pieces& pieces) {
  Joined joined;
  if (pieces.has_extended) {
    std::string_view value = pieces.extended.value;
    joined.charset = take_charset(value);
    joined.bytes = percent_decode(value);
    joined.is_extended = true;
    return joined;
  }
  if (!pieces.numbered.contains(0)) {
    joined.bytes = pieces.plain;
    return joined;
  }
  unsigned expected = 0;
  for (const auto& [number, piece] : pieces.numbered) {
    if (number != expected++) break;
    std::string_view value = piece.value;
    if (number == 0 && piece.is_percent_encoded) joined.charset = take_charset(value);
    joined.bytes += piece.is_percent_encoded ? percent_decode(value) : std::string(value);
  }
  return joined;
}

std::string decode(std::string_view name, Joined joined) {
  // Bytes to look for, not text.
  if (name == "boundary") return std::move(joined.bytes);
  if (joined.is_extended || !joined.charset.empty()) {
    return decode_bytes(joined.charset, joined.bytes);
  }
  return decode_encoded_words(joined.bytes);  // what Outlook writes
}

void store(Pieces& pieces, std::string_view mark, std::string value) {
  const bool encoded = mark.ends_with('*');
  if (mark.empty()) {
    if (!pieces.has_plain) pieces.plain = std::move(value);
    pieces.has_plain = true;
  } else if (mark == "*") {
    if (!pieces.has_extended) pieces.extended = {std::move(value), true};
    pieces.has_extended = true;
  } else {
    mark.remove_prefix(1);
    if (encoded) mark.remove_suffix(1);
    if (const auto number = parse_decimal(mark, kMaxPieces)) {
      pieces.numbered.try_emplace(static_cast<unsigned>(*number), Piece{std::move(value), encoded});
    }
  }
}

// A file name's control characters could drive a terminal or end a header line.
void drop_controls(std::string& text) {
  std::erase_if(text, [](char c) { return is_control(c); });
}

}  // namespace

const std::string* ParameterizedValue::find(std::string_view name) const noexcept {
  for (const Parameter& parameter : parameters) {
    if (equals_ignoring_case(parameter.name, name)) return &parameter.value;
  }
  return nullptr;
}

ParameterizedValue parse_parameters(std::string_view value) {
  const std::string text = unfold(value);
  Reader reader(text);
  ParameterizedValue result;
  result.value = lower(reader.take_until(";"));
  std::vector<std::string> order;
  std::map<std::string, Pieces, std::less<>> found;
  for (std::size_t count = 0; !reader.at_end() && count < kMaxPieces; ++count) {
    reader.skip(';');
    std::string name = lower(reader.take_until("=;"));
    if (!reader.next_is('=')) continue;
    reader.skip('=');
    std::string content = reader.take_value(name == "filename" || name == "name");
    const std::size_t star = std::min(name.find('*'), name.size());
    const std::string mark = name.substr(star);
    name.resize(star);
    if (!is_token(name)) continue;
    const auto [at, is_new] = found.try_emplace(name);
    if (is_new) order.push_back(name);
    store(at->second, mark, std::move(content));
  }
  for (const std::string& name : order) {
    std::string content = decode(name, join(found.find(name)->second));
    drop_controls(content);
    result.parameters.push_back({name, std::move(content)});
  }
  return result;
}

}  // namespace proto
