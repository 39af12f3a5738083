// Lays figures out.
#pragma once

#include <string>
#include <vector>

namespace bench {

class Table {
 public:
  Table(std::string title, std::vector<std::string> columns);
  void row(std::vector<std::string> cells);
  void print() const;

 private:
  std::string title_;
  std::vector<std::vector<std::string>> rows_;
};

std::string number(double value, int decimals = 0);
// "0.97  [0.95 0.96 0.97 0.98 1.01]": the median, and run by run.
std::string ratio(const std::vector<double>& values);

}  // namespace bench
