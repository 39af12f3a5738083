// Writes the value of a header field, folded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace proto {

class HeaderWriter {
 public:
  enum class Folding { on, off };
  // `column`: where the value begins on its line.
  explicit HeaderWriter(std::size_t column, Folding folding = Folding::on) noexcept
      : column_(column), folds_(folding == Folding::on) {}

  // As it is, without a fold.
  void put(std::string_view text);
  // Folded before the blanks where the line would be longer than 78, or than 76 where it holds an
  // encoded word (RFC 5322 §2.1.1, RFC 2047 §2). What belongs to the word, such as the comma behind
  // it, is to be part of it.
  void put_word(std::string_view blanks, std::string_view word);
  // As encoded words, where `text` is UTF-8 and not empty. `blanks` stand before the first one, and
  // `mark` behind the last, on its line.
  void put_encoded(std::string_view blanks, std::string_view text, std::string_view mark = {});
  // UTF-8: encoded words where they are needed.
  void put_text(std::string_view text);

  std::size_t column() const noexcept { return column_; }
  std::string take() { return std::move(out_); }

 private:
  void fold();
  std::string out_;
  std::size_t column_;
  bool folds_;
  bool has_encoded_ = false;  // the line that is being written
};

// In quotes, with escapes (RFC 5322 §3.2.4).
std::string quoted_string(std::string_view text);

// Throws std::invalid_argument for what is no name of a field.
void check_field_name(std::string_view name);

}  // namespace proto
