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
  // Folded before the blanks where the line would be longer than 78.
  void put_word(std::string_view blanks, std::string_view word);
  // As encoded words, where `text` is UTF-8 and not empty. `blanks` stand before the first one.
  void put_encoded(std::string_view blanks, std::string_view text);
  // UTF-8: encoded words where they are needed.
  void put_text(std::string_view text);

  std::size_t column() const noexcept { return column_; }
  std::string take() { return std::move(out_); }

 private:
  void fold();
  std::string out_;
  std::size_t column_;
  bool folds_;
};

// Throws std::invalid_argument for what is no name of a field.
void check_field_name(std::string_view name);

}  // namespace proto
