#include "tables.h"

#include <algorithm>
#include <cstdio>

#include "measure.h"

namespace bench {

Table::Table(std::string title, std::vector<std::string> columns)
    : title_(std::move(title)), rows_{std::move(columns)} {}

void Table::row(std::vector<std::string> cells) {
  cells.resize(rows_[0].size(), "-");
  rows_.push_back(std::move(cells));
}

void Table::print() const {
  std::printf("\n%s\n", title_.c_str());
  for (const auto& cells : rows_) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      std::size_t width = 0;
      for (const auto& other : rows_) width = std::max(width, other[i].size());
      // Names to the left, figures to the right, what runs on at the end to the left.
      const bool left = i == 0 || i + 1 == cells.size();
      std::printf(left ? "%s%-*s" : "%s%*s", i == 0 ? "  " : "  ", static_cast<int>(width),
                  cells[i].c_str());
    }
    std::printf("\n");
  }
}

std::string number(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  std::string out = text;
  auto at = static_cast<std::ptrdiff_t>(std::min(out.find('.'), out.size()));
  for (at -= 3; at > (value < 0 ? 1 : 0); at -= 3) out.insert(static_cast<std::size_t>(at), 1, ',');
  return out;
}

std::string ratio(const std::vector<double>& values) {
  std::string out = number(median(values), 2) + "  [";
  for (const double value : values) out += (out.back() == '[' ? "" : " ") + number(value, 2);
  return out + "]";
}

}  // namespace bench
